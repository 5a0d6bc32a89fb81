package packagejson

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/paastech-cloud/paastech/builder/buildpacks/cnb"
)

func parse(t *testing.T, text string) Manifest {
	t.Helper()
	var m Manifest
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestStartLine(t *testing.T) {
	tests := []struct {
		manifest string
		files    []string
		want     string
	}{
		{`{"scripts":{"start":"node a.js"}}`, []string{"server.js"}, "node a.js"},
		{`{"scripts":{"prestart":"make","start":"node a.js"}}`, nil, "make && node a.js"},
		{`{"main":"lib/run.js"}`, []string{"lib/run.js", "server.js"}, "node lib/run.js"},
		{`{"main":"./lib"}`, []string{"lib/index.js"}, "node lib/index.js"},
		{`{"main":"missing.js"}`, []string{"index.js"}, "node index.js"},
		{`{"main":"../../etc/passwd"}`, []string{"server.js"}, "node server.js"},
		{`{"main":"$(id).js"}`, []string{"$(id).js"}, ""},
		{`{}`, nil, ""},
	}
	for _, test := range tests {
		source := cnb.Source{AppDir: t.TempDir()}
		for _, name := range test.files {
			path := filepath.Join(source.AppDir, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got := parse(t, test.manifest).StartLine(source); got != test.want {
			t.Errorf("StartLine of %s with %q = %q, want %q", test.manifest, test.files, got, test.want)
		}
	}
}

func TestNeedsSources(t *testing.T) {
	tests := map[string]bool{
		`{"dependencies":{"express":"4.21.2"}}`:                                false,
		`{"dependencies":{"lib":"file:../lib"}}`:                               true,
		`{"devDependencies":{"lib":"workspace:*"}}`:                            true,
		`{"workspaces":["packages/*"]}`:                                        true,
		`{"scripts":{"postinstall":"node x.js"},"dependencies":{"a":"1"}}`:     true,
		`{"scripts":{"build":"tsc"},"dependencies":{"a":"github:b/a#v1"}}`:     false,
		`{"dependencies":{"@prisma/client":"6.0.0"}}`:                          true,
		`{"dependencies":{"a":"^1"},"peerDependencies":{"b":"npm:@c/b@^2.0"}}`: false,
	}
	for text, want := range tests {
		if got := parse(t, text).NeedsSources(); got != want {
			t.Errorf("NeedsSources of %s = %v", text, got)
		}
	}
}
