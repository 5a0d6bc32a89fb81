package main

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestDataDirectoryFull is trial T16: what needs the disk is refused with a sentence, what runs goes on
// answering, and when there is room again everything works without anybody.
func TestDataDirectoryFull(t *testing.T) {
	a := newEcho(t, time.Second)
	a.kill()
	data := a.onSmallDisk()
	a.start()
	a.until("the application answers", a.answers)
	filler := filepath.Join(data, "filler")
	fill(t, filler)
	for n, act := range []struct {
		method, path string
		body         any
	}{
		{http.MethodPatch, "/projects/" + a.id + "/env", map[string]any{"env": map[string]string{"N": "1"}}},
		{http.MethodPost, "/projects", map[string]any{"name": "another"}},
		{http.MethodPost, "/projects/" + a.id + "/restart", nil},
		{http.MethodPost, "/auth/login", map[string]any{"email": "eve@example.com", "password": "password of eve"}},
	} {
		// 503 or 507; a call may also still find room in what the database has reserved.
		if status := a.call(act.method, act.path, act.body, nil); status == 0 || status == http.StatusInternalServerError {
			t.Errorf("%d: %s %s: %d", n, act.method, act.path, status)
		}
		fill(t, filler)
		if !a.answers() {
			t.Errorf("after %s %s the application does not answer", act.method, act.path)
		}
		if status := a.call(http.MethodGet, "/projects/my", nil, nil); status != http.StatusOK {
			t.Errorf("after %s %s projects cannot be listed: %d", act.method, act.path, status)
		}
	}
	push := exec.Command("git", "push", "-q", "paastech", "main")
	a.run("git", "commit", "-q", "--allow-empty", "-m", "second")
	push.Env, push.Dir = a.env, a.dir
	out, err := push.CombinedOutput()
	t.Logf("push: %s", out)
	if err == nil || !strings.Contains(string(out), "E_DISK_FULL") && !strings.Contains(string(out), "No space left on device") {
		t.Errorf("a push onto a full disk: %v\n%s", err, out)
	}
	if err := a.process.Process.Signal(unix.Signal(0)); err != nil {
		t.Errorf("the daemon: %v", err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	a.run("git", "push", "-q", "paastech", "main")
	a.until("the application answers", a.answers)
	if status := a.call(http.MethodPatch, "/projects/"+a.id+"/env", map[string]any{"env": map[string]string{"N": "2"}}, nil); status != http.StatusOK {
		t.Errorf("with room again: %d", status)
	}
	a.kill()
	if out, err := exec.Command("umount", data).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// onSmallDisk moves the data directory into a file system with little room.
func (a *echo) onSmallDisk() string {
	a.t.Helper()
	data := a.variable("PAASTECH_DATADIR")
	aside := a.t.TempDir()
	for _, command := range [][]string{
		{"cp", "-a", data + "/.", aside}, {"mount", "-t", "tmpfs", "-o", "mode=0700", "paastech-test", data}, {"cp", "-a", aside + "/.", data},
	} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			a.t.Fatalf("%v: %v\n%s", command, err, out)
		}
		if command[0] == "mount" {
			a.t.Cleanup(func() { _ = unix.Unmount(data, unix.MNT_DETACH) }) // it may have been unmounted
		}
	}
	var used unix.Statfs_t
	if err := unix.Statfs(data, &used); err != nil {
		a.t.Fatal(err)
	}
	size := (int64(used.Blocks-used.Bfree) * used.Bsize) + 256<<20
	if out, err := exec.Command("mount", "-o", "remount,size="+strconv.FormatInt(size, 10), data).CombinedOutput(); err != nil {
		a.t.Fatalf("%v\n%s", err, out)
	}
	a.env = append(a.env, "PAASTECH_DISK_RESERVE=64MiB")
	return data
}

// fill writes until nothing more fits.
func fill(t *testing.T, path string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for chunk := make([]byte, 1<<20); len(chunk) > 0; {
		if _, err := file.Write(chunk); errors.Is(err, unix.ENOSPC) {
			chunk = chunk[:len(chunk)/2]
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// TestDockerInTrouble is trial T17: whatever Docker's socket does, what is asked for ends in time with a
// sentence, what runs goes on answering, and it works again without a restart.
func TestDockerInTrouble(t *testing.T) {
	a := newEcho(t, time.Second)
	a.kill()
	proxy, direct := newDockerProxy(t), a.env
	t.Cleanup(func() { a.env = direct }) // what is left is taken away without the proxy
	a.env = append(slices.Clone(a.env), "PAASTECH_DOCKER_HOST=unix://"+proxy.path, "PAASTECH_DEPLOY_READYTIMEOUT=10s")
	a.start()
	a.until("the application answers", a.answers)
	for _, trouble := range []string{"refuse", "fail", "close", "hang"} {
		proxy.set(trouble)
		began := time.Now()
		status := a.call(http.MethodPost, "/projects/"+a.id+"/restart", nil, nil)
		took := time.Since(began).Round(time.Millisecond)
		t.Logf("%s: restart answered %d after %s", trouble, status, took)
		if status < 400 || status == http.StatusInternalServerError || took > 2*time.Minute {
			t.Errorf("%s: restart answered %d after %s", trouble, status, took)
		}
		if !a.answers() {
			t.Errorf("%s: the application does not answer", trouble)
		}
		if status := a.call(http.MethodGet, "/projects/my", nil, nil); status != http.StatusOK {
			t.Errorf("%s: projects cannot be listed: %d", trouble, status)
		}
		proxy.set("pass")
		a.until("after "+trouble+" a restart works", func() bool {
			return a.call(http.MethodPost, "/projects/"+a.id+"/restart", nil, nil) == http.StatusOK
		})
		a.until("the application answers", a.answers)
	}
	a.settled(1)
	a.check()
}

// dockerProxy stands between the daemon and Docker.
type dockerProxy struct {
	path string

	mu    sync.Mutex
	mode  string
	conns map[net.Conn]bool
}

func newDockerProxy(t *testing.T) *dockerProxy {
	t.Helper()
	dir, err := os.MkdirTemp("", "dp")
	if err != nil {
		t.Fatal(err)
	}
	p := &dockerProxy{path: filepath.Join(dir, "s"), mode: "pass", conns: map[net.Conn]bool{}}
	listener, err := net.Listen("unix", p.path)
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { p.serve(conn) })
		}
	})
	t.Cleanup(func() {
		listener.Close()
		p.set("close")
		serving.Wait()
		os.RemoveAll(dir)
	})
	return p
}

// set changes what happens to connections, the open ones too.
func (p *dockerProxy) set(mode string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode = mode
	for conn := range p.conns {
		conn.Close()
	}
}

func (p *dockerProxy) serve(conn net.Conn) {
	p.mu.Lock()
	mode := p.mode
	p.conns[conn] = true
	p.mu.Unlock()
	defer func() {
		conn.Close()
		p.mu.Lock()
		delete(p.conns, conn)
		p.mu.Unlock()
	}()
	switch mode {
	case "refuse":
	case "close":
		_, _ = conn.Read(make([]byte, 1))
	case "hang":
		_, _ = io.Copy(io.Discard, conn)
	case "fail":
		_, _ = conn.Read(make([]byte, 64<<10))
		_, _ = io.WriteString(conn, "HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: 20\r\nConnection: close\r\n\r\n{\"message\":\"broken\"}")
	default:
		p.pass(conn)
	}
}

func (p *dockerProxy) pass(conn net.Conn) {
	docker, err := net.Dial("unix", "/var/run/docker.sock")
	if err != nil {
		return
	}
	defer docker.Close()
	var both sync.WaitGroup
	both.Go(func() {
		_, _ = io.Copy(docker, conn)
		_ = docker.(*net.UnixConn).CloseWrite()
	})
	_, _ = io.Copy(conn, docker)
	_ = conn.(*net.UnixConn).CloseWrite()
	docker.Close()
	conn.Close()
	both.Wait()
}
