package python

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/paastech-cloud/paastech/builder/buildpacks/cnb"
)

const (
	requirementsName = "requirements.txt"
	projectName      = "pyproject.toml"
)

// entryFiles are where Python applications usually begin.
func entryFiles() []string {
	return []string{"app.py", "main.py", "server.py", "wsgi.py", "asgi.py", "application.py"}
}

// Claims says whether the application is a Python one.
func Claims(source cnb.Source) bool {
	return source.First(append(entryFiles(), requirementsName, projectName, "setup.py", "manage.py")...) != ""
}

// application is the object in a Python file that a WSGI or ASGI server is told to serve.
type application struct {
	module string // "app", or "shop.wsgi"
	object string // "app"
	async  bool   // ASGI
}

// assigned finds `name = Maker(` at the start of a line.
var assigned = regexp.MustCompile(`(?m)^(app|application|api|server)\s*(?::[^=\n]+)?=\s*([A-Za-z_][\w.]*)\s*\(`)

// settingsModule finds what manage.py sets.
var settingsModule = regexp.MustCompile(`DJANGO_SETTINGS_MODULE["']\s*,\s*["']([\w.]+)\.settings[\w.]*["']`)

// asyncMakers make ASGI applications.
func asyncMakers() []string {
	return []string{"FastAPI", "Starlette", "Quart", "Litestar", "Sanic", "get_asgi_application"}
}

// findApplication looks into the usual files for something to serve.
func findApplication(source cnb.Source) (application, bool) {
	if content := read(source, "manage.py"); content != "" {
		if project := settingsModule.FindStringSubmatch(content); project != nil {
			return application{module: project[1] + ".wsgi", object: "application"}, true
		}
	}
	for _, name := range entryFiles() {
		found := assigned.FindStringSubmatch(read(source, name))
		if found == nil {
			continue
		}
		return application{module: strings.TrimSuffix(name, ".py"), object: found[1], async: isAsync(found[2])}, true
	}
	return application{}, false
}

func isAsync(maker string) bool {
	name := maker[strings.LastIndexByte(maker, '.')+1:]
	return slices.Contains(asyncMakers(), name)
}

func read(source cnb.Source, name string) string {
	content, err := os.ReadFile(filepath.Join(source.AppDir, name))
	if err != nil {
		return ""
	}
	return string(content)
}
