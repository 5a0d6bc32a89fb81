package gitserver_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/gitserver"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/paas/paastest"
	"github.com/paastech-cloud/paastech/store"
)

// TestMain makes the test binary what paastech itself is: git's hook, when git calls it so.
func TestMain(m *testing.M) {
	if gitserver.IsHook(os.Args[0]) {
		os.Exit(gitserver.RunHook(os.Stdin, os.Stdout, os.Getenv))
	}
	os.Exit(m.Run())
}

// world is a platform with a real store, a real git server and people with real git and ssh.
type world struct {
	tb       testing.TB
	dir      string
	store    *store.Store
	platform *paas.Platform
	server   *gitserver.Server
	builder  *fakeBuilder
	engine   *fakeEngine
	log      *record
	stop     func() // ends the server and waits for it
}

func newWorld(tb testing.TB, adjust func(*gitserver.Options)) *world {
	tb.Helper()
	w := &world{tb: tb, dir: tb.TempDir(), builder: &fakeBuilder{}, engine: &fakeEngine{containers: map[paas.ContainerID]paas.Container{}}, log: &record{}}
	var err error
	if w.store, err = store.Open(tb.Context(), store.Options{DataDir: w.dir}); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { w.store.Close() })
	repositories, err := gitserver.OpenRepositories(w.repositories())
	if err != nil {
		tb.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(w.log, nil))
	w.platform, err = paas.New(paas.Options{
		Store: w.store, Builder: w.builder, Engine: w.engine, Router: paastest.Router{}, Logbook: &paastest.Logbook{}, Repositories: repositories, Log: log,
		DataDir: w.dir, Domain: "localhost", AppURL: &url.URL{Scheme: "http", Host: "localhost:8080"},
		DrainTimeout: time.Millisecond, GraceTimeout: time.Millisecond,
	})
	if err != nil {
		tb.Fatal(err)
	}
	options := gitserver.Options{
		Listen: "127.0.0.1:0", HostKeyFile: filepath.Join(w.dir, "host_key"), HookSocket: filepath.Join(w.dir, "hook.sock"), Log: log,
	}
	if adjust != nil {
		adjust(&options)
	}
	if w.server, err = gitserver.New(w.platform, repositories, options); err != nil {
		tb.Fatal(err)
	}
	w.start()
	return w
}

// start runs platform and server; the platform ends after the server, as in serve.
func (w *world) start() {
	platform, stopPlatform := context.WithCancel(context.Background())
	server, stopServer := context.WithCancel(context.Background())
	var platforms, servers sync.WaitGroup
	platforms.Go(func() {
		if err := w.platform.Run(platform); err != nil && platform.Err() == nil {
			w.tb.Error(err)
		}
	})
	servers.Go(func() {
		if err := w.server.Run(server); err != nil {
			w.tb.Error(err)
		}
	})
	w.stop = sync.OnceFunc(func() {
		stopServer()
		servers.Wait()
		stopPlatform()
		platforms.Wait()
	})
	w.tb.Cleanup(w.stop)
}

func (w *world) repositories() string { return filepath.Join(w.dir, "repositories") }

func (w *world) repository(project paas.Project) string {
	return filepath.Join(w.repositories(), string(project.ID)+".git")
}

// address is a project's, as its owner's remote has it.
func (w *world) address(project paas.Project) string {
	return fmt.Sprintf("ssh://git@%s/%s/%s.git", w.server.PublicAddress(), project.OwnerName, project.Name)
}

// quarantines lists what pushes have left behind.
func (w *world) quarantines() []string {
	found, err := filepath.Glob(filepath.Join(w.repositories(), "*", "objects", "tmp_objdir*"))
	if err != nil {
		w.tb.Fatal(err)
	}
	return found
}

// fsck makes sure that a repository is whole.
func (w *world) fsck(project paas.Project) {
	w.tb.Helper()
	out, err := exec.Command("git", "--git-dir="+w.repository(project), "fsck", "--strict").CombinedOutput()
	if err != nil || bytes.Contains(out, []byte("missing")) || bytes.Contains(out, []byte("error")) {
		w.tb.Errorf("git fsck: %v\n%s", err, out)
	}
}

// branch is where a branch of a project stands; empty when it is not there.
func (w *world) branch(project paas.Project, branch string) string {
	id, err := w.platform.Repositories.Resolve(context.Background(), project.ID, branch)
	if err != nil && !paas.IsKind(err, paas.NotFound) {
		w.tb.Fatal(err)
	}
	return string(id)
}

// deployments lists a project's, newest first.
func (w *world) deployments(project paas.Project) []paas.Deployment {
	all, err := w.store.Deployments(context.Background(), project.ID, 0, 0)
	if err != nil {
		w.tb.Fatal(err)
	}
	return all
}

// record keeps what the daemon logs.
type record struct {
	mu   sync.Mutex
	text strings.Builder // guarded by mu
}

func (r *record) Write(line []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.Write(line)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

func newID(tb testing.TB) string {
	tb.Helper()
	id, err := os.ReadFile("/proc/sys/kernel/random/uuid")
	if err != nil {
		tb.Fatal(err)
	}
	return strings.TrimSpace(string(id))
}

// until polls for a condition.
func until(tb testing.TB, what string, condition func() bool) {
	tb.Helper()
	for deadline := time.Now().Add(20 * time.Second); !condition(); {
		if time.Now().After(deadline) {
			tb.Fatalf("waited in vain until %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// contains fails unless the text has all the parts.
func contains(tb testing.TB, text string, parts ...string) {
	tb.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			tb.Errorf("%q is missing in:\n%s", part, text)
		}
	}
}

// soak is how often a trial is repeated: few times in make test, often in make soak.
func soak(few, often int) int {
	if os.Getenv("PAASTECH_SOAK") != "" {
		return often
	}
	return few
}
