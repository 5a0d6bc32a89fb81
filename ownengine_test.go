package main

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// ownEngine is a Docker engine of a test's own beside the machine's: one that may be ended, or whose
// disk may be filled. Commands and daemons that are started after it use it.
type ownEngine struct {
	t       *testing.T
	dir     string
	process *exec.Cmd
}

// newOwnEngine starts an engine that keeps everything in dir, with the builder's images of the machine's
// own, where that has them. The test runs in a network of its own: see inOwnNetwork.
func newOwnEngine(t *testing.T, dir string) *ownEngine {
	t.Helper()
	if os.Getenv(networkVariable) == "" {
		t.Fatal("an engine of a test's own would take the bridge and the rules of the machine's")
	}
	out, err := exec.Command("docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}", "--filter", "reference=paastech/*").Output()
	if err != nil {
		t.Fatal(err)
	}
	images := strings.Fields(string(out))
	var saved io.ReadCloser
	save := exec.Command("docker", append([]string{"image", "save"}, images...)...)
	if len(images) > 0 {
		if saved, err = save.StdoutPipe(); err != nil {
			t.Fatal(err)
		}
		if err := save.Start(); err != nil {
			t.Fatal(err)
		}
	}
	e := &ownEngine{t: t, dir: dir}
	t.Setenv("DOCKER_HOST", e.host())
	t.Cleanup(e.stop)
	e.start()
	if saved != nil {
		load := exec.Command("docker", "image", "load", "--quiet")
		load.Stdin = saved
		if out, err := load.CombinedOutput(); err != nil {
			t.Fatalf("load the builder's images: %v\n%s", err, out)
		}
		if err := save.Wait(); err != nil {
			t.Fatalf("save the builder's images: %v", err)
		}
	}
	return e
}

func (e *ownEngine) host() string { return "unix://" + filepath.Join(e.dir, "s") }

// start starts the engine and waits until it answers.
func (e *ownEngine) start() {
	e.t.Helper()
	path := filepath.Join(e.t.ArtifactDir(), "dockerd.log")
	log, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		e.t.Fatal(err)
	}
	defer log.Close()
	// A killed engine leaves these behind, and a new one waits for the processes that they name.
	for _, stale := range []string{"pid", "exec/containerd/containerd.pid"} {
		_ = os.Remove(filepath.Join(e.dir, stale))
	}
	e.process = exec.Command("dockerd", "--data-root", filepath.Join(e.dir, "data"), "--exec-root", filepath.Join(e.dir, "exec"), "--pidfile", filepath.Join(e.dir, "pid"),
		"-H", e.host())
	e.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM} // it does not outlive a test that ran out of time
	e.process.Stdout, e.process.Stderr = log, log
	if err := e.process.Start(); err != nil {
		e.t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if exec.Command("docker", "version").Run() == nil {
			return
		}
		if time.Now().After(deadline) {
			said, _ := os.ReadFile(path)
			e.t.Fatalf("the engine does not answer\n%s", said[max(0, len(said)-4000):])
		}
	}
}

// stop ends the engine as an operator does, and with it all containers.
func (e *ownEngine) stop() { e.end(syscall.SIGTERM) }

func (e *ownEngine) end(signal os.Signal) {
	if e.process != nil {
		_ = e.process.Process.Signal(signal)
		_ = e.process.Wait()
		e.process = nil
	}
}

// docker runs a command of Docker's on the engine.
func (e *ownEngine) docker(stdin io.Reader, args ...string) string {
	e.t.Helper()
	command := exec.Command("docker", args...)
	command.Stdin = stdin
	out, err := command.CombinedOutput()
	if err != nil {
		e.t.Fatalf("docker %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// ownDirectory is one with a short name, for sockets in it.
func ownDirectory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "od")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(unmountBelow(dir), os.RemoveAll(dir)); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// unmountBelow takes away what is mounted in a directory, the last first: an engine that was killed leaves
// its own things there.
func unmountBelow(dir string) error {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return err
	}
	lines := strings.Split(string(mounts), "\n")
	slices.Reverse(lines)
	for _, line := range lines {
		fields := strings.Fields(line) // proc(5): what, where, ...
		if len(fields) > 1 && strings.HasPrefix(fields[1], dir+"/") {
			err = errors.Join(err, unix.Unmount(fields[1], unix.MNT_DETACH))
		}
	}
	return err
}
