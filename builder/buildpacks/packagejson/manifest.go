// Package packagejson reads the manifest of a JavaScript application.
package packagejson

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paastech-cloud/paastech/builder/buildpacks/cnb"
)

// FileName is what the manifest is called.
const FileName = "package.json"

// Manifest is what a package.json says that matters here.
type Manifest struct {
	Main           string            `json:"main"`
	Scripts        map[string]string `json:"scripts"`
	Engines        map[string]string `json:"engines"`
	PackageManager string            `json:"packageManager"`

	Dependencies         map[string]string `json:"dependencies"`
	DevDependencies      map[string]string `json:"devDependencies"`
	OptionalDependencies map[string]string `json:"optionalDependencies"`
	PeerDependencies     map[string]string `json:"peerDependencies"`

	// What else decides about which packages are installed, kept as it was written.
	Workspaces          json.RawMessage `json:"workspaces"`
	Overrides           json.RawMessage `json:"overrides"`
	Resolutions         json.RawMessage `json:"resolutions"`
	Pnpm                json.RawMessage `json:"pnpm"`
	TrustedDependencies json.RawMessage `json:"trustedDependencies"`
}

// Read reads the application's package.json; an empty Manifest when it has none.
func Read(source cnb.Source) (Manifest, error) {
	var manifest Manifest
	content, err := os.ReadFile(filepath.Join(source.AppDir, FileName))
	if errors.Is(err, fs.ErrNotExist) {
		return manifest, nil
	}
	if err == nil {
		err = json.Unmarshal(content, &manifest)
	}
	if err != nil {
		return manifest, cnb.Failf(cnb.CodeBadManifest, "package.json cannot be read: %v.", err)
	}
	return manifest, nil
}

// DependsOn says whether a package is needed at run time or for the build.
func (m Manifest) DependsOn(name string) bool {
	for _, set := range m.dependencySets() {
		if _, ok := set[name]; ok {
			return true
		}
	}
	return false
}

// BuildScripts is the scripts to run at the build: those that BP_NODE_RUN_SCRIPTS lists, else
// "build" where it is defined.
func (m Manifest) BuildScripts(env cnb.Environment) []string {
	if listed := env.Get("BP_NODE_RUN_SCRIPTS"); listed != "" {
		return strings.FieldsFunc(listed, func(r rune) bool { return r == ',' || r == ' ' })
	}
	if m.Scripts["build"] != "" {
		return []string{"build"}
	}
	return nil
}

func (m Manifest) dependencySets() []map[string]string {
	return []map[string]string{m.Dependencies, m.DevDependencies, m.OptionalDependencies, m.PeerDependencies}
}

// HasDependencies says whether there is anything to install.
func (m Manifest) HasDependencies() bool {
	return len(m.Dependencies)+len(m.DevDependencies)+len(m.OptionalDependencies)+len(m.PeerDependencies)+len(m.Workspaces) > 0
}

// installScripts are the scripts that package managers run by themselves around an install.
func installScripts() []string { return []string{"preinstall", "install", "postinstall", "prepare"} }

// rootedPackages want a real node_modules in the application: Prisma's client writes itself into
// it from a schema file, and Next's compiler refuses links that lead out of the application.
func rootedPackages() []string { return []string{"prisma", "@prisma/client", "next"} }

// NeedsSources says whether installing depends on more than the manifest and the lock file:
// workspaces, packages of the repository itself, and scripts that may read anything. Such an
// application is installed where it lies, at every build.
func (m Manifest) NeedsSources() bool {
	if len(m.Workspaces) > 0 || len(m.Pnpm) > 0 || slices.ContainsFunc(rootedPackages(), m.DependsOn) {
		return true
	}
	if slices.ContainsFunc(installScripts(), func(name string) bool { return m.Scripts[name] != "" }) {
		return true
	}
	for _, set := range m.dependencySets() {
		for _, specification := range set {
			if isLocal(specification) {
				return true
			}
		}
	}
	return false
}

func isLocal(specification string) bool {
	for _, prefix := range []string{"file:", "link:", "portal:", "patch:", "workspace:", ".", "/", "~/"} {
		if strings.HasPrefix(specification, prefix) && specification != "." {
			return true
		}
	}
	return false
}

// DependencyText is everything of the manifest that decides which packages are installed.
func (m Manifest) DependencyText() (string, error) {
	m.Main, m.Scripts, m.Engines = "", nil, nil
	text, err := json.Marshal(m)
	return string(text), err
}
