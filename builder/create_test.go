package builder

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// small is a root file system that is made quickly.
func small(t *testing.T) root {
	t.Helper()
	arch, err := architecture(context.Background(), shared.docker)
	if err != nil {
		t.Fatal(err)
	}
	return root{image: "paastech/test:" + strings.ToLower(rand.Text()), kind: "build", arch: arch, packages: []string{"ca-certificates"}}
}

func TestARootIsMadeFromDebianPackages(t *testing.T) {
	ctx := context.Background()
	r := small(t)
	var said output
	m := maker{docker: shared.docker, out: &said}
	if err := m.ensureRoot(ctx, r); err != nil {
		t.Fatalf("%v\n%s", err, &said)
	}
	defer m.remove(ctx, r.image)
	seen, err := shared.docker.ImageInspect(ctx, r.image)
	if err != nil {
		t.Fatal(err)
	}
	if seen.Config.User != "1001:1001" || seen.Architecture != r.arch || seen.Config.Labels["io.buildpacks.stack.id"] != builderID || idIn(seen.Config.Env, "CNB_USER_ID") != 1001 {
		t.Errorf("made %+v", seen.Config)
	}
	files := docker(t, "run", "--rm", "--network=none", r.image, "stat", "-c", "%U %n", "/home/cnb", "/etc/ssl/certs/ca-certificates.crt")
	if files != "cnb /home/cnb\nroot /etc/ssl/certs/ca-certificates.crt" {
		t.Errorf("it has %q", files)
	}
	if !strings.Contains(said.String(), "installing essential packages") {
		t.Errorf("no progress was shown: %s", &said)
	}
	before := said.String()
	if err := m.ensureRoot(ctx, r); err != nil || said.String() != before {
		t.Errorf("the second time: %v, %s", err, &said)
	}
}

func TestACanceledRootLeavesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	before := temporary(t)
	m := maker{docker: shared.docker, out: writerFunc(func(text []byte) (int, error) {
		if bytes.Contains(text, []byte("downloading packages")) {
			cancel()
		}
		return len(text), nil
	})}
	r := small(t)
	if err := m.ensureRoot(ctx, r); err == nil {
		t.Error("it was made")
	}
	if m.has(context.Background(), r.image) {
		t.Error("the image is there")
	}
	if after := temporary(t); after > before {
		t.Errorf("mmdebstrap left %d directories", after-before)
	}
}

func temporary(t *testing.T) int {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(os.TempDir(), "mmdebstrap.*"))
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}

func TestMissingMmdebstrapSaysWhatToInstall(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	err := (&maker{docker: shared.docker, out: io.Discard}).ensureRoot(context.Background(), small(t))
	if err == nil || !strings.Contains(err.Error(), "apt-get install mmdebstrap") {
		t.Errorf("got %v", err)
	}
}

func TestOnlyMilestonesAndErrorsAreShown(t *testing.T) {
	var said output
	lines := progress{out: &said}
	for _, part := range []string{"I: running apt-get up", "date...\ndone\r10%\rE: Unable to locate package x\nGet:1 http://de", "b.debian.org\nW: old\n"} {
		if n, err := lines.Write([]byte(part)); n != len(part) || err != nil {
			t.Errorf("wrote %d, %v", n, err)
		}
	}
	if want := "       running apt-get update...\n       E: Unable to locate package x\n"; said.String() != want {
		t.Errorf("said %q", said.String())
	}
}

func TestAPlainBuildSaysWhatToDo(t *testing.T) {
	empty := fstest.MapFS{"embedded/README.md": {}}
	_, err := artefactSums(empty, "amd64")
	_, readErr := readArtefact(empty, "launcher", "amd64")
	for _, err := range []error{err, readErr} {
		if err == nil || !strings.Contains(err.Error(), "run make build") {
			t.Errorf("got %v", err)
		}
	}
}

func TestBothArchitecturesAreEmbedded(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64"} {
		if sums, err := artefactSums(embedded, arch); err != nil || len(sums) != 3 {
			t.Errorf("%s: %v, %v", arch, sums, err)
		}
	}
}

// The builder is made once, whoever asks, and needs no Go to be made.
func TestCreateKeepsWhatIsThere(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	var names, saids sync.Map
	var running sync.WaitGroup
	for i := range 3 {
		running.Go(func() {
			var said output
			name, err := Create(context.Background(), &said, CreateOptions{})
			if err != nil {
				t.Error(err)
			}
			names.Store(name, true)
			if text := strings.ReplaceAll(said.String(), "-----> Another process is making the builder; waiting for it\n", ""); text != "" {
				saids.Store(i, text)
			}
		})
	}
	running.Wait()
	saids.Range(func(_, said any) bool { t.Errorf("said %q", said); return true })
	count := 0
	names.Range(func(_, _ any) bool { count++; return true })
	if count != 1 {
		t.Errorf("%d names", count)
	}
}

func TestABuilderWithoutItsImageIsMadeAgain(t *testing.T) {
	ctx := context.Background()
	r, err := debianRecipe(ctx, shared.docker)
	if err != nil {
		t.Fatal(err)
	}
	r.Order = r.Order[:1] // another builder on the same roots
	var said output
	m := maker{docker: shared.docker, out: &said}
	defer m.remove(ctx, r.image())
	if err := m.make(ctx, r); err != nil {
		t.Fatal(err)
	}
	if !m.has(ctx, r.image()) || strings.Contains(said.String(), "Debian") {
		t.Errorf("made %v: %s", m.has(ctx, r.image()), &said)
	}
}

func TestPrepareShowsProgressToEverybodyAndTriesAgain(t *testing.T) {
	options := shared.options()
	options.Image = "127.0.0.1:1/nothing/here:1"
	options.Log = nil
	b, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	waiting := make(chan error, 2)
	for range 2 {
		running.Go(func() {
			var said output
			err := b.Prepare(ctx, &said)
			if !strings.Contains(said.String(), "Pulling 127.0.0.1:1/nothing/here:1") {
				t.Errorf("said %q", said.String())
			}
			waiting <- err
		})
	}
	for b.attempt() == nil {
		time.Sleep(time.Millisecond)
	}
	running.Go(func() { b.Run(ctx) })
	for range 2 {
		if err := <-waiting; !paas.IsKind(err, paas.Unavailable) || !strings.Contains(err.Error(), "The builder could not be made") {
			t.Errorf("got %v", err)
		}
	}
	if err := b.Prepare(ctx, io.Discard); !paas.IsKind(err, paas.Unavailable) {
		t.Errorf("the next time: %v", err)
	}
	cancel()
	running.Wait()
}

func TestAWaiterMayGiveUp(t *testing.T) {
	options := shared.options()
	options.Image = "127.0.0.1:1/nothing/here:1"
	b, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	defer b.docker.Close()
	ctx, cancel := context.WithCancelCause(context.Background())
	why := errors.New("gone")
	cancel(why)
	if err := b.Prepare(ctx, io.Discard); !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
}
