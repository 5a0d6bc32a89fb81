package site

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/paastech-cloud/paastech/builder/buildpacks/cnb"
)

func TestFind(t *testing.T) {
	vite := `{"scripts":{"build":"vite build"},"devDependencies":{"vite":"7.1.12"}}`
	tests := []struct {
		name  string
		files map[string]string
		env   cnb.Environment
		want  Site
		ok    bool
	}{
		{name: "static site", files: map[string]string{"index.html": ""}, want: Site{Server: "nginx", Root: "."}, ok: true},
		{name: "public", files: map[string]string{"public/index.html": ""}, want: Site{Server: "nginx", Root: "public"}, ok: true},
		{name: "asked for", files: map[string]string{"package.json": vite}, env: cnb.Environment{"BP_WEB_SERVER": "nginx", "BP_WEB_SERVER_ROOT": "dist"},
			want: Site{Server: "nginx", Root: "dist", Built: true}, ok: true},
		{name: "push state", files: map[string]string{"package.json": "{}"}, env: cnb.Environment{"BP_WEB_SERVER": "nginx", "BP_WEB_SERVER_ENABLE_PUSH_STATE": "true"},
			want: Site{Server: "nginx", Root: "public", PushState: true}, ok: true},
		{name: "named scripts", files: map[string]string{"package.json": "{}"}, env: cnb.Environment{"BP_WEB_SERVER_ROOT": "out", "BP_NODE_RUN_SCRIPTS": "lint,make"},
			want: Site{Server: "nginx", Root: "out", Built: true}, ok: true},
		{name: "recognised", files: map[string]string{"package.json": vite, "index.html": ""}, want: Site{Server: "nginx", Root: "dist", PushState: true, Built: true}, ok: true},
		{name: "another server", files: map[string]string{"index.html": ""}, env: cnb.Environment{"BP_WEB_SERVER": "httpd"}, want: Site{Server: "httpd", Root: "."}, ok: true},
		{name: "server of its own", files: map[string]string{"package.json": `{"scripts":{"build":"vite build","start":"node server.js"},"devDependencies":{"vite":"7"}}`}},
		{name: "express with vite", files: map[string]string{"package.json": `{"scripts":{"build":"vite build"},"dependencies":{"express":"4","vite":"7"}}`}},
		{name: "python with a page", files: map[string]string{"index.html": "", "app.py": ""}},
		{name: "go with a page", files: map[string]string{"index.html": "", "go.mod": ""}},
		{name: "node with a page", files: map[string]string{"index.html": "", "package.json": `{"scripts":{"start":"node ."}}`}},
		{name: "procfile with a page", files: map[string]string{"index.html": "", "Procfile": "web: ./server\n"}},
		{name: "nothing", files: map[string]string{"README.md": ""}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			source := cnb.Source{AppDir: t.TempDir(), Env: test.env}
			for name, content := range test.files {
				path := filepath.Join(source.AppDir, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			got, ok, err := Find(source)
			if err != nil || ok != test.ok || ok && got != test.want {
				t.Errorf("Find = %+v, %v, %v; want %+v, %v", got, ok, err, test.want, test.ok)
			}
		})
	}
}
