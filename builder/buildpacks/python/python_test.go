package python

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/paastech-cloud/paastech/builder/buildpacks/cnb"
)

func write(t *testing.T, files map[string]string) cnb.Source {
	t.Helper()
	source := cnb.Source{AppDir: t.TempDir(), Env: cnb.Environment{}}
	for name, content := range files {
		path := filepath.Join(source.AppDir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return source
}

func TestStartCommand(t *testing.T) {
	fastAPI := "from fastapi import FastAPI\n\napp = FastAPI()\n"
	flask := "from flask import Flask\napp = Flask(__name__)\n"
	tests := []struct {
		name    string
		files   map[string]string
		servers []string
		want    string
	}{
		{"plain", map[string]string{"app.py": "print('hello')\n"}, nil, "python app.py"},
		{"main", map[string]string{"main.py": ""}, nil, "python main.py"},
		{"flask alone", map[string]string{"app.py": flask}, nil, "python app.py"},
		{"flask and gunicorn", map[string]string{"app.py": flask}, []string{"gunicorn"}, "gunicorn app:app"},
		{"fastapi and uvicorn", map[string]string{"main.py": fastAPI}, []string{"gunicorn", "uvicorn"}, `exec uvicorn main:app --host 0.0.0.0 --port "${PORT:-8080}"`},
		{"typed", map[string]string{"server.py": "application: Flask = flask.Flask(__name__)\n"}, []string{"gunicorn"}, "gunicorn server:application"},
		{"django", map[string]string{"manage.py": `os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")`}, []string{"gunicorn"}, "gunicorn shop.wsgi:application"},
		{"nothing", map[string]string{"requirements.txt": ""}, []string{"gunicorn"}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := startCommand(write(t, test.files), test.servers); got != test.want {
				t.Errorf("startCommand = %q, want %q", got, test.want)
			}
		})
	}
}

func TestReadRequirements(t *testing.T) {
	list := []string{"-r", requirementsName}
	tests := []struct {
		name  string
		files map[string]string
		want  requirements
		fails bool
	}{
		{name: "none", files: map[string]string{"app.py": ""}},
		{name: "comments only", files: map[string]string{requirementsName: "# flask\n\n"}},
		{name: "list", files: map[string]string{requirementsName: "flask==3.1\n"}, want: requirements{args: list, files: []string{requirementsName}}},
		{name: "list of lists", files: map[string]string{requirementsName: "-r more.txt\n"}, want: requirements{args: list, files: []string{requirementsName}, wholeTree: true}},
		{name: "wheels", files: map[string]string{requirementsName: "a\n", "wheels/a-1-py3-none-any.whl": ""}, want: requirements{args: list, files: []string{requirementsName}, findLinks: []string{"wheels"}}},
		{name: "project", files: map[string]string{projectName: "[project]\nname=\"a\"\ndependencies=[\"flask>=3\"]\n"}, want: requirements{args: []string{"flask>=3"}, files: []string{projectName}}},
		{name: "poetry", files: map[string]string{projectName: "[tool.poetry]\nname=\"a\"\n[build-system]\nrequires=[\"poetry-core\"]\n"}, want: requirements{args: []string{"."}, files: []string{projectName}, wholeTree: true}},
		{name: "tools only", files: map[string]string{projectName: "[tool.ruff]\n"}},
		{name: "option as dependency", files: map[string]string{projectName: "[project]\nname=\"a\"\ndependencies=[\"--index-url=http://x\"]\n"}, fails: true},
		{name: "version", files: map[string]string{"runtime.txt": "python-3.12.1\n"}, want: requirements{pythonWish: "3.12.1"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := readRequirements(write(t, test.files))
			if (err != nil) != test.fails {
				t.Fatalf("readRequirements: %v", err)
			}
			if err == nil && !reflect.DeepEqual(got, test.want) {
				t.Errorf("readRequirements = %+v, want %+v", got, test.want)
			}
		})
	}
}
