package python

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/paastech-cloud/paastech/builder/buildpacks/cnb"
)

// requirements is what pip is asked to install.
type requirements struct {
	args       []string // for pip install; none when there is nothing to install
	files      []string // whose content decides about it
	wholeTree  bool     // any file of the application may decide about it
	findLinks  []string // directories of the application with wheels in them
	pythonWish string   // .python-version or runtime.txt, "" when neither says
}

// project is the part of pyproject.toml that matters here.
type project struct {
	Project *struct {
		Dependencies []string `toml:"dependencies"`
		Dynamic      []string `toml:"dynamic"`
	} `toml:"project"`
}

// otherFiles finds lines of requirements.txt that lead to other files: -r, -c, -e, paths.
var otherFiles = regexp.MustCompile(`(?m)^\s*(-r|-c|-e|--requirement|--constraint|--editable|\.|/|file:)|@\s*(file:|\.)`)

func readRequirements(source cnb.Source) (requirements, error) {
	wanted := requirements{findLinks: wheelDirs(source), pythonWish: pythonWish(source)}
	switch {
	case source.Has(requirementsName):
		wanted.fromList(read(source, requirementsName))
	case source.Has(projectName):
		if err := wanted.fromProject(read(source, projectName)); err != nil {
			return wanted, err
		}
	case source.Has("setup.py"):
		wanted.args, wanted.wholeTree = []string{"."}, true
	}
	return wanted, nil
}

func (r *requirements) fromList(content string) {
	if !hasRequirement(content) {
		return
	}
	r.args, r.files = []string{"-r", requirementsName}, []string{requirementsName}
	r.wholeTree = otherFiles.MatchString(content)
}

// fromProject takes the dependencies that are written down. Where only the project's build
// system knows them, the project itself is installed.
func (r *requirements) fromProject(content string) error {
	var p project
	if _, err := toml.Decode(content, &p); err != nil {
		return cnb.Failf(cnb.CodeBadManifest, "pyproject.toml cannot be read: %v.", err)
	}
	if p.Project == nil && !strings.Contains(content, "[build-system]") {
		return nil // settings of tools only
	}
	r.files = []string{projectName}
	if p.Project == nil || slices.Contains(p.Project.Dynamic, "dependencies") {
		r.args, r.wholeTree = []string{"."}, true
		return nil
	}
	for _, dependency := range p.Project.Dependencies {
		if strings.HasPrefix(strings.TrimSpace(dependency), "-") {
			return cnb.Failf(cnb.CodeBadManifest, "pyproject.toml lists the dependency %q, which is an option of pip. Put options into requirements.txt.", dependency)
		}
		r.args = append(r.args, dependency)
	}
	return nil
}

func hasRequirement(content string) bool {
	for line := range strings.Lines(content) {
		line, _, _ = strings.Cut(line, "#")
		if strings.TrimSpace(line) != "" {
			return true
		}
	}
	return false
}

// wheelDirs are the directories in which applications bring their own wheels.
func wheelDirs(source cnb.Source) []string {
	var found []string
	for _, dir := range []string{"vendor", "wheels", "wheelhouse"} {
		wheels, err := filepath.Glob(filepath.Join(source.AppDir, dir, "*.whl"))
		if err == nil && len(wheels) > 0 {
			found = append(found, dir)
		}
	}
	return found
}

func pythonWish(source cnb.Source) string {
	for _, name := range []string{".python-version", "runtime.txt"} {
		if text := strings.TrimSpace(read(source, name)); text != "" {
			text, _, _ = strings.Cut(text, "\n")
			return strings.TrimPrefix(strings.TrimSpace(text), "python-")
		}
	}
	return ""
}
