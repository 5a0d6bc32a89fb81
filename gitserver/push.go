package gitserver

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// push is a git receive-pack at work and what its hook needs to know.
type push struct {
	ctx        context.Context // the session's: ends when the client has gone
	platform   *paas.Platform
	project    paas.Project
	by         paas.User
	key        string // fingerprint of the one that signed
	from       string // address of the client
	repository string
	git        git
	limits     treeLimits
	log        *slog.Logger

	deciding sync.Mutex // held while a hook waits for its answer
	asked    bool       // whether there was a hook: git took all objects; guarded by deciding
}

// settled returns when no hook waits for an answer, and tells whether there was one.
func (p *push) settled() bool {
	p.deciding.Lock()
	defer p.deciding.Unlock()
	return p.asked
}

// decide asks the platform about the push, shows what went wrong, and returns the hook's exit code.
func (p *push) decide(conn net.Conn, request hookRequest, out *lines) int {
	p.deciding.Lock()
	defer p.deciding.Unlock()
	p.asked = true
	ctx, stop := whileOpen(p.ctx, conn)
	defer stop()
	err := p.carryOut(ctx, request, out)
	p.record(ctx, err)
	if err == nil {
		return 0
	}
	public := paas.Public(err)
	if public.Kind == paas.Internal {
		p.log.ErrorContext(ctx, "push failed", "project", p.project.ID, "error", err)
	}
	out.Flush()
	fmt.Fprintf(out, "%s: %s\n", public.Code, public.Message)
	return 1
}

// addressOf is a peer's address without its port.
func addressOf(peer net.Addr) string {
	host, _, err := net.SplitHostPort(peer.String())
	if err != nil {
		return peer.String()
	}
	return host
}

// record puts the push into the audit.
func (p *push) record(ctx context.Context, err error) {
	result := paas.AuditDone
	if err != nil {
		result = paas.Public(err).Code
	}
	p.platform.Record(ctx, paas.AuditEntry{
		User: p.by.ID, Name: p.by.Username, With: "key " + p.key, From: p.from,
		Action: "push", Target: string(p.project.ID), Result: result,
	})
}

func (p *push) carryOut(ctx context.Context, request hookRequest, out io.Writer) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	updates, err := parseUpdates(request.Updates)
	if err != nil {
		return err
	}
	pushed, err := p.source(request)
	if err != nil {
		return err
	}
	if err := p.checkRefs(ctx, updates); err != nil {
		return err
	}
	if err := pushed.checkShallow(ctx, updates); err != nil {
		return err
	}
	return p.platform.Push(ctx, paas.Push{Project: p.project, By: p.by, Updates: updates, Source: pushed, Output: out})
}

// source sees the repository as git's hook does: with the pushed objects, which are not in it yet.
func (p *push) source(request hookRequest) (source, error) {
	s := source{git: p.git, repository: p.repository, limits: p.limits, shallow: request.Shallow != ""}
	for _, variable := range []struct{ name, value string }{
		{"GIT_OBJECT_DIRECTORY", request.Objects}, {"GIT_QUARANTINE_PATH", request.Quarantine}, {"GIT_SHALLOW_FILE", request.Shallow},
	} {
		if variable.value == "" {
			continue
		}
		if !strings.HasPrefix(filepath.Clean(variable.value), p.repository+"/") {
			return source{}, fmt.Errorf("the hook of %s has %s=%q, another place", p.project.ID, variable.name, variable.value)
		}
		s.environment = append(s.environment, variable.name+"="+variable.value)
	}
	if request.Objects != "" {
		s.environment = append(s.environment, "GIT_ALTERNATE_OBJECT_DIRECTORIES="+filepath.Join(p.repository, "objects"))
	}
	return s, nil
}

// whileOpen ends the context when the other side of the connection goes away: a hook that git has
// killed cannot accept anything any more.
func whileOpen(ctx context.Context, conn net.Conn) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	var reading sync.WaitGroup
	reading.Go(func() {
		io.Copy(io.Discard, conn)
		cancel(errGone)
	})
	return ctx, func() {
		conn.SetReadDeadline(time.Unix(1, 0)) // ends the read, leaves the writing side as it is
		reading.Wait()
	}
}
