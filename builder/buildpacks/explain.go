package buildpacks

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// marker is a file that tells what an application is written in.
type marker struct {
	file     string
	language string
}

func markers() []marker {
	return []marker{
		{"package.json", "Node.js"},
		{"go.mod", "Go"},
		{"requirements.txt", "Python"},
		{"pyproject.toml", "Python"},
		{"index.html", "a static site"},
		{"Procfile", ""},
	}
}

// unsupported are files of languages that nothing here builds.
func unsupported() []marker {
	return []marker{
		{"Gemfile", "Ruby"}, {"composer.json", "PHP"}, {"index.php", "PHP"}, {"pom.xml", "Java"}, {"build.gradle", "Java"},
		{"build.gradle.kts", "Java"}, {"Cargo.toml", "Rust"}, {"mix.exs", "Elixir"}, {"deno.json", "Deno"}, {"Pipfile", "Python with Pipenv"},
	}
}

// Explain says why nothing recognised an application, in one sentence or two, given its files as
// slash-separated paths relative to the directory that was built.
func Explain(files []string) string {
	text := "Nothing here says how to build this: looked for package.json (Node.js), go.mod (Go), requirements.txt, pyproject.toml, app.py or main.py (Python), index.html (static site) and Procfile, and found none of them."
	if len(files) == 0 {
		return "There is nothing to build: the directory is empty. Commit the application, or set `path` to the directory that has it."
	}
	if hint := hint(files); hint != "" {
		return text + " " + hint
	}
	return text + " Add one of them at the root, or set `path` to the directory that has it."
}

func hint(files []string) string {
	for _, name := range []string{"Dockerfile", "Containerfile"} {
		if slices.Contains(files, name) {
			return fmt.Sprintf("There is a %s, which is not built yet.", name)
		}
	}
	for _, m := range unsupported() {
		if slices.Contains(files, m.file) {
			return fmt.Sprintf("There is a %s: %s is not supported yet.", m.file, m.language)
		}
	}
	for _, m := range markers() {
		if dir := directoryOf(files, m.file); dir != "" {
			return fmt.Sprintf("There is a %s in %s: set `path: %s` to build that.", m.file, dir, dir)
		}
	}
	return ""
}

// directoryOf is the shallowest directory below the root that has the file.
func directoryOf(files []string, name string) string {
	best := ""
	for _, file := range files {
		dir := path.Dir(file)
		if path.Base(file) != name || dir == "." || strings.Contains(dir, "node_modules") {
			continue
		}
		if best == "" || strings.Count(dir, "/") < strings.Count(best, "/") {
			best = dir
		}
	}
	return best
}

// failureLine is what package cnb prints when it gives up. The lifecycle may put a prefix before it.
var failureLine = regexp.MustCompile(`(?m)(?:^|\s)ERROR (E_[A-Z_]+): (.+?)\s*$`)

// FindFailure is the code and the sentence of the last failure that a buildpack printed to a
// build's log.
func FindFailure(log string) (code, sentence string, ok bool) {
	found := failureLine.FindAllStringSubmatch(log, -1)
	if found == nil {
		return "", "", false
	}
	last := found[len(found)-1]
	return last[1], last[2], true
}
