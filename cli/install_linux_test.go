package cli_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestInstall installs PaaSTech on a fresh Debian 12 under systemd, brings up a first application, restarts the
// host, upgrades, and takes all of it off again.
func TestInstall(t *testing.T) {
	h := newDebianHost(t)
	before := h.files()

	out, err := h.try("/root/paastech", "install", "--dry-run")
	if err != nil || !strings.Contains(out, "would write /etc/paastech/config.yaml") || !strings.Contains(out, "would start paastech-http.socket") {
		t.Errorf("a dry run: %v\n%s", err, out)
	}
	if after := h.files(); !slices.Equal(before, after) {
		t.Errorf("a dry run left %v", without(after, before))
	}
	out, err = h.try("/root/paastech", "install", "--domain", "no domain")
	if err == nil || !strings.Contains(out, `--domain "no domain" is no domain name`) {
		t.Errorf("a wrong domain: %v\n%s", err, out)
	}
	h.write("/etc/paastech/config.yaml", h.config())
	holder, err := net.Listen("tcp", h.dashboard)
	h.must(err)
	out, err = h.try("/root/paastech", "install")
	h.must(holder.Close())
	if err == nil || !strings.Contains(out, h.dashboard+" is taken") || !strings.Contains(out, "Nothing was changed") {
		t.Errorf("a port that is taken: %v\n%s", err, out)
	}

	out = h.do("/root/paastech", "install")
	link := regexp.MustCompile(`http://\S+/register\?invite=\S+`).FindString(out)
	if link == "" {
		t.Fatalf("no link to set up the first administrator:\n%s", out)
	}
	h.sound()
	h.bootstraps()
	out = h.do("/root/paastech", "install")
	if !strings.Contains(out, "All is in place already.") {
		t.Errorf("again:\n%s", out)
	}

	h.client("a fine day\n", "register", "-e", "ada@example.com", "-u", "ada", "--invite", link)
	h.client("a fine day\n", "login", "-e", "ada@example.com")
	if out = h.do("/root/paastech", "install"); strings.Contains(out, "/register") {
		t.Errorf("there is an administrator, and a link to make one:\n%s", out)
	}
	h.push()
	h.until("the application answers", h.answers)
	h.client("", "doctor", "--server", "http://"+h.dashboard)

	h.do("sh", "-c", "kill -9 $(systemctl show -P MainPID paastech)")
	if !h.answers() { // its sockets are systemd's: who comes meanwhile waits
		t.Error("after kill -9 a request was refused")
	}
	h.until("systemd has started the daemon again", func() bool { _, err := h.try("systemctl", "is-active", "paastech"); return err == nil })

	h.restart()
	h.until("the application answers after the host has started again", h.answers)
	h.sound()

	next := filepath.Join(t.TempDir(), "paastech")
	h.build(next, "9.9.9-test")
	h.copy(next, "/root/next")
	out = h.do("/root/next", "install")
	if !strings.Contains(out, "upgrade the running daemon") || !strings.Contains(h.do("/usr/local/bin/paastech", "version"), "9.9.9-test") {
		t.Errorf("a newer program:\n%s", out)
	}
	h.sound()
	h.dashboard = freeAddress(t)
	h.write("/etc/paastech/config.yaml", h.config())
	h.do("/root/next", "install")
	h.sound()
	h.until("the dashboard is at its new address", func() bool { return status("http://"+h.dashboard+"/login") == http.StatusOK })

	h.secure = freeAddress(t)
	h.write("/etc/paastech/config.yaml", h.config())
	h.do("/root/next", "install")
	h.sound()
	h.do("systemctl", "is-active", "paastech-https.socket", "paastech-http3.socket")
	h.until("the application answers over TLS", h.answers)
	h.do("sh", "-c", "kill -9 $(systemctl show -P MainPID paastech)")
	if !h.answers() {
		t.Error("after kill -9 a request over TLS was refused")
	}

	if out, err := h.try("paastech", "uninstall"); err == nil || !strings.Contains(out, "--yes") {
		t.Errorf("without --yes: %v\n%s", err, out)
	}
	h.do("paastech", "uninstall", "--yes")
	left := without(h.files(), before)
	for _, path := range left {
		if !strings.HasPrefix(path, "/var/lib/paastech") && !strings.HasPrefix(path, "/etc/paastech") && !strings.HasPrefix(path, "/root/") {
			t.Errorf("left: %s", path)
		}
	}
	if !slices.Contains(left, "/etc/paastech/config.yaml") || !slices.Contains(left, "/var/lib/paastech/paastech.db") {
		t.Errorf("what is the user's is gone: %v", left)
	}
	if rest := h.ofInstance(); rest != "" {
		t.Errorf("left in Docker: %s", rest)
	}
	h.do("/root/next", "install")
	h.until("the application answers when it is installed again", h.answers)
	h.do("paastech", "uninstall", "--yes")
}

// debianHost is a Debian 12 with systemd, as a container that is lent this host's Docker and network.
type debianHost struct {
	t         *testing.T
	name      string
	home      string // of the person at this side
	program   string
	dashboard string
	ingress   string
	secure    string // the ingress over TLS; empty: there is none
	git       string
	project   string // name of the application at the ingress
}

// debianPackages is what a minimal Debian becomes a server with.
const debianPackages = "systemd,systemd-sysv,dbus,git,e2fsprogs,mmdebstrap,ca-certificates"

func newDebianHost(t *testing.T) *debianHost {
	t.Helper()
	h := &debianHost{
		t: t, name: fmt.Sprintf("paastech-install-%d", os.Getpid()), home: t.TempDir(),
		dashboard: freeAddress(t), ingress: freeAddress(t), git: freeAddress(t),
	}
	h.program = filepath.Join(t.TempDir(), "paastech")
	h.build(h.program, "0.0.1-test")
	h.makeBuilder()
	image := debianImage(t, debianPackages)
	h.docker("run", "--detach", "--name", h.name, "--network", "host", "--cgroupns", "host",
		"--cap-add", "SYS_ADMIN", "--cap-add", "NET_ADMIN", "--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined",
		"--device", "/dev/loop-control", "--device-cgroup-rule", "b 7:* rwm", "--volume", "/sys/fs/cgroup:/sys/fs/cgroup", "--volume", "/var/run/docker.sock:/run/docker.sock", "--tmpfs", "/run", "--tmpfs", "/tmp:exec", image, "/sbin/init")
	t.Cleanup(func() {
		if t.Failed() {
			out, _ := h.try("journalctl", "--no-pager", "-u", "paastech*", "-n", "100")
			t.Log(out)
		}
		_, _ = h.try("/usr/local/bin/paastech", "uninstall", "--yes")
		_ = exec.Command("docker", "rm", "--force", h.name).Run()
	})
	h.until("systemd runs", h.up)
	h.copy(h.program, "/root/paastech")
	return h
}

// debianImage makes a Debian 12 with packages, once for an engine.
func debianImage(t *testing.T, packages string) string {
	t.Helper()
	name := fmt.Sprintf("paastech-test/debian:%.12x", sha256.Sum256([]byte(packages)))
	if exec.Command("docker", "image", "inspect", name).Run() == nil {
		return name
	}
	bootstrap := exec.Command("mmdebstrap", "--variant=minbase", "--include="+packages, "bookworm", "-")
	load := exec.Command("docker", "import", "-", name)
	var said bytes.Buffer
	bootstrap.Stderr, load.Stderr = &said, &said
	pipe, err := bootstrap.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	load.Stdin = pipe
	if err := load.Start(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(bootstrap.Run(), load.Wait()); err != nil {
		t.Fatalf("make a Debian: %v\n%s", err, said.String())
	}
	return name
}

// makeBuilder makes the builder, which is everybody's on this engine, and not to be made in there.
func (h *debianHost) makeBuilder() {
	h.t.Helper()
	command := exec.Command(h.program, "builder", "create")
	command.Env = ownEnvironment()
	if out, err := command.CombinedOutput(); err != nil {
		h.t.Fatalf("make the builder: %v\n%s", err, out)
	}
}

// ownEnvironment is the environment without what would be settings of PaaSTech.
func ownEnvironment() []string {
	return slices.DeleteFunc(os.Environ(), func(variable string) bool { return strings.HasPrefix(variable, "PAASTECH_") })
}

func (h *debianHost) up() bool {
	out, _ := h.try("systemctl", "is-system-running")
	return strings.HasPrefix(out, "running") || strings.HasPrefix(out, "degraded")
}

// restart ends everything on the host and starts it again.
func (h *debianHost) restart() {
	h.t.Helper()
	h.docker("restart", h.name)
	h.until("systemd runs again", h.up)
}

func (h *debianHost) config() string {
	return fmt.Sprintf("dataDir: /var/lib/paastech\nserver: {listen: %q}\ningress: {listen: %q, listenTLS: %q}\ngit: {listen: %q}\n", h.dashboard, h.ingress, h.secure, h.git)
}

// sound fails unless all units run, the daemon sees the mounts that the host sees, and it says that all is well.
func (h *debianHost) sound() {
	h.t.Helper()
	h.do("systemctl", "is-active", "paastech.service", "paastech-http.socket", "paastech-dashboard.socket", "paastech-git.socket")
	h.do("sh", "-c", `test "$(readlink /proc/1/ns/mnt)" = "$(readlink /proc/$(systemctl show -P MainPID paastech)/ns/mnt)"`)
	h.do("paastech", "admin", "users", "ls")
	if out, err := h.try("paastech", "doctor"); err != nil {
		h.t.Errorf("doctor: %v\n%s", err, out)
	}
}

// bootstraps unpacks a Debian with what the daemon's unit lets it do, as the daemon does where the builder's images
// are missing. Here they are not, because all tests share an engine.
func (h *debianHost) bootstraps() {
	h.t.Helper()
	unit := h.do("cat", "/etc/systemd/system/paastech.service")
	var kept []string
	for line := range strings.Lines(unit) {
		switch key, _, _ := strings.Cut(line, "="); key {
		case "ExecStart":
			line = "ExecStart=/usr/bin/mmdebstrap --variant=minbase --format=tar trixie /root/debian.tar\n"
		case "Type":
			line = "Type=oneshot\n"
		case "Restart", "RestartSec", "WatchdogSec", "Sockets", "NotifyAccess":
			continue
		}
		kept = append(kept, line)
	}
	h.write("/run/systemd/system/bootstrap.service", strings.Join(kept, ""))
	h.do("systemctl", "daemon-reload")
	if out, err := h.try("systemctl", "start", "bootstrap"); err != nil {
		log, _ := h.try("journalctl", "--no-pager", "-u", "bootstrap", "-n", "40")
		h.t.Errorf("the unit keeps the daemon from making its builder: %v\n%s\n%s", err, out, log)
	}
	h.do("sh", "-c", "tar -tf /root/debian.tar ./usr/bin/dpkg && rm /root/debian.tar /run/systemd/system/bootstrap.service && systemctl daemon-reload")
}

// push brings up the first application.
func (h *debianHost) push() {
	h.t.Helper()
	key := filepath.Join(h.home, ".ssh", "id_ed25519")
	source := filepath.Join(h.home, "site")
	for _, command := range [][]string{
		{"mkdir", "-p", filepath.Dir(key)},
		{"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key},
		{"cp", "-R", filepath.Join("..", "examples", "static-site"), source},
		{"git", "-C", source, "init", "-q", "-b", "main"},
		{"git", "-C", source, "add", "."},
		{"git", "-C", source, "commit", "-q", "-m", "Hello"},
	} {
		h.person(command[0], command[1:]...)
	}
	h.client("", "keys", "add", key+".pub")
	var made struct{ ID, GitURL string }
	h.must(json.Unmarshal([]byte(h.client("", "projects", "create", "site", "--json")), &made))
	h.project = made.ID
	h.person("git", "-C", source, "push", "-q", made.GitURL, "main")
}

// answers tells whether the application does, at its own name.
func (h *debianHost) answers() bool {
	host, address, scheme := h.project+".user-app.localhost", h.ingress, "http://"
	if h.secure != "" {
		address, scheme = h.secure, "https://"
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{ServerName: host, InsecureSkipVerify: true}, DisableKeepAlives: true} // its CA is its own
	request, err := http.NewRequestWithContext(h.t.Context(), http.MethodGet, scheme+address+"/", http.NoBody)
	h.must(err)
	request.Host = host
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}

func status(address string) int {
	response, err := http.Get(address)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	return response.StatusCode
}

// ofInstance is what Docker still has of the installation.
func (h *debianHost) ofInstance() string {
	h.t.Helper()
	instance := strings.TrimSpace(h.do("cat", "/var/lib/paastech/instance"))
	var left strings.Builder
	for _, kind := range []string{"container ls --all", "network ls", "volume ls", "image ls"} {
		left.WriteString(h.docker(append(strings.Fields(kind), "--quiet", "--filter", "label=paastech.instance="+instance)...))
	}
	return left.String()
}

// files are the paths of a host that an installation may touch.
func (h *debianHost) files() []string {
	h.t.Helper()
	return strings.Fields(h.do("find", "/etc", "/usr", "/var", "/opt", "/srv", "/root", "-xdev", "-not", "-path", "/var/log/*", "-not", "-path", "/var/tmp/*", "-not", "-path", "/var/lib/systemd/*"))
}

func without(all, some []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(path string) bool { return slices.Contains(some, path) })
}

// do runs a program on the host.
func (h *debianHost) do(command ...string) string {
	h.t.Helper()
	out, err := h.try(command...)
	if err != nil {
		h.t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
	}
	return out
}

func (h *debianHost) try(command ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "docker", append([]string{"exec", h.name}, command...)...).CombinedOutput()
	return string(out), err
}

func (h *debianHost) write(path, content string) {
	h.t.Helper()
	command := exec.Command("docker", "exec", "--interactive", h.name, "sh", "-c", `mkdir -p "$(dirname "$0")" && cat > "$0"`, path)
	command.Stdin = strings.NewReader(content)
	out, err := command.CombinedOutput()
	if err != nil {
		h.t.Fatalf("write %s: %v\n%s", path, err, out)
	}
}

func (h *debianHost) copy(from, to string) {
	h.t.Helper()
	h.docker("cp", from, h.name+":"+to)
}

func (h *debianHost) docker(args ...string) string {
	h.t.Helper()
	out, err := exec.Command("docker", args...).CombinedOutput()
	if err != nil {
		h.t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// client runs the program as a person at another host does.
func (h *debianHost) client(stdin string, args ...string) string {
	h.t.Helper()
	return h.run(strings.NewReader(stdin), h.program, args...)
}

func (h *debianHost) person(program string, args ...string) {
	h.t.Helper()
	h.run(nil, program, args...)
}

func (h *debianHost) run(stdin io.Reader, program string, args ...string) string {
	h.t.Helper()
	command := exec.Command(program, args...)
	command.Stdin = stdin
	command.Env = append(ownEnvironment(), "HOME="+h.home, "PAASTECH_SERVER=http://"+h.dashboard,
		"GIT_AUTHOR_NAME=ada", "GIT_AUTHOR_EMAIL=ada@example.com", "GIT_COMMITTER_NAME=ada", "GIT_COMMITTER_EMAIL=ada@example.com",
		"GIT_SSH_COMMAND=ssh -i "+filepath.Join(h.home, ".ssh", "id_ed25519")+" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR")
	var said bytes.Buffer
	command.Stderr = &said
	out, err := command.Output()
	if err != nil {
		h.t.Fatalf("%s %s: %v\n%s%s", program, strings.Join(args, " "), err, out, said.String())
	}
	return string(out)
}

func (h *debianHost) build(program, version string) {
	h.t.Helper()
	if out, err := exec.Command("go", "build", "-ldflags", "-s -w -X main.version="+version, "-o", program, "..").CombinedOutput(); err != nil {
		h.t.Fatalf("build: %v\n%s", err, out)
	}
}

func (h *debianHost) until(what string, holds func() bool) {
	h.t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			h.t.Fatalf("not within a minute: %s", what)
		}
	}
}

func (h *debianHost) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// freeAddress is one of this host that nobody listens at now.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
