package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stand is a running daemon with one account and one pushed application, for a benchmark.
type stand struct {
	b       *testing.B
	binary  string
	data    string
	app     string
	env     []string
	process *exec.Cmd
	project string
	ingress string
}

func newStand(b *testing.B) *stand {
	b.Helper()
	binary, err := filepath.Abs("paastech")
	if err != nil {
		b.Fatal(err)
	}
	if _, err := os.Stat(binary); err != nil {
		b.Fatalf("%v: run `make build` first, as `make bench` does", err)
	}
	data, err := os.MkdirTemp("", "pt")
	if err != nil {
		b.Fatal(err)
	}
	home := b.TempDir()
	api, git, ingress := freePort(), freePort(), freePort()
	key := filepath.Join(home, "id")
	s := &stand{b: b, binary: binary, data: data, app: filepath.Join(home, "app"), ingress: ingress}
	inherited := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PAASTECH_") })
	s.env = append(inherited, "HOME="+home, "XDG_CONFIG_HOME="+home, "PAASTECH_DATADIR="+data, "PAASTECH_SERVER=http://"+api,
		"PAASTECH_SERVER_LISTEN="+api, "PAASTECH_GIT_LISTEN="+git, "PAASTECH_INGRESS_LISTEN="+ingress,
		"GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com",
		"GIT_SSH_COMMAND=ssh -i "+key+" -o IdentitiesOnly=yes -o UserKnownHostsFile="+filepath.Join(home, "kh")+" -o StrictHostKeyChecking=accept-new -o LogLevel=ERROR")
	b.Cleanup(s.close)
	s.serve()
	s.run(".", "password of ada\n", binary, "admin", "users", "create", "--username", "ada", "--email", "ada@example.com", "--password-stdin")
	s.run(".", "", binary, "login", "-e", "ada@example.com", "-p", "password of ada")
	s.run(".", "", "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
	s.run(".", "", binary, "keys", "add", key+".pub")
	if err := os.CopyFS(s.app, os.DirFS("examples/hello-node")); err != nil {
		b.Fatal(err)
	}
	s.run(s.app, "", "git", "init", "-q", "-b", "main")
	s.run(s.app, "", binary, "init", "hello", "--yes")
	s.commit("first")
	s.push()
	var project struct{ ID string }
	if err := json.Unmarshal([]byte(s.run(s.app, "", binary, "projects", "info", "--json")), &project); err != nil {
		b.Fatal(err)
	}
	s.project = project.ID
	return s
}

func (s *stand) serve() {
	s.b.Helper()
	log, err := os.Create(filepath.Join(s.data, "serve.log"))
	if err != nil {
		s.b.Fatal(err)
	}
	s.process = exec.Command(s.binary, "serve")
	s.process.Env, s.process.Stdout, s.process.Stderr = s.env, log, log
	if err := s.process.Start(); err != nil {
		s.b.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		out, err := s.try(".", s.binary, "admin", "users", "ls")
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			s.b.Fatalf("serve does not answer: %s", out)
		}
	}
}

func (s *stand) close() {
	_ = s.process.Process.Signal(syscall.SIGTERM)
	_ = s.process.Wait()
	if out, err := s.try(".", s.binary, "admin", "purge", "--yes"); err != nil {
		s.b.Errorf("purge: %v\n%s", err, out)
	}
	os.RemoveAll(s.data)
}

func (s *stand) try(dir string, name string, args ...string) (string, error) {
	command := exec.Command(name, args...)
	command.Dir, command.Env = dir, s.env
	out, err := command.CombinedOutput()
	return string(out), err
}

func (s *stand) run(dir, stdin, name string, args ...string) string {
	s.b.Helper()
	command := exec.Command(name, args...)
	command.Dir, command.Env, command.Stdin = dir, s.env, strings.NewReader(stdin)
	var problems bytes.Buffer
	command.Stderr = &problems
	out, err := command.Output()
	if err != nil {
		s.b.Fatalf("%s %v: %v\n%s%s", name, args, err, out, &problems)
	}
	return string(out)
}

func (s *stand) commit(message string) {
	s.b.Helper()
	s.run(s.app, "", "git", "add", "-A")
	s.run(s.app, "", "git", "commit", "-q", "--allow-empty", "-m", message)
}

func (s *stand) push() {
	s.b.Helper()
	s.run(s.app, "", "git", "push", "-q", "paastech", "main")
}

// answers gets the application once, through the ingress.
func (s *stand) answers() {
	s.b.Helper()
	if err := getOnce("http://"+s.project+".user-app.localhost/", s.ingress); err != nil {
		s.b.Fatal(err)
	}
}

func getOnce(url, address string) error {
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}
	response, err := (&http.Client{Transport: transport, Timeout: 10 * time.Second}).Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil || response.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d, %w", response.StatusCode, err)
	}
	return nil
}

// BenchmarkDeployPush is the main job: from git push to the first answer, of an unchanged tree (an
// empty commit) and of one changed line. Its floor is the sum of its own floor/ (a bare push and
// docker run) and of builder's BenchmarkDeployBuild/…/floor (the lifecycle's creator), in the same run.
func BenchmarkDeployPush(b *testing.B) {
	s := newStand(b)
	for _, changed := range []bool{false, true} {
		b.Run(map[bool]string{false: "unchanged", true: "changed"}[changed], func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				b.StopTimer()
				if changed {
					appendLine(b, filepath.Join(s.app, "server.js"), fmt.Sprintf("// change %d %d", b.N, i))
				}
				s.commit("next")
				b.StartTimer()
				s.push()
				s.answers()
			}
		})
	}
	b.Run("floor", func(b *testing.B) { benchmarkRunFloor(b, s) })
	b.Run("idle", func(b *testing.B) { benchmarkIdle(b, s) })
}

func appendLine(b *testing.B, path, line string) {
	b.Helper()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	if _, err := fmt.Fprintln(file, line); err != nil {
		b.Fatal(err)
	}
}

// benchmarkRunFloor is what cannot be saved beside the build itself: a push to a bare repository and
// `docker run` of the same image until its first 200, by hand.
func benchmarkRunFloor(b *testing.B, s *stand) {
	running := strings.Fields(s.run(".", "", "docker", "ps", "-q", "--filter", "label=paastech.project="+s.project))[0]
	image := strings.TrimSpace(s.run(".", "", "docker", "inspect", "-f", "{{.Image}}", running))
	bare := filepath.Join(b.TempDir(), "bare.git")
	s.run(".", "", "git", "init", "-q", "--bare", bare)
	for b.Loop() {
		b.StopTimer()
		s.commit("floor")
		b.StartTimer()
		s.run(s.app, "", "git", "push", "-q", bare, "main")
		id := strings.TrimSpace(s.run(".", "", "docker", "run", "-d", "-e", "PORT=8080", "--log-driver", "none", image))
		address := strings.TrimSpace(s.run(".", "", "docker", "inspect", "-f", "{{.NetworkSettings.IPAddress}}", id))
		for getOnce("http://app/", net.JoinHostPort(address, "8080")) != nil {
			time.Sleep(5 * time.Millisecond)
		}
		b.StopTimer()
		s.run(".", "", "docker", "rm", "-f", id)
		b.StartTimer()
	}
}

// benchmarkIdle reports the proportional set size of a daemon that was just started over one running application.
func benchmarkIdle(b *testing.B, s *stand) {
	_ = s.process.Process.Signal(syscall.SIGTERM)
	_ = s.process.Wait()
	s.serve()
	for b.Loop() {
		time.Sleep(2 * time.Second)
	}
	rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", s.process.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(rollup)) {
		var kib float64
		if n, _ := fmt.Sscanf(line, "Pss: %f kB", &kib); n == 1 {
			b.ReportMetric(kib/1024, "MiB-PSS")
		}
	}
}
