package gitserver_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/paastech-cloud/paastech/gitserver"
	"github.com/paastech-cloud/paastech/paas"
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
		Store: w.store, Builder: w.builder, Engine: w.engine, Router: fakeRouter{}, Repositories: repositories, Log: log,
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
		if err := w.platform.Run(platform); err != nil {
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
	all, err := w.store.Deployments(context.Background(), project.ID, 0)
	if err != nil {
		w.tb.Fatal(err)
	}
	return all
}

// person is a user with a home directory, one key, and git and ssh.
type person struct {
	*world
	user paas.User
	home string
}

func (w *world) person(name string) *person {
	w.tb.Helper()
	p := &person{world: w, user: paas.User{ID: paas.UserID(newID(w.tb)), Username: name, Email: name + "@example.com", Verified: true}, home: w.tb.TempDir()}
	if err := w.store.CreateUser(w.tb.Context(), p.user); err != nil {
		w.tb.Fatal(err)
	}
	p.addKey(p.newKey("id"))
	known := w.server.HostKeys()[0].KnownHosts + "\n"
	if err := os.WriteFile(filepath.Join(p.home, "known_hosts"), []byte(known), 0o600); err != nil {
		w.tb.Fatal(err)
	}
	return p
}

// newKey makes a key pair in the person's home and returns the public one.
func (p *person) newKey(name string) ssh.PublicKey {
	p.tb.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		p.tb.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(private, name)
	if err != nil {
		p.tb.Fatal(err)
	}
	path := filepath.Join(p.home, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
		p.tb.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		p.tb.Fatal(err)
	}
	return signer.PublicKey()
}

func (p *person) addKey(key ssh.PublicKey) paas.SSHKey {
	p.tb.Helper()
	added, err := p.platform.AddKey(p.tb.Context(), p.user.ID, string(ssh.MarshalAuthorizedKey(key)), "")
	if err != nil {
		p.tb.Fatal(err)
	}
	return added
}

func (p *person) project(name string) paas.Project {
	p.tb.Helper()
	project, err := p.platform.CreateProject(p.tb.Context(), p.user, name)
	if err != nil {
		p.tb.Fatal(err)
	}
	return project
}

// ssh is the ssh command line of the person, without the address.
func (p *person) ssh(identities ...string) []string {
	if len(identities) == 0 {
		identities = []string{"id"}
	}
	args := []string{"ssh", "-F", "/dev/null", "-o", "IdentitiesOnly=yes", "-o", "UserKnownHostsFile=" + filepath.Join(p.home, "known_hosts"), "-o", "BatchMode=yes"}
	for _, identity := range identities {
		args = append(args, "-i", filepath.Join(p.home, identity))
	}
	return args
}

func (p *person) environment() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + p.home, "GIT_CONFIG_NOSYSTEM=1", "GIT_SSH_COMMAND=" + strings.Join(p.ssh(), " "),
		"GIT_AUTHOR_NAME=A", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=A", "GIT_COMMITTER_EMAIL=a@example.com",
	}
}

// command prepares a program of the person, in a process group of its own as a shell would.
func (p *person) command(dir, name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, p.environment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// try runs git and returns what it printed and its exit code.
func (p *person) try(dir string, args ...string) (string, int) {
	p.tb.Helper()
	return p.run(p.command(dir, "git", args...))
}

func (p *person) run(cmd *exec.Cmd) (string, int) {
	p.tb.Helper()
	out, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(out), exit.ExitCode()
	}
	if err != nil {
		p.tb.Fatal(err)
	}
	return string(out), 0
}

// git runs git, which must work.
func (p *person) git(dir string, args ...string) string {
	p.tb.Helper()
	out, code := p.try(dir, args...)
	if code != 0 {
		p.tb.Fatalf("git %s: exit %d\n%s", strings.Join(args, " "), code, out)
	}
	return strings.TrimSpace(out)
}

// repositoryFor makes a local repository with the project as its remote and one commit on main.
func (p *person) repositoryFor(project paas.Project) string {
	p.tb.Helper()
	dir := p.tb.TempDir()
	p.git(dir, "init", "-q", "-b", "main")
	p.git(dir, "remote", "add", "paastech", p.address(project))
	p.commit(dir, "index.js", "hello")
	return dir
}

// commit writes a file and commits it.
func (p *person) commit(dir, name, content string) string {
	p.tb.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		p.tb.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		p.tb.Fatal(err)
	}
	p.git(dir, "add", "-A")
	p.git(dir, "commit", "-q", "-m", name)
	return p.git(dir, "rev-parse", "HEAD")
}

// large commits a file that does not compress.
func (p *person) large(dir string, megabytes int) {
	p.tb.Helper()
	p.git(dir, "config", "core.compression", "0")
	file, err := os.Create(filepath.Join(dir, "large"))
	if err != nil {
		p.tb.Fatal(err)
	}
	_, err = io.CopyN(file, rand.Reader, int64(megabytes)<<20)
	if err := errors.Join(err, file.Close()); err != nil {
		p.tb.Fatal(err)
	}
	p.git(dir, "add", "large")
	p.git(dir, "commit", "-q", "-m", "large")
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
