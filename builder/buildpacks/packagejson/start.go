package packagejson

import (
	"path"
	"strings"

	"github.com/paastech-cloud/paastech/builder/buildpacks/cnb"
)

// StartLine is the command line that starts the application, "" when nothing says how: the
// start script, the main file, or one of the usual names.
func (m Manifest) StartLine(source cnb.Source) string {
	if start := m.Scripts["start"]; start != "" {
		return joinScripts(m.Scripts["prestart"], start)
	}
	for _, name := range m.mainFiles() {
		if source.Has(name) {
			return "node " + name
		}
	}
	return ""
}

func (m Manifest) mainFiles() []string {
	var names []string
	if main := path.Clean(m.Main); m.Main != "" && !strings.HasPrefix(main, "..") && !strings.HasPrefix(main, "/") && !strings.ContainsAny(main, " \t\n\"'$`\\;&|<>()*?[]#~{}!") {
		names = append(names, main, main+".js", main+"/index.js")
	}
	return append(names, "server.js", "server.mjs", "app.js", "index.js", "index.mjs")
}

func joinScripts(before, script string) string {
	if before == "" {
		return script
	}
	return before + " && " + script
}

// framework is a build tool that turns an application into files for a web server.
type framework struct {
	dependency string
	output     string   // where it puts them
	developing []string // start scripts that begin like this only serve while developing
}

func frameworks() []framework {
	return []framework{
		{"vite", "dist", []string{"vite"}},
		{"react-scripts", "build", []string{"react-scripts start"}},
		{"@vue/cli-service", "dist", []string{"vue-cli-service serve"}},
		{"parcel", "dist", []string{"parcel"}},
	}
}

// serverFrameworks build with the same tools but answer requests themselves.
func serverFrameworks() []string {
	return []string{"next", "nuxt", "express", "fastify", "koa", "hono", "@nestjs/core", "@sveltejs/kit", "@remix-run/serve", "@react-router/serve", "@solidjs/start", "astro", "vike"}
}

// SinglePage is the directory into which a single-page application is built; ok is false when
// the application is none, or has a server of its own.
func (m Manifest) SinglePage() (output string, ok bool) {
	for _, name := range serverFrameworks() {
		if m.DependsOn(name) {
			return "", false
		}
	}
	for _, known := range frameworks() {
		if m.DependsOn(known.dependency) && m.Scripts["build"] != "" && known.startsOnlyInDevelopment(m.Scripts["start"]) {
			return known.output, true
		}
	}
	return "", false
}

func (f framework) startsOnlyInDevelopment(start string) bool {
	if start == "" {
		return true
	}
	for _, prefix := range f.developing {
		if strings.HasPrefix(start, prefix) {
			return true
		}
	}
	return false
}
