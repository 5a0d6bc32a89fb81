package gitserver

import (
	"context"
	"fmt"
	"regexp"
	"sync"
	"time"

	"github.com/gliderlabs/ssh"
	gossh "golang.org/x/crypto/ssh"

	"github.com/paastech-cloud/paastech/paas"
)

// errGone is why a push is canceled when its client ends the connection.
var errGone = paas.Errorf(paas.Canceled, paas.ECanceled, "The push was canceled by its client.")

// session is one command of one client: a channel of its connection.
type session struct {
	gossh.Channel
	protocol string         // GIT_PROTOCOL as the client sent it; empty for git's first protocol
	beside   sync.WaitGroup // what works for the session while its requests are read
}

// say tells the person at the other end one line, which git passes through.
func (s *session) say(format string, args ...any) {
	out := &lines{out: s.Stderr()}
	fmt.Fprintf(out, format, args...)
	out.Flush()
}

// exit ends the command; the client hears nothing after it.
func (s *session) exit(code int) {
	status := gossh.Marshal(struct{ Status uint32 }{uint32(code)})
	s.SendRequest("exit-status", false, status) // the client may be gone: then nobody asks
	s.Close()
}

// accept serves one session channel. Unlike the SSH library's own handler it notices when the client
// ends the command but not the connection, and it knows no terminal, no shell and no environment.
func (s *Server) accept(_ *ssh.Server, conn *gossh.ServerConn, offered gossh.NewChannel, ctx ssh.Context) {
	guard := guardOf(ctx)
	if !guard.begin() {
		offered.Reject(gossh.ResourceShortage, "too many sessions on this connection")
		return
	}
	defer guard.end()
	worked, ended, ok := s.sessions.begin()
	if !ok {
		offered.Reject(gossh.ResourceShortage, "the server is shutting down")
		return
	}
	defer ended()
	defer worked()
	channel, requests, err := offered.Accept()
	if err != nil {
		return // the connection is gone
	}
	s.converse(conn, &session{Channel: channel}, requests, worked)
}

// converse reads the client's requests until the channel ends. The first that asks for something to
// be run is served beside, everything else is refused.
func (s *Server) converse(conn *gossh.ServerConn, session *session, requests <-chan *gossh.Request, worked func()) {
	defer session.Close()
	ctx, cancel := context.WithCancelCause(s.sessions.ctx)
	defer session.beside.Wait()
	defer cancel(errGone)
	session.beside.Go(func() { s.keepAlive(ctx, conn) })
	started := false
	for request := range requests {
		switch request.Type {
		case "exec", "shell", "subsystem":
			request.Reply(!started, nil)
			if !started {
				session.beside.Go(func() {
					defer worked()
					s.serve(ctx, conn, session, request)
				})
			}
			started = true
		case "env":
			request.Reply(!started && session.setEnvironment(request.Payload), nil)
		default: // pty-req, x11-req, auth-agent-req@openssh.com, signal, …
			request.Reply(false, nil)
		}
	}
}

// keepAlive asks the client now and then whether it is still there: a connection whose other end was
// switched off says nothing by itself. One that does not answer is closed, which ends the session.
func (s *Server) keepAlive(ctx context.Context, conn *gossh.ServerConn) {
	for wait(ctx, s.options.KeepAlive) {
		missing := time.AfterFunc(2*s.options.KeepAlive, func() { conn.Close() })
		_, _, err := conn.SendRequest("keepalive@openssh.com", true, nil)
		missing.Stop()
		if err != nil {
			return
		}
	}
}

// wait returns false when ctx ended first.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

var protocolVersion = regexp.MustCompile(`^version=[0-2]$`)

// setEnvironment takes the one variable that git's clients send.
func (s *session) setEnvironment(payload []byte) bool {
	var variable struct{ Name, Value string }
	if gossh.Unmarshal(payload, &variable) != nil || variable.Name != "GIT_PROTOCOL" || !protocolVersion.MatchString(variable.Value) {
		return false
	}
	s.protocol = variable.Value
	return true
}

// serve answers the one thing that a session may ask for.
func (s *Server) serve(ctx context.Context, conn *gossh.ServerConn, session *session, request *gossh.Request) {
	user, err := s.confirm(ctx, conn)
	if err != nil {
		s.refuse(ctx, session, err)
		return
	}
	command, err := readCommand(request, user)
	if err != nil {
		s.refuse(ctx, session, err)
		return
	}
	project, err := s.platform.Repository(ctx, user, command.path)
	if err != nil {
		s.refuse(ctx, session, err)
		return
	}
	if command.verb == receivePack {
		s.receive(ctx, conn, session, user, project)
	} else {
		s.upload(ctx, conn, session, project)
	}
}

func readCommand(request *gossh.Request, user paas.User) (command, error) {
	if request.Type == "shell" {
		return command{}, paas.Errorf(paas.Invalid, paas.ENoSuchCommand, "Hello %s! Your key works. There is no shell here: only git push, fetch and clone.", user.Username)
	}
	var payload struct{ Value string }
	if request.Type == "exec" && gossh.Unmarshal(request.Payload, &payload) == nil {
		if command, ok := parseCommand(payload.Value); ok {
			return command, nil
		}
	}
	return command{}, paas.Errorf(paas.Invalid, paas.ENoSuchCommand, "Only git push, fetch and clone work here, with an address like %s/PROJECT.git.", user.Username)
}

// refuse says in one sentence why not, and hides what is only for the log.
func (s *Server) refuse(ctx context.Context, session *session, err error) {
	public := paas.Public(err)
	if public.Kind == paas.Internal {
		s.log.ErrorContext(ctx, "git session failed", "error", err)
	}
	session.say("%s: %s", public.Code, public.Message)
	session.exit(1)
}
