package node

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/paastech-cloud/paastech/builder/buildpacks/cnb"
	"github.com/paastech-cloud/paastech/builder/buildpacks/npmregistry"
	"github.com/paastech-cloud/paastech/builder/buildpacks/packagejson"
	"github.com/paastech-cloud/paastech/builder/buildpacks/semver"
)

// manager is a package manager and how it is told what to do.
type manager struct {
	program  string // "npm", "yarn" or "pnpm"
	pkg      string // the npm package that carries it
	versions semver.Range
	lock     string // its lock file, "" when there is none

	full       []string // install everything the lock file says
	production []string // install without development dependencies
	prune      []string // remove development dependencies from a full installation, running nothing
	disagree   string   // what it prints when manifest and lock file disagree
	inPlace    bool     // needs the application around it, also to run a script
}

// managerName finds npm, yarn, pnpm and their helpers as words of a command line.
var managerName = regexp.MustCompile(`(^|[\s;&|(])(npm|npx|yarn|yarnpkg|pnpm|pnpx)(\s|$)`)

// isNamedIn says whether one of the command lines runs a package manager.
func (manager) isNamedIn(lines []string) bool {
	return slices.ContainsFunc(lines, managerName.MatchString)
}

// chooseManager goes by the lock file; packageManager in package.json decides between several,
// and about the version.
func chooseManager(source cnb.Source, manifest packagejson.Manifest, node semver.Version) (manager, error) {
	named, version, _ := strings.Cut(manifest.PackageManager, "@")
	version, _, _ = strings.Cut(version, "+")
	locks := map[string]string{
		"npm":  source.First("npm-shrinkwrap.json", "package-lock.json"),
		"yarn": source.First("yarn.lock"),
		"pnpm": source.First("pnpm-lock.yaml"),
	}
	program := programFor(named, locks)
	if program != named {
		version = ""
	}
	lock := locks[program]
	content := readFile(source, lock)
	switch program {
	case "yarn":
		return yarn(lock, content, version)
	case "pnpm":
		return pnpm(lock, content, version)
	}
	if version == "" {
		version = manifest.Engines["npm"]
	}
	return npm(lock, npmVersion(version, node))
}

// programFor is the package manager that is named and has its lock file, else the one that has
// one, else the one named, else npm.
func programFor(named string, locks map[string]string) string {
	for _, name := range []string{named, "pnpm", "yarn", "npm"} {
		if locks[name] != "" {
			return name
		}
	}
	if _, known := locks[named]; known {
		return named
	}
	return "npm"
}

// npmVersion is the usual npm for a Node unless something else is asked for.
func npmVersion(asked string, node semver.Version) string {
	usual := npmFor(node)
	versions, err := semver.ParseRange(asked)
	if err != nil {
		return usual
	}
	if version, err := semver.Parse(usual); err == nil && versions.Contains(version) {
		return usual
	}
	return asked
}

func npm(lock, version string) (manager, error) {
	quiet := []string{"--no-audit", "--no-fund", "--loglevel=warn"}
	install := "ci"
	if lock == "" {
		install = "install"
		quiet = append(quiet, "--no-save", "--no-package-lock")
	}
	m := manager{
		program: "npm", pkg: "npm", lock: lock,
		full:       append([]string{install, "--include=dev"}, quiet...),
		production: append([]string{install, "--omit=dev"}, quiet...),
		prune:      append([]string{"prune", "--omit=dev", "--ignore-scripts"}, quiet...),
		disagree:   "in sync",
	}
	return m.withVersions(version)
}

// npmFor is an npm that runs on the given Node.
func npmFor(node semver.Version) string {
	switch {
	case node.Compare(semver.Version{Major: 18, Minor: 17}) >= 0:
		return "10.9.4"
	case node.Compare(semver.Version{Major: 14, Minor: 17}) >= 0:
		return "9.9.4"
	}
	return "6.14.18"
}

func yarn(lock, content, version string) (manager, error) {
	modern := strings.Contains(content, "__metadata:") || isRange(version) && !strings.HasPrefix(version, "1.")
	if !modern {
		if !isRange(version) {
			version = "1.22.22"
		}
		frozen := []string{"install", "--frozen-lockfile", "--non-interactive"}
		m := manager{
			program: "yarn", pkg: "yarn", lock: lock,
			full:       append(slices.Clone(frozen), "--production=false"),
			production: append(slices.Clone(frozen), "--production=true"),
			prune:      append(slices.Clone(frozen), "--production=true", "--ignore-scripts"),
			disagree:   "lockfile needs to be updated",
		}
		return m.withVersions(version)
	}
	if !isRange(version) || strings.HasPrefix(version, "1.") {
		version = "4.9.2"
	}
	immutable := "--immutable"
	if lock == "" {
		immutable = "--no-immutable"
	}
	m := manager{
		program: "yarn", pkg: "@yarnpkg/cli-dist", lock: lock, inPlace: true,
		full:     []string{"install", immutable},
		prune:    []string{"workspaces", "focus", "--all", "--production"},
		disagree: "YN0028",
	}
	return m.withVersions(version)
}

func pnpm(lock, content, version string) (manager, error) {
	if !isRange(version) {
		version = pnpmFor(content)
	}
	frozen := "--frozen-lockfile"
	if lock == "" {
		frozen = "--no-frozen-lockfile"
	}
	m := manager{
		program: "pnpm", pkg: "pnpm", lock: lock,
		full:       []string{"install", frozen, "--prod=false"},
		production: []string{"install", frozen, "--prod"},
		prune:      []string{"install", frozen, "--prod", "--ignore-scripts"},
		disagree:   "ERR_PNPM_OUTDATED_LOCKFILE",
	}
	return m.withVersions(version)
}

// pnpmFor is a pnpm that reads the given lock file.
func pnpmFor(lock string) string {
	switch {
	case strings.Contains(lock, "lockfileVersion: 5"):
		return "7.33.7"
	case strings.Contains(lock, "lockfileVersion: '6"):
		return "8.15.9"
	}
	return "10.12.4"
}

func (m manager) withVersions(text string) (manager, error) {
	versions, err := semver.ParseRange(text)
	m.versions = versions
	return m, err
}

func isRange(text string) bool {
	_, err := semver.ParseRange(text)
	return err == nil && text != ""
}

// unpackManager puts the package manager into dir, its programs into dir/bin.
func (j *job) unpackManager(ctx context.Context, dir string) error {
	version, err := j.tools.resolve(ctx, j.manager.pkg, j.manager.versions)
	if err != nil {
		return unreachable(err)
	}
	tarball, err := j.tools.tarball(ctx, j.manager.pkg, version)
	if err != nil {
		return unreachable(err)
	}
	inside := filepath.Join(dir, "package")
	everything := func(string) bool { return true }
	if err := npmregistry.Unpack(tarball, inside, everything); err != nil {
		return err
	}
	if err := linkPrograms(inside, filepath.Join(dir, "bin")); err != nil {
		return fmt.Errorf("install %s %s: %w", j.manager.program, version, err)
	}
	return nil
}

// linkPrograms makes the programs that a package names in its manifest callable from bin.
func linkPrograms(inside, bin string) error {
	content, err := os.ReadFile(filepath.Join(inside, packagejson.FileName))
	if err != nil {
		return err
	}
	var manifest struct {
		Bin map[string]string `json:"bin"`
	}
	if err := json.Unmarshal(content, &manifest); err != nil {
		return err
	}
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return err
	}
	for name, path := range manifest.Bin {
		if err := os.Chmod(filepath.Join(inside, path), 0o755); err != nil {
			return err
		}
		if err := os.Symlink(filepath.Join("..", "package", path), filepath.Join(bin, filepath.Base(name))); err != nil {
			return err
		}
	}
	return nil
}

func readFile(source cnb.Source, name string) string {
	content, err := os.ReadFile(filepath.Join(source.AppDir, name))
	if err != nil {
		return ""
	}
	return string(content)
}
