package deployer

import (
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// faultySocket stands before Docker's socket and passes, hangs, answers 500 or closes.
type faultySocket struct {
	path     string
	listener net.Listener
	tasks    sync.WaitGroup

	mutex sync.Mutex
	mode  string              // guarded by mutex
	open  map[net.Conn]string // guarded by mutex
}

func newFaultySocket(t *testing.T) *faultySocket {
	t.Helper()
	s := &faultySocket{path: filepath.Join(t.TempDir(), "docker.sock"), mode: "pass", open: map[net.Conn]string{}}
	var err error
	if s.listener, err = net.Listen("unix", s.path); err != nil {
		t.Fatal(err)
	}
	s.tasks.Go(s.serve)
	t.Cleanup(func() {
		_ = s.listener.Close()
		s.set("closed")
		s.tasks.Wait()
	})
	return s
}

func (s *faultySocket) serve() {
	for {
		connection, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mutex.Lock()
		mode := s.mode
		s.open[connection] = mode
		s.mutex.Unlock()
		s.tasks.Go(func() { s.handle(connection, mode) })
	}
}

func (s *faultySocket) handle(connection net.Conn, mode string) {
	defer connection.Close()
	switch mode {
	case "pass":
		docker, err := net.Dial("unix", "/var/run/docker.sock")
		if err != nil {
			return
		}
		s.tasks.Go(func() { _, _ = io.Copy(docker, connection); _ = docker.Close() })
		_, _ = io.Copy(connection, docker)
	case "hang":
		_, _ = io.Copy(io.Discard, connection)
	case "500":
		_, _ = connection.Read(make([]byte, 4096))
		_, _ = io.WriteString(connection, "HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: 20\r\n\r\n{\"message\":\"broken\"}")
	}
}

// set changes what new connections meet and cuts the others.
func (s *faultySocket) set(mode string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.mode = mode
	for connection := range s.open {
		_ = connection.Close()
		delete(s.open, connection)
	}
}

// T17: whatever Docker's socket does, calls end in time, and all works again when it does.
func TestOutagesEndInTimeAndHeal(t *testing.T) {
	t.Parallel()
	socket := newFaultySocket(t)
	e := newEngine(t, func(o *Options) { o.Host, o.CallTimeout = "unix://"+socket.path, 2*time.Second })
	defer socket.set("pass") // for the clean-up
	serving, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- e.Watch(serving) }()
	changes := e.Changes(serving)
	started := run(t, e, spec())
	for _, mode := range []string{"hang", "500", "close"} {
		socket.set(mode)
		var calls sync.WaitGroup
		for name, call := range outageCalls(t, e, started.ID) {
			calls.Go(func() {
				begun := time.Now()
				if err := call(); !paas.IsKind(err, paas.Unavailable) {
					t.Errorf("%s while the socket does %s: %v", name, mode, err)
				}
				if took := time.Since(begun); took > 8*time.Second {
					t.Errorf("%s while the socket does %s took %s", name, mode, took)
				}
			})
		}
		calls.Wait()
		drained(changes)
		socket.set("pass")
		if got := find(t, e, started.ID); !got.Running {
			t.Errorf("after %s: %+v", mode, got)
		}
		select {
		case <-changes:
		case <-time.After(20 * time.Second):
			t.Errorf("after %s nobody was told that Docker is back", mode)
		}
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func outageCalls(t *testing.T, e *Engine, id paas.ContainerID) map[string]func() error {
	ctx := t.Context()
	return map[string]func() error{
		"list":       func() error { _, err := e.Containers(ctx); return err },
		"launch":     func() error { _, err := e.Launch(ctx, spec()); return err },
		"statistics": func() error { _, err := e.Statistics(ctx, id); return err },
		"output":     func() error { return e.Output(ctx, id, time.Time{}, func(paas.LogLine) error { return nil }) },
		"check":      func() error { _, err := e.Check(ctx, id, paas.Probe{Ports: []int{1}}); return err },
		"run":        func() error { _, err := e.Run(ctx, spec(), paas.Streams{}); return err },
		"exec":       func() error { _, err := e.Exec(ctx, id, []string{"/app"}, paas.Streams{}); return err },
		"retain":     func() error { return e.Retain(ctx, "some-project", nil) },
		"stop":       func() error { return e.Stop(ctx, id, time.Second) },
		"remove":     func() error { return e.Remove(ctx, id) },
		"keep":       func() error { return e.Keep(ctx, id) },
		"start":      func() error { return e.Start(ctx, id) },
		"builds":     func() error { _, err := e.BuildNetwork(ctx); return err },
		"forget":     func() error { return e.Forget(ctx, "some-project") },
		"await": func() error {
			_, err := e.Await(ctx, id, paas.Probe{Ports: []int{1}, Deadline: time.Second})
			return err
		},
	}
}

func drained(changes <-chan struct{}) {
	select {
	case <-changes:
	default:
	}
}

func TestOutageInTheMiddleOfAStart(t *testing.T) {
	socket := newFaultySocket(t)
	e := newEngine(t, func(o *Options) { o.Host, o.CallTimeout = "unix://"+socket.path, 2*time.Second })
	defer socket.set("pass")
	started := launch(t, e, spec("MODE", "silent"))
	time.AfterFunc(300*time.Millisecond, func() { socket.set("hang") })
	begun := time.Now()
	_, err := e.Await(t.Context(), started.ID, paas.Probe{Ports: []int{8080}, Deadline: 3 * time.Second})
	if took := time.Since(begun); !paas.IsKind(err, paas.Unavailable) || took > 6*time.Second {
		t.Errorf("%v after %s", err, took)
	}
}

func TestChangesTellOfStartsAndEnds(t *testing.T) {
	e := newEngine(t)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	changes := e.Changes(ctx)
	go func() { served <- e.Watch(ctx) }()
	told := func(what string) {
		t.Helper()
		select {
		case <-changes:
		case <-time.After(10 * time.Second):
			t.Fatalf("nobody was told: %s", what)
		}
	}
	told("the engine is there")
	started := run(t, e, spec())
	told("a start")
	if err := e.Stop(t.Context(), started.ID, time.Second); err != nil {
		t.Fatal(err)
	}
	told("an end")
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
	eventually(t, "the channel closes", func() bool {
		select {
		case _, open := <-changes:
			return !open
		default:
			return false
		}
	})
}

func TestNewSaysWhatToDo(t *testing.T) {
	_, err := New(t.Context(), Options{Instance: "x", Host: "unix:///nowhere/docker.sock"})
	public := &paas.Error{}
	if !errors.As(err, &public) || !strings.Contains(public.Message, "apt-get install docker.io") || !strings.Contains(public.Message, "/nowhere/docker.sock") {
		t.Errorf("error: %v", err)
	}
	if _, err := New(t.Context(), Options{}); err == nil {
		t.Error("an engine without an instance")
	}
}
