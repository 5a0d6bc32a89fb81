package builder

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
)

// appFile says how the application wants to be run.
const appFile = "paastech/app.yaml"

// readApp reads it into the plan. Links are refused: what an application asks for is in that file.
func readApp(root *os.Root, plan *paas.BuildPlan) error {
	info, err := root.Lstat(filepath.FromSlash(appFile))
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		return wrong(appFile, 0, "it is a link; put the file itself there")
	}
	text, err := readConfiguration(root, appFile)
	if errors.Is(err, fs.ErrNotExist) {
		plan.Notes = append(plan.Notes, misnamed(root)...)
		return nil
	}
	if err != nil {
		return err
	}
	if plan.App, err = parseApp(text); err != nil {
		return err
	}
	plan.Notes = append(plan.Notes, "Application configuration read from "+appFile+".")
	return nil
}

// misnamed tells of files that look as if they were meant to be read.
func misnamed(root *os.Root) (notes []string) {
	for _, name := range []string{"paastech/app.yml", "app.yaml"} {
		if info, err := root.Lstat(filepath.FromSlash(name)); err == nil && info.Mode().IsRegular() {
			notes = append(notes, fmt.Sprintf("%s is not read; how to run the application is said in %s.", name, appFile))
		}
	}
	return notes
}

// checkProcesses refuses an image that lacks a process which the application's configuration names
// without a command.
func checkProcesses(app paas.App, image paas.Image) error {
	there := map[string]bool{}
	for _, p := range image.Processes {
		there[p.Type] = true
	}
	var missing []string
	for _, name := range slices.Sorted(maps.Keys(app.Processes)) {
		if app.Processes[name].Command == "" && !there[name] {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	has := "it has no process at all"
	if len(there) > 0 {
		has = "it has " + strings.Join(slices.Sorted(maps.Keys(there)), ", ")
	}
	return rejected(paas.EAppConfig, "%s names %s without a command, and the built image has no such process; %s. Give a command there, or add a line to the Procfile.",
		appFile, strings.Join(missing, ", "), has)
}
