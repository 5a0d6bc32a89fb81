package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/BurntSushi/toml"

	"github.com/paastech-cloud/paastech/builder/buildpacks"
)

// lifecycle plays the part of the lifecycle: it runs the real executable as each buildpack's
// bin/detect and bin/build, and restores layers as the contract says.
type lifecycle struct {
	t       *testing.T
	cnb     string // the buildpacks' directories
	app     string
	layers  string
	envDir  string
	environ []string
}

func newLifecycle(t *testing.T, example string, env map[string]string) *lifecycle {
	t.Helper()
	dir := t.TempDir()
	l := &lifecycle{t: t, cnb: filepath.Join(dir, "cnb"), app: filepath.Join(dir, "app"), layers: filepath.Join(dir, "layers"),
		envDir: filepath.Join(dir, "platform", "env"), environ: []string{"PATH=" + filepath.Join(dir, "no-programs")}}
	executable := filepath.Join(dir, "buildpack")
	build := exec.Command("go", "build", "-o", executable, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	content, err := os.ReadFile(executable)
	if err != nil {
		t.Fatal(err)
	}
	for _, buildpack := range buildpacks.All() {
		if err := buildpack.Write(l.dir(buildpack.ID), content); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(l.app, os.DirFS(filepath.Join("../../../../examples", example))); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(l.envDir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, value := range env {
		if err := os.WriteFile(filepath.Join(l.envDir, name), []byte(value), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func (l *lifecycle) dir(id string) string { return filepath.Join(l.cnb, filepath.Base(id)) }

func (l *lifecycle) run(id, program, plan string) (string, int) {
	l.t.Helper()
	layers := filepath.Join(l.layers, filepath.Base(id))
	if err := os.MkdirAll(layers, 0o755); err != nil {
		l.t.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(l.dir(id), "bin", program))
	cmd.Dir = l.app
	cmd.Env = append(l.environ, "CNB_BUILDPACK_DIR="+l.dir(id), "CNB_PLATFORM_DIR="+filepath.Dir(l.envDir),
		"CNB_LAYERS_DIR="+layers, "CNB_BUILD_PLAN_PATH="+plan, "CNB_BP_PLAN_PATH="+plan)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		l.t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func (l *lifecycle) detect(id string) bool {
	l.t.Helper()
	out, code := l.run(id, "detect", filepath.Join(l.t.TempDir(), "plan.toml"))
	if code != 0 && code != 100 {
		l.t.Fatalf("%s: detect exits %d: %s", id, code, out)
	}
	return code == 0
}

func (l *lifecycle) build(id string) (string, int) {
	l.t.Helper()
	plan := filepath.Join(l.t.TempDir(), "plan.toml")
	if err := os.WriteFile(plan, nil, 0o644); err != nil {
		l.t.Fatal(err)
	}
	return l.run(id, "build", plan)
}

// command is the web process that the buildpack declared.
func (l *lifecycle) command(id string) []string {
	l.t.Helper()
	var launch struct {
		Processes []struct {
			Type    string
			Command []string
			Default bool
		}
	}
	if _, err := toml.DecodeFile(filepath.Join(l.layers, filepath.Base(id), "launch.toml"), &launch); err != nil {
		l.t.Fatal(err)
	}
	if len(launch.Processes) != 1 || launch.Processes[0].Type != "web" || !launch.Processes[0].Default {
		l.t.Fatalf("processes: %+v", launch.Processes)
	}
	return launch.Processes[0].Command
}

// forgetLaunchLayer does to a layer of the image what the lifecycle does before the next build:
// the metadata comes back, the files and the types do not.
func (l *lifecycle) forgetLaunchLayer(id, name string) {
	l.t.Helper()
	path := filepath.Join(l.layers, filepath.Base(id), name)
	content, err := os.ReadFile(path + ".toml")
	if err != nil {
		l.t.Fatal(err)
	}
	_, metadata, ok := strings.Cut(string(content), "[metadata]")
	if !ok {
		l.t.Fatalf("layer %s has no metadata: %s", name, content)
	}
	if err := os.WriteFile(path+".toml", []byte("[metadata]"+metadata), 0o644); err != nil {
		l.t.Fatal(err)
	}
	if err := os.RemoveAll(path); err != nil {
		l.t.Fatal(err)
	}
}

func TestDetectExamples(t *testing.T) {
	spa := map[string]string{"BP_WEB_SERVER": "nginx", "BP_WEB_SERVER_ROOT": "dist"}
	tests := []struct {
		example string
		env     map[string]string
		want    []string
	}{
		{"hello-node", nil, []string{buildpacks.NodeApp}},
		{"hello-go", nil, []string{buildpacks.GoApp}},
		{"hello-python", nil, []string{buildpacks.PythonApp}},
		{"static-site", nil, []string{buildpacks.Nginx}},
		{"react-spa", spa, []string{buildpacks.NodeApp, buildpacks.Nginx}},
	}
	for _, test := range tests {
		t.Run(test.example, func(t *testing.T) {
			l := newLifecycle(t, test.example, test.env)
			var got []string
			for _, buildpack := range buildpacks.All() {
				if len(buildpack.Group) == 0 && l.detect(buildpack.ID) {
					got = append(got, buildpack.ID)
				}
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("recognised by %v, want %v", got, test.want)
			}
		})
	}
}

func TestStaticSiteIsServedByNginx(t *testing.T) {
	l := newLifecycle(t, "static-site", nil)
	if out, code := l.build(buildpacks.Nginx); code != 0 {
		t.Fatalf("build exits %d: %s", code, out)
	}
	command := l.command(buildpacks.Nginx)
	if filepath.Base(command[0]) != "serve-site" || command[2] != "." {
		t.Errorf("command %v", command)
	}
	if info, err := os.Stat(command[0]); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("the web server's program: %v, %v", info, err)
	}
	l.forgetLaunchLayer(buildpacks.Nginx, "server")
	if out, code := l.build(buildpacks.Nginx); code != 0 {
		t.Fatalf("second build exits %d: %s", code, out)
	}
	if _, err := os.Stat(filepath.Join(l.layers, "nginx", "server")); !os.IsNotExist(err) {
		t.Errorf("an unchanged layer was made again: %v", err)
	}
}

func TestFailureIsOneLineWithACode(t *testing.T) {
	l := newLifecycle(t, "static-site", map[string]string{"BP_WEB_SERVER_ROOT": "dist\nx"})
	out, code := l.build(buildpacks.Nginx)
	if found, sentence, ok := buildpacks.FindFailure(out); code != 1 || !ok || found != "E_WEB_ROOT_MISSING" || !strings.HasSuffix(sentence, ".") {
		t.Errorf("build exits %d: %s", code, out)
	}
}

// TestNodeFromTheRegistry has no Node of its own, so the one that hello-node asks for comes from
// a registry, once.
func TestNodeFromTheRegistry(t *testing.T) {
	registry, requests := serveNode(t)
	l := newLifecycle(t, "hello-node", map[string]string{"NPM_CONFIG_REGISTRY": registry})
	if out, code := l.build(buildpacks.NodeApp); code != 0 {
		t.Fatalf("build exits %d: %s", code, out)
	}
	if got, want := l.command(buildpacks.NodeApp), []string{"node", "server.js"}; !reflect.DeepEqual(got, want) {
		t.Errorf("command %q, want %q", got, want)
	}
	node := filepath.Join(l.layers, "node-app", "node", "bin", "node")
	if content, err := os.ReadFile(node); err != nil || string(content) != "a program" {
		t.Errorf("the layer holds %q, %v", content, err)
	}
	if got := requests.Load(); got != 2 {
		t.Errorf("%d requests, want one for the versions and one for the tarball", got)
	}
	l.forgetLaunchLayer(buildpacks.NodeApp, "node")
	l.forgetLaunchLayer(buildpacks.NodeApp, "environment")
	if out, code := l.build(buildpacks.NodeApp); code != 0 {
		t.Fatalf("second build exits %d: %s", code, out)
	}
	if _, err := os.Stat(node); !os.IsNotExist(err) || requests.Load() != 2 {
		t.Errorf("an unchanged build fetched Node again: %v, %d requests", err, requests.Load())
	}
}

// serveNode is a registry with one release of Node, 22.1.0, for every machine.
func serveNode(t *testing.T) (url string, requests *atomic.Int32) {
	t.Helper()
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	writer := tar.NewWriter(zipped)
	content := "a program"
	if err := writer.WriteHeader(&tar.Header{Name: "package/bin/node", Mode: 0o755, Size: int64(len(content)), Typeflag: tar.TypeReg}); err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Write([]byte(content)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(writer.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	sum := sha512.Sum512(packed.Bytes())
	integrity := "sha512-" + base64.StdEncoding.EncodeToString(sum[:])

	requests = &atomic.Int32{}
	server := httptest.NewUnstartedServer(nil)
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		if strings.HasSuffix(r.URL.Path, ".tgz") {
			_, _ = w.Write(packed.Bytes())
			return
		}
		fmt.Fprintf(w, `{"versions":{"22.1.0":{"version":"22.1.0","dist":{"tarball":"%s/node.tgz","integrity":%q}}}}`, server.URL, integrity)
	})
	server.Start()
	t.Cleanup(server.Close)
	return server.URL, requests
}
