package gitserver_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/paastech-cloud/paastech/paas"
	"golang.org/x/crypto/ssh"
)

// person is a user with a home directory, one key, and git and ssh.
type person struct {
	*world
	user paas.User
	home string
}

func (w *world) person(name string) *person {
	w.tb.Helper()
	p := &person{world: w, user: paas.User{ID: paas.UserID(newID(w.tb)), Username: name, Email: name + "@example.com", Verified: true}, home: w.tb.TempDir()}
	if err := w.store.CreateUser(w.tb.Context(), p.user, ""); err != nil {
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
