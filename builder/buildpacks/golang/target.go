package golang

import (
	gobuild "go/build"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paastech-cloud/paastech/builder/buildpacks/cnb"
)

// target is one package main and the name of its program.
type target struct {
	pattern string // "." or "./cmd/web"
	program string
}

// findTargets is the packages that BP_GO_TARGETS lists, else the one at the root, else all those
// under cmd. The one that answers on $PORT comes first: the first of a list, else the one whose
// name says so.
func findTargets(source cnb.Source, module string) ([]target, error) {
	if listed := source.Env.Get("BP_GO_TARGETS"); listed != "" {
		return listedTargets(listed, module)
	}
	if isMain(source.AppDir) {
		return []target{{".", programName(".", module)}}, nil
	}
	entries, err := os.ReadDir(filepath.Join(source.AppDir, "cmd"))
	if err != nil && !os.IsNotExist(err) {
		return nil, cnb.Failf(cnb.CodeBadManifest, "the directory cmd cannot be read: %v.", err)
	}
	var targets []target
	for _, entry := range entries {
		if entry.IsDir() && isMain(filepath.Join(source.AppDir, "cmd", entry.Name())) {
			targets = append(targets, target{"./cmd/" + entry.Name(), entry.Name()})
		}
	}
	if len(targets) == 0 {
		return nil, cnb.Failf(cnb.CodeNoStartCommand, "there is no package main at the root or under cmd. Name the packages to build in BP_GO_TARGETS, separated by colons.")
	}
	slices.SortStableFunc(targets, func(a, b target) int { return webRank(a) - webRank(b) })
	return targets, nil
}

func listedTargets(listed, module string) ([]target, error) {
	var targets []target
	for pattern := range strings.FieldsFuncSeq(listed, func(r rune) bool { return r == ':' || r == ',' || r == ' ' }) {
		pattern = path.Clean(pattern)
		if strings.HasPrefix(pattern, "-") || strings.HasPrefix(pattern, "/") || strings.HasPrefix(pattern, "..") {
			return nil, cnb.Failf(cnb.CodeGoBuild, "BP_GO_TARGETS names %q, which is not a directory of this application. Write paths such as ./cmd/web.", pattern)
		}
		if pattern != "." {
			pattern = "./" + pattern
		}
		targets = append(targets, target{pattern, programName(pattern, module)})
	}
	if len(targets) == 0 {
		return nil, cnb.Failf(cnb.CodeGoBuild, "BP_GO_TARGETS names no package. Write paths such as ./cmd/web, separated by colons.")
	}
	return targets, nil
}

// webRank is small for a name that says web.
func webRank(t target) int {
	if rank := slices.Index([]string{"web", "server", "app", "api", "main"}, t.program); rank >= 0 {
		return rank
	}
	return 100
}

// programName is the last element of a package's path, as `go build` names programs.
func programName(pattern, module string) string {
	if pattern != "." {
		return path.Base(pattern)
	}
	name := path.Base(module)
	// A major version suffix is not a name: example.com/shop/v2 is "shop".
	if len(name) > 1 && name[0] == 'v' && strings.Trim(name[1:], "0123456789") == "" && path.Dir(module) != "." {
		name = path.Base(path.Dir(module))
	}
	return name
}

func isMain(dir string) bool {
	found, err := gobuild.Default.ImportDir(dir, 0)
	return err == nil && found.Name == "main"
}
