package node

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/paastech-cloud/paastech/builder/buildpacks/cnb"
	"github.com/paastech-cloud/paastech/builder/buildpacks/packagejson"
	"github.com/paastech-cloud/paastech/builder/buildpacks/semver"
)

func write(t *testing.T, files map[string]string) cnb.Source {
	t.Helper()
	source := cnb.Source{AppDir: t.TempDir(), Env: cnb.Environment{}}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(source.AppDir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return source
}

func TestWantedVersion(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string
		env   string
		want  string // the range
		fails bool
	}{
		{name: "none", want: "*"},
		{name: "engines", files: map[string]string{"package.json": `{"engines":{"node":">=20"}}`, ".nvmrc": "18"}, want: ">=20"},
		{name: "nvmrc", files: map[string]string{".nvmrc": "# ours\nv22.11.0\n"}, want: "v22.11.0"},
		{name: "node-version", files: map[string]string{".node-version": "22\n"}, want: "22"},
		{name: "variable", files: map[string]string{".nvmrc": "18"}, env: "24.x", want: "24.x"},
		{name: "lts", files: map[string]string{".nvmrc": "lts/*"}, want: "*"},
		{name: "lts line", files: map[string]string{".nvmrc": "lts/Jod"}, want: "22"},
		{name: "newest", files: map[string]string{".nvmrc": "node"}, want: "*"},
		{name: "unknown line", files: map[string]string{".nvmrc": "lts/unobtainium"}, fails: true},
		{name: "no version", files: map[string]string{"package.json": `{"engines":{"node":"; rm -rf /"}}`}, fails: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			source := write(t, test.files)
			source.Env["BP_NODE_VERSION"] = test.env
			manifest, err := packagejson.Read(source)
			if err != nil {
				t.Fatal(err)
			}
			got, err := wantedVersion(source, manifest).versions()
			var failure *cnb.Failure
			if test.fails != errors.As(err, &failure) || !test.fails && got.String() != test.want {
				t.Errorf("versions = %q, %v; want %q", got, err, test.want)
			}
		})
	}
}

func TestChooseManager(t *testing.T) {
	tests := []struct {
		name    string
		files   map[string]string
		node    string
		pkg     string
		version string
		install string
		lock    string
	}{
		{"npm", map[string]string{"package-lock.json": "{}"}, "20.19.2", "npm", "10.9.4", "ci", "package-lock.json"},
		{"npm without lock", nil, "20.19.2", "npm", "10.9.4", "install", ""},
		{"old node", map[string]string{"package-lock.json": "{}"}, "16.20.0", "npm", "9.9.4", "ci", "package-lock.json"},
		{"npm asked for", map[string]string{"package.json": `{"engines":{"npm":">=11"}}`}, "22.0.0", "npm", ">=11", "install", ""},
		{"npm asked for loosely", map[string]string{"package.json": `{"engines":{"npm":">=8"}}`}, "22.0.0", "npm", "10.9.4", "install", ""},
		{"yarn", map[string]string{"yarn.lock": "# yarn lockfile v1\n"}, "20.0.0", "yarn", "1.22.22", "install", "yarn.lock"},
		{"modern yarn", map[string]string{"yarn.lock": "__metadata:\n  version: 8\n", "package.json": `{"packageManager":"yarn@4.5.0+sha512.abc"}`}, "20.0.0", "@yarnpkg/cli-dist", "4.5.0", "install", "yarn.lock"},
		{"pnpm", map[string]string{"pnpm-lock.yaml": "lockfileVersion: '9.0'\n", "package-lock.json": "{}"}, "20.0.0", "pnpm", "10.12.4", "install", "pnpm-lock.yaml"},
		{"old pnpm", map[string]string{"pnpm-lock.yaml": "lockfileVersion: '6.0'\n"}, "20.0.0", "pnpm", "8.15.9", "install", "pnpm-lock.yaml"},
		{"named one wins", map[string]string{"yarn.lock": "", "package-lock.json": "{}", "package.json": `{"packageManager":"npm@11.0.0"}`}, "20.0.0", "npm", "11.0.0", "ci", "package-lock.json"},
		{"unknown name", map[string]string{"package.json": `{"packageManager":"bun@1.2.0"}`}, "20.0.0", "npm", "10.9.4", "install", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			source := write(t, test.files)
			manifest, err := packagejson.Read(source)
			if err != nil {
				t.Fatal(err)
			}
			node, err := semver.Parse(test.node)
			if err != nil {
				t.Fatal(err)
			}
			got, err := chooseManager(source, manifest, node)
			if err != nil || got.pkg != test.pkg || got.versions.String() != test.version || got.full[0] != test.install || got.lock != test.lock {
				t.Errorf("chooseManager = %s %s, %v, lock %q, %v", got.pkg, got.versions, got.full, got.lock, err)
			}
		})
	}
}

func TestManagerIsNamedIn(t *testing.T) {
	tests := map[string]bool{
		"npm start": true, "NODE_ENV=x yarn serve": true, "a && pnpm run b": true,
		"node server.js": false, "node npm-like.js": false, "./npm/start": false,
	}
	for line, want := range tests {
		if got := (manager{}).isNamedIn([]string{line}); got != want {
			t.Errorf("isNamedIn(%q) = %v", line, got)
		}
	}
}
