package rpc_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/paas/paastest"
	"github.com/paastech-cloud/paastech/rpc"
	"github.com/paastech-cloud/paastech/rpc/rpctest"
)

// talkative is an engine whose commands say what they hear.
type talkative struct {
	paastest.Engine
	ended   chan error // gets how a command ended
	changes chan struct{}
	endings chan paas.Container
}

// Exec runs cat (what is put in comes out), size (the terminal's sizes), wait (until it is ended) and flood.
func (e talkative) Exec(ctx context.Context, _ paas.ContainerID, command []string, streams paas.Streams) (paas.Ending, error) {
	switch command[0] {
	case "cat":
		_, err := io.Copy(streams.Output, streams.Input)
		fmt.Fprint(streams.Errors, "done")
		return paas.Ending{ExitCode: 3}, err
	case "size":
		fmt.Fprintln(streams.Output, streams.Terminal.Size)
		for size := range streams.Terminal.Resizes {
			fmt.Fprintln(streams.Output, size)
			if size.Rows == 9 {
				break
			}
		}
		return paas.Ending{}, nil
	case "wait":
		fmt.Fprint(streams.Output, "waiting")
		<-ctx.Done()
		time.Sleep(20 * time.Millisecond) // what was made for it is removed
		e.ended <- ctx.Err()
		return paas.Ending{}, context.Cause(ctx)
	case "deaf": // it ends without having read its input
		return paas.Ending{ExitCode: 1}, nil
	}
	return paas.Ending{}, paas.Errorf(paas.Conflict, paas.EConflict, "The container does not run.")
}

func (e talkative) Output(ctx context.Context, id paas.ContainerID, since time.Time, each func(paas.LogLine) error) error {
	for i := range 1000 {
		if err := each(paas.LogLine{At: since.Add(time.Duration(i)), Text: fmt.Sprint("line ", i)}); err != nil {
			return err
		}
	}
	if id == "running" {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	return nil
}

// cleaned tells that a command has been ended, and what was made for it removed, by now.
func (e talkative) cleaned() bool {
	select {
	case err := <-e.ended:
		return err != nil
	default:
		return false
	}
}

func (e talkative) Changes(context.Context) <-chan struct{}       { return e.changes }
func (e talkative) Endings(context.Context) <-chan paas.Container { return e.endings }

func newTalkative() talkative {
	return talkative{ended: make(chan error, 1), changes: make(chan struct{}, 1), endings: make(chan paas.Container, 1)}
}

// TestCommands holds a command's streams over the wire.
func TestCommands(t *testing.T) {
	engine := newTalkative()
	remote := rpctest.Engine(t, engine)
	input := strings.Repeat("0123456789abcdef", 1<<18) // 4 MiB
	var output, failures bytes.Buffer
	ending, err := remote.Exec(t.Context(), "c", []string{"cat"}, paas.Streams{Input: strings.NewReader(input), Output: &output, Errors: &failures})
	if err != nil || ending.ExitCode != 3 || output.String() != input || failures.String() != "done" {
		t.Errorf("cat: %+v, %v, %d bytes, %q", ending, err, output.Len(), failures.String())
	}

	sizes, said := make(chan paas.TerminalSize), &bytes.Buffer{}
	go func() {
		sizes <- paas.TerminalSize{Rows: 4, Columns: 5}
		sizes <- paas.TerminalSize{Rows: 9, Columns: 9}
	}()
	_, err = remote.Exec(t.Context(), "c", []string{"size"}, paas.Streams{Output: said, Terminal: &paas.Terminal{Size: paas.TerminalSize{Rows: 2, Columns: 3}, Resizes: sizes}})
	if err != nil || !strings.HasPrefix(said.String(), "{2 3}\n") || !strings.HasSuffix(said.String(), "{9 9}\n") {
		t.Errorf("size: %v, %q", err, said.String())
	}

	endless, writer := io.Pipe()
	defer writer.Close()
	if ending, err := remote.Exec(t.Context(), "c", []string{"deaf"}, paas.Streams{Input: endless}); err != nil || ending.ExitCode != 1 {
		t.Errorf("deaf: %+v, %v", ending, err)
	}
	if _, err := remote.Exec(t.Context(), "c", []string{"unknown"}, paas.Streams{}); !paas.IsCode(err, paas.EConflict) {
		t.Errorf("unknown: %v", err)
	}
}

// TestACommandEndsWithItsCaller cancels one, and gives another a reader that breaks.
func TestACommandEndsWithItsCaller(t *testing.T) {
	engine := newTalkative()
	remote := rpctest.Engine(t, engine)
	gone := errors.New("the person has gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err := remote.Exec(ctx, "c", []string{"wait"}, paas.Streams{Output: told(func() { cancel(gone) })})
	if !errors.Is(err, gone) || !engine.cleaned() {
		t.Errorf("canceled: %v", err)
	}
	broken := errors.New("nobody reads")
	_, err = remote.Exec(t.Context(), "c", []string{"wait"}, paas.Streams{Output: failing{broken}})
	if !errors.Is(err, broken) || !engine.cleaned() {
		t.Errorf("unread: %v", err)
	}
	seen := 0
	err = remote.Output(t.Context(), "c", time.Now(), func(paas.LogLine) error {
		if seen++; seen == 3 {
			return broken
		}
		return nil
	})
	if !errors.Is(err, broken) || seen != 3 {
		t.Errorf("a log that nobody reads on: %v after %d lines", err, seen)
	}
}

type told func()

func (t told) Write(p []byte) (int, error) { t(); return len(p), nil }

type failing struct{ error }

func (f failing) Write([]byte) (int, error) { return 0, f.error }

// forgetful is what a deployer was told.
type forgetful struct {
	mutex    sync.Mutex
	registry string
}

func (e *forgetful) UseRegistry(_ context.Context, address string, _ paas.RegistryPass) error {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	e.registry = address
	return nil
}

func (e *forgetful) knows() string {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	return e.registry
}

func startDeployer(t *testing.T, address, dir string, engine paas.Engine, use func(context.Context, string, paas.RegistryPass) error) (end func()) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	server := rpc.OfferEngine(registered{rpctest.Supplied{Engine: engine}, use}, "localhost", rpc.Offer{Listener: listener, Credentials: rpctest.Credentials(t, dir, rpc.Deployer), Instance: rpctest.Instance})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx) }()
	return func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

type registered struct {
	rpctest.Supplied
	use func(context.Context, string, paas.RegistryPass) error
}

func (r registered) UseRegistry(ctx context.Context, address string, pass paas.RegistryPass) error {
	return r.use(ctx, address, pass)
}

// TestADeployerComesBack ends the other process and starts another in its place: it is told where images come from,
// by the first who needs that or by Watch, and who listens learns that something may have changed.
func TestADeployerComesBack(t *testing.T) {
	dir, engine := t.TempDir(), newTalkative()
	first := &forgetful{}
	address := fmt.Sprintf("127.77.%d.%d:7070", os.Getpid()/256%256, os.Getpid()%256) // nobody takes it in between
	end := startDeployer(t, address, dir, engine, first.UseRegistry)
	remote, err := rpc.OpenEngine(t.Context(), rpctest.Hub(t, dir, "grpc://"+address))
	if err != nil {
		t.Fatal(err)
	}
	defer remote.Close()
	if _, err := remote.Launch(t.Context(), paas.ContainerSpec{}); !paas.IsKind(err, paas.Unavailable) {
		t.Errorf("launched without a registry: %v", err)
	}
	if err := remote.UseRegistry(t.Context(), "127.0.0.1:5000", paas.RegistryPass{}); err != nil || first.knows() == "" {
		t.Fatal(err)
	}
	changes, endings := remote.Changes(t.Context()), remote.Endings(t.Context())
	<-changes // there may have been some before
	engine.endings <- paas.Container{ID: "one"}
	if c := <-endings; c.ID != "one" {
		t.Errorf("ended: %+v", c)
	}
	reading := make(chan error)
	begun := make(chan bool)
	go func() {
		lines := 0
		reading <- remote.Output(t.Context(), "running", time.Now(), func(paas.LogLine) error {
			if lines++; lines == 1000 {
				close(begun)
			}
			return nil
		})
	}()
	<-begun
	end()
	if err := <-reading; !paas.IsKind(err, paas.Unavailable) || !strings.Contains(err.Error(), "module ends") {
		t.Errorf("who reads a log is told: %v", err) // not cut after all patience
	}
	if _, err := remote.Containers(t.Context()); !paas.IsKind(err, paas.Unavailable) || !strings.Contains(paas.Public(err).Message, "deployer module does not answer at "+address) {
		t.Errorf("asked of nobody: %v", err)
	}
	if checks := remote.Examine(t.Context(), nil); len(checks) != 1 || checks[0].Findings[0].Code != paas.EEngineDown {
		t.Errorf("examined without a deployer: %+v", checks)
	}

	second := &forgetful{}
	end = startDeployer(t, address, dir, engine, second.UseRegistry)
	<-changes // it is back
	if _, err := remote.Launch(t.Context(), paas.ContainerSpec{}); err != nil || second.knows() != "127.0.0.1:5000" {
		t.Errorf("launched after it came back: %v, registry %q", err, second.knows())
	}
	engine.endings <- paas.Container{ID: "two"}
	if c := <-endings; c.ID != "two" {
		t.Errorf("ended: %+v", c)
	}
	ctx, cancel := context.WithCancel(t.Context())
	watched := make(chan error, 1)
	go func() { watched <- remote.Watch(ctx) }()
	end()
	third := &forgetful{}
	defer startDeployer(t, address, dir, engine, third.UseRegistry)()
	for deadline := time.Now().Add(10 * time.Second); third.knows() == "" && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
	}
	if third.knows() == "" {
		t.Error("a deployer that began anew was not told where images come from")
	}
	cancel()
	if err := <-watched; err != nil {
		t.Error(err)
	}
}
