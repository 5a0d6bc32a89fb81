package golang

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/paastech-cloud/paastech/builder/buildpacks/cnb"
)

func TestFindTargets(t *testing.T) {
	main := "package main\n\nfunc main() {}\n"
	tests := []struct {
		name  string
		files map[string]string
		asked string
		want  []target
		fails bool
	}{
		{name: "root", files: map[string]string{"main.go": main}, want: []target{{".", "shop"}}},
		{name: "cmd", files: map[string]string{"cmd/worker/main.go": main, "cmd/web/main.go": main, "cmd/lib/lib.go": "package lib\n"},
			want: []target{{"./cmd/web", "web"}, {"./cmd/worker", "worker"}}},
		{name: "asked", files: map[string]string{"main.go": main}, asked: "./cmd/b:cmd/a", want: []target{{"./cmd/b", "b"}, {"./cmd/a", "a"}}},
		{name: "library", files: map[string]string{"lib.go": "package lib\n"}, fails: true},
		{name: "outside", asked: "../other", fails: true},
		{name: "option", asked: "-toolexec=/bin/sh", fails: true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			source := cnb.Source{AppDir: t.TempDir(), Env: cnb.Environment{"BP_GO_TARGETS": test.asked}}
			for name, content := range test.files {
				path := filepath.Join(source.AppDir, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			got, err := findTargets(source, "example.com/shop/v2")
			if (err != nil) != test.fails || !slices.Equal(got, test.want) {
				t.Errorf("findTargets = %v, %v; want %v", got, err, test.want)
			}
		})
	}
}

func TestProcesses(t *testing.T) {
	layer := &cnb.Layer{Path: "/layers/programs"}
	got := processes(layer, []target{{"./cmd/worker", "worker"}, {"./cmd/web", "web"}})
	if len(got) != 2 || got[0].Type != "worker" || got[0].Default || got[1].Type != "web" || !got[1].Default {
		t.Errorf("processes = %v", got)
	}
	got = processes(layer, []target{{".", "shop"}, {"./cmd/tool", "tool"}})
	if got[0].Type != "web" || got[0].Command[0] != "/layers/programs/bin/shop" || got[1].Type != "tool" {
		t.Errorf("processes = %v", got)
	}
}
