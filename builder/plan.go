package builder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"unicode"

	"github.com/paastech-cloud/paastech/paas"
)

// Files that say how a tree wants to be built; the first that is there is the only one that is read.
const (
	buildFile        = "paastech/buildpacks.yaml"
	projectFile      = "paastech.yaml"
	shortProjectFile = "paastech.yml"
)

// maxConfiguration is the most that a build configuration may be long.
const maxConfiguration = 64 << 10

// Plan reads the configuration of a tree: how to build it and how to run it. Nothing outside of the tree is read, whatever the
// tree's links say.
func (b *Builder) Plan(ctx context.Context, dir string) (paas.BuildPlan, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return paas.BuildPlan{}, fmt.Errorf("open the source: %w", err)
	}
	defer root.Close()
	file, text, notes, err := findConfiguration(root)
	if err != nil {
		return paas.BuildPlan{}, err
	}
	plan := paas.BuildPlan{File: file, Path: ".", Notes: notes}
	if err := readApp(root, &plan); err != nil {
		return paas.BuildPlan{}, err
	}
	if file == "" {
		return plan, nil
	}
	said, err := parseConfiguration(file, text)
	if err != nil {
		return paas.BuildPlan{}, err
	}
	plan.Env, plan.AppEnv, plan.Project = said.buildEnv, said.appEnv, paas.ProjectID(said.project)
	if plan.Path, err = checkPath(root, said.path); err != nil {
		return paas.BuildPlan{}, err
	}
	if err := b.resolveBuilder(&plan, said.builder); err != nil {
		return paas.BuildPlan{}, err
	}
	return plan, b.resolveBuildpacks(ctx, &plan, said.buildpacks)
}

// findConfiguration returns the name and the text of the file that counts; the name is empty when the
// tree has none.
func findConfiguration(root *os.Root) (file string, text []byte, notes []string, err error) {
	for _, candidate := range []string{buildFile, projectFile, shortProjectFile} {
		found, err := readConfiguration(root, candidate)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return "", nil, nil, err
		case file != "":
			notes = append(notes, fmt.Sprintf("%s is not read, because there is a %s.", candidate, file))
		default:
			file, text = candidate, found
		}
	}
	if _, err := root.Lstat("project.toml"); err == nil {
		notes = append(notes, "project.toml is not read; "+buildFile+" says how to build.")
	}
	return file, text, notes, nil
}

// readConfiguration reads a small regular file; a link may lead to one inside the tree.
func readConfiguration(root *os.Root, name string) ([]byte, error) {
	if _, err := root.Lstat(filepath.FromSlash(name)); err != nil {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) { // paastech may be a file
			return nil, fs.ErrNotExist
		}
		return nil, wrong(name, 0, "it leads out of the tree").Because(err)
	}
	info, err := root.Stat(filepath.FromSlash(name))
	if err != nil {
		return nil, wrong(name, 0, "it is a link that leads out of the tree or to nothing").Because(err)
	}
	if !info.Mode().IsRegular() {
		return nil, wrong(name, 0, "it is not a file")
	}
	file, err := root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxConfiguration+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(text) > maxConfiguration {
		return nil, wrong(name, 0, "it is longer than %d KiB", maxConfiguration>>10)
	}
	return text, nil
}

// wrong is the error of a configuration in a tree; line 0 means the whole file.
func wrong(file string, line int, format string, args ...any) *paas.Error {
	code := paas.EBuildConfig
	if file == appFile {
		code = paas.EAppConfig
	}
	return paas.Errorf(paas.Invalid, code, "%s: %s.", at(file, line), fmt.Sprintf(format, args...))
}

func at(file string, line int) string {
	if line == 0 {
		return file
	}
	return fmt.Sprintf("%s:%d", file, line)
}

// checkPath accepts a directory inside the tree.
func checkPath(root *os.Root, said setting) (string, error) {
	if said.value == "" {
		return ".", nil
	}
	switch {
	case path.IsAbs(said.value) || filepath.IsAbs(said.value):
		return "", wrong(said.file, said.line, "path %q is absolute; it is relative to the repository", said.value)
	case hasParent(said.value):
		return "", wrong(said.file, said.line, "path %q has a `..` in it", said.value)
	case strings.ContainsFunc(said.value, unicode.IsControl):
		return "", wrong(said.file, said.line, "path %q has a control character in it", said.value)
	}
	cleaned := path.Clean(said.value)
	info, err := root.Stat(filepath.FromSlash(cleaned))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", wrong(said.file, said.line, "path %q is not in the repository", said.value)
	case err != nil:
		return "", wrong(said.file, said.line, "path %q leads out of the repository", said.value).Because(err)
	case !info.IsDir():
		return "", wrong(said.file, said.line, "path %q is not a directory", said.value)
	}
	return cleaned, nil
}

func hasParent(name string) bool {
	for part := range strings.SplitSeq(strings.ReplaceAll(name, `\`, "/"), "/") {
		if part == ".." {
			return true
		}
	}
	return false
}
