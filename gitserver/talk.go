package gitserver

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	gossh "golang.org/x/crypto/ssh"
)

// talked is how a conversation of git with its client ended.
type talked struct {
	code     int
	received int64 // bytes from the client
}

// talk runs git with the client at its other end. When ctx ends, git hears that its input has ended
// and gets the time to clean up; until then its output is drained, so that a push which is decided
// already is carried out. settled returns when nobody git waits for is at work.
func (s *Server) talk(ctx context.Context, conn *gossh.ServerConn, session *session, cmd *exec.Cmd, settled func()) talked {
	pulse := newPulse()
	stdin, err := cmd.StdinPipe()
	if err == nil {
		cmd.Stdout = &drain{out: session, pulse: pulse}
		cmd.Stderr = &drain{out: session.Stderr(), pulse: pulse}
		err = cmd.Start()
	}
	if err != nil {
		s.refuse(ctx, session, fmt.Errorf("start git: %w", err))
		return talked{code: 1}
	}
	input := &feed{in: session, pulse: pulse}
	session.beside.Go(func() {
		io.Copy(stdin, input)
		stdin.Close()
	})
	watching, stop := context.WithCancel(ctx)
	var beside sync.WaitGroup
	beside.Go(func() { pulse.watch(watching, s.options.IdleTimeout, func() { conn.Close() }) })
	code := exitCode(s.await(ctx, cmd, stdin, settled))
	stop()
	beside.Wait()
	return talked{code: code, received: input.bytes.Load()}
}

// await waits for git; after the end of ctx no longer than its grace, and never before it has settled.
func (s *Server) await(ctx context.Context, cmd *exec.Cmd, stdin io.Closer, settled func()) error {
	ended := make(chan error, 1)
	var waiting sync.WaitGroup
	defer waiting.Wait()
	waiting.Go(func() { ended <- cmd.Wait() })
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	stdin.Close()
	settled()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		select {
		case err := <-ended:
			return err
		case <-time.After(s.options.GraceTimeout):
			err := signalGroup(cmd, signal)
			s.log.WarnContext(ctx, "git did not end by itself", "pid", cmd.Process.Pid, "signal", signal, "error", err)
		}
	}
	return <-ended
}

// drain passes git's output on; when the client has gone it takes and drops it.
type drain struct {
	out   io.Writer
	pulse *pulse
	gone  bool
}

// Write never fails.
func (d *drain) Write(output []byte) (int, error) {
	if !d.gone {
		_, err := d.out.Write(output)
		d.gone = err != nil
	}
	d.pulse.beat()
	return len(output), nil
}

// feed counts what the client sends.
type feed struct {
	in    io.Reader
	pulse *pulse
	bytes atomic.Int64
}

// Read reads from the client.
func (f *feed) Read(input []byte) (int, error) {
	n, err := f.in.Read(input)
	f.bytes.Add(int64(n))
	f.pulse.beat()
	return n, err
}

// pulse knows when something last moved.
type pulse struct{ last atomic.Int64 }

func newPulse() *pulse {
	p := &pulse{}
	p.beat()
	return p
}

func (p *pulse) beat() { p.last.Store(time.Now().UnixNano()) }

// watch calls stopped when nothing has moved for too long.
func (p *pulse) watch(ctx context.Context, idle time.Duration, stopped func()) {
	for wait(ctx, time.Until(time.Unix(0, p.last.Load()).Add(idle))) {
		if time.Since(time.Unix(0, p.last.Load())) >= idle {
			stopped()
			return
		}
	}
}
