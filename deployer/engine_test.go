package deployer

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"
	"github.com/google/uuid"

	"github.com/paastech-cloud/paastech/paas"
)

// testImages are made once: they differ in who they run as and how they say what to start.
type testImages struct {
	plain     paas.ImageRef // names no user and has an entrypoint of its own
	buildpack paas.ImageRef // as the lifecycle exports one; runs as 1001
	empty     paas.ImageRef // does not say what to start
	foreign   paas.ImageRef // says that it is for another processor
}

// images are written by TestMain only.
var images testImages

func TestMain(m *testing.M) {
	os.Exit(withImages(m))
}

func withImages(m *testing.M) int {
	docker, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer docker.Close()
	archive, err := appArchive()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	name := "paastech-test/deployer-" + uuid.NewString()[:8]
	images.foreign = paas.ImageRef(name + ":foreign")
	if err := loadForeign(docker, images.foreign); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer removeTestImage(docker, images.foreign)
	for _, one := range []struct {
		ref     *paas.ImageRef
		tag     string
		changes []string
	}{
		{&images.plain, "plain", []string{`ENTRYPOINT ["/app"]`}},
		{&images.buildpack, "buildpack", []string{`USER 1001:1001`, `LABEL io.buildpacks.build.metadata={}`, `CMD ["/nothing"]`}},
		{&images.empty, "empty", nil},
	} {
		*one.ref = paas.ImageRef(name + ":" + one.tag)
		if err := importImage(docker, archive, *one.ref, one.changes...); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer removeTestImage(docker, *one.ref)
	}
	return m.Run()
}

func removeTestImage(docker *client.Client, ref paas.ImageRef) {
	if _, err := docker.ImageRemove(context.Background(), string(ref), image.RemoveOptions{Force: true}); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// appArchive builds the test application and packs it as a root file system.
func appArchive() ([]byte, error) {
	dir, err := os.MkdirTemp("", "deployer")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "app")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", binary, "./testdata/app")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the test application: %w\n%s", err, output)
	}
	content, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	writer := tar.NewWriter(&packed)
	for _, header := range []*tar.Header{
		{Name: "app", Mode: 0o755, Size: int64(len(content)), Typeflag: tar.TypeReg},
		{Name: "tmp/", Mode: 0o777, Typeflag: tar.TypeDir},
		{Name: "cnb/process/", Mode: 0o755, Typeflag: tar.TypeDir},
		{Name: "cnb/process/web", Linkname: "/app", Typeflag: tar.TypeSymlink},
		{Name: "cnb/lifecycle/launcher", Linkname: "/app", Typeflag: tar.TypeSymlink},
		{Name: "bin/sh", Linkname: "/app", Typeflag: tar.TypeSymlink},
	} {
		if err := writer.WriteHeader(header); err != nil {
			return nil, err
		}
		if header.Typeflag == tar.TypeReg {
			if _, err := writer.Write(content); err != nil {
				return nil, err
			}
		}
	}
	return packed.Bytes(), writer.Close()
}

func importImage(docker *client.Client, archive []byte, ref paas.ImageRef, changes ...string) error {
	source := image.ImportSource{Source: bytes.NewReader(archive), SourceName: "-"}
	response, err := docker.ImageImport(context.Background(), source, string(ref), image.ImportOptions{Changes: changes})
	if err != nil {
		return err
	}
	defer response.Close()
	return drainPull(response)
}

// loadForeign loads an image that says that it is for another processor; importing cannot make one.
func loadForeign(docker *client.Client, ref paas.ImageRef) error {
	var layer, packed bytes.Buffer
	if err := tar.NewWriter(&layer).Close(); err != nil {
		return err
	}
	config := fmt.Sprintf(`{"architecture":"s390x","os":"linux","config":{"Entrypoint":["/app"]},"rootfs":{"type":"layers","diff_ids":["sha256:%x"]}}`, sha256.Sum256(layer.Bytes()))
	manifest := fmt.Sprintf(`[{"Config":"config.json","RepoTags":[%q],"Layers":["layer.tar"]}]`, ref)
	writer := tar.NewWriter(&packed)
	for name, content := range map[string]string{"config.json": config, "manifest.json": manifest, "layer.tar": layer.String()} {
		if err := writer.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content)), Typeflag: tar.TypeReg}); err != nil {
			return err
		}
		if _, err := io.WriteString(writer, content); err != nil {
			return err
		}
	}
	if err := writer.Close(); err != nil {
		return err
	}
	response, err := docker.ImageLoad(context.Background(), &packed)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	return drainPull(response.Body)
}

// newEngine makes an engine of an instance of its own and removes all of it in the end.
func newEngine(t *testing.T, change ...func(*Options)) *Engine {
	t.Helper()
	options := Options{Instance: uuid.NewString(), Memory: 64 << 20, VolumesDir: filepath.Join(t.TempDir(), "volumes")}
	for _, apply := range change {
		apply(&options)
	}
	e, err := New(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.RemoveAll(context.Background()); err != nil {
			t.Error(err)
		}
		_ = e.docker.Close()
	})
	return e
}

// spec is a container of the plain image, of a new project, with the environment added.
func spec(env ...string) paas.ContainerSpec {
	s := paas.ContainerSpec{
		Project: paas.ProjectID(uuid.NewString()), Deployment: 1, Process: "web",
		Image: images.plain, Port: 8080, Env: paas.Env{"PORT": "8080"}, Hostname: "app.user-app.localhost",
	}
	for i := 0; i < len(env); i += 2 {
		s.Env[env[i]] = paas.Secret(env[i+1])
	}
	return s
}

// run runs a container and waits until it is ready.
func run(t *testing.T, e *Engine, s paas.ContainerSpec) paas.Container {
	t.Helper()
	started := launch(t, e, s)
	seen, err := e.Await(t.Context(), started.ID, paas.Probe{Ports: []int{s.Port}, Deadline: 20 * time.Second})
	if err != nil || !seen.Ready {
		t.Fatalf("not ready: %+v %v\n%s", seen, err, logsOf(t, e, started.ID))
	}
	return started
}

// launch runs a container and does not wait.
func launch(t *testing.T, e *Engine, s paas.ContainerSpec) paas.Container {
	t.Helper()
	started, err := e.Launch(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return started
}

// logsOf is what a container has written until now, without waiting for its end.
func logsOf(t *testing.T, e *Engine, id paas.ContainerID) string {
	t.Helper()
	var text strings.Builder
	for _, line := range linesOf(t, e, id) {
		text.WriteString(line.Text + "\n")
	}
	return text.String()
}

// linesOf are the lines that a container has written until now: its output is followed until nothing
// has come for a moment.
func linesOf(t *testing.T, e *Engine, id paas.ContainerID) []paas.LogLine {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	silence := time.AfterFunc(time.Second, cancel)
	var lines []paas.LogLine
	err := e.Output(ctx, id, time.Time{}, func(line paas.LogLine) error {
		silence.Reset(300 * time.Millisecond)
		lines = append(lines, line)
		return nil
	})
	if err != nil && ctx.Err() == nil {
		t.Fatal(err)
	}
	return lines
}

// ask asks the application in a container and returns its answer.
func ask(t *testing.T, c paas.Container, path, key, value string) string {
	t.Helper()
	client := http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	query := url.Values{key: {value}}
	response, err := client.Get(fmt.Sprintf("http://%s:%d%s?%s", c.Address, c.Port, path, query.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !condition(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}
