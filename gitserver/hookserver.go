package gitserver

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// hooks is the daemon's side of the hook: a unix socket where the hook of every push reports, with
// the secret that only the git of its session was told.
type hooks struct {
	listener  net.Listener
	path      string
	temporary string // directory made for the socket alone; often empty
	log       *slog.Logger

	mu     sync.Mutex
	pushes map[string]*push // by secret; guarded by mu
}

// maxSocketPath is what the kernel takes, without the final NUL.
const maxSocketPath = 107

// listenForHooks binds the socket; when the path is too long for one, in a directory of its own below
// the system's temporary one.
func listenForHooks(path string, log *slog.Logger) (*hooks, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("listen for push hooks: %w", err)
	}
	var temporary string
	if len(path) > maxSocketPath {
		if temporary, err = os.MkdirTemp("", "paastech-"); err != nil {
			return nil, fmt.Errorf("listen for push hooks: %w", err)
		}
		path = filepath.Join(temporary, "hook")
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("listen for push hooks: %w", err)
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen for push hooks: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return &hooks{listener: listener, path: path, temporary: temporary, log: log, pushes: map[string]*push{}}, nil
}

// serve answers hooks until the listener is closed, and returns when the last one has its answer.
func (h *hooks) serve() error {
	var answering sync.WaitGroup
	defer answering.Wait()
	for {
		conn, err := h.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept push hooks: %w", err)
		}
		answering.Go(func() {
			defer conn.Close()
			h.answer(conn)
		})
	}
}

func (h *hooks) close() error {
	err := h.listener.Close()
	if h.temporary != "" {
		err = errors.Join(err, os.RemoveAll(h.temporary))
	}
	return err
}

// register makes a push known to its hook; what is returned goes into git's environment.
func (h *hooks) register(p *push) (environment []string, forget func()) {
	secret := rand.Text()
	h.mu.Lock()
	h.pushes[secret] = p
	h.mu.Unlock()
	forget = func() {
		h.mu.Lock()
		delete(h.pushes, secret)
		h.mu.Unlock()
	}
	return []string{socketVariable + "=" + h.path, secretVariable + "=" + secret}, forget
}

func (h *hooks) find(secret string) *push {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.pushes[secret]
}

func (h *hooks) answer(conn net.Conn) {
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	var request hookRequest
	if err := json.NewDecoder(io.LimitReader(conn, 2*maxHookInput)).Decode(&request); err != nil {
		h.log.Warn("a push hook said nothing that makes sense", "error", err)
		return
	}
	conn.SetReadDeadline(time.Time{})
	p := h.find(request.Secret)
	out := &lines{out: prefixed{conn}}
	code := 1
	switch {
	case p == nil:
		fmt.Fprintln(out, "This hook belongs to no push.")
	case request.Version != hookVersion:
		fmt.Fprintln(out, "The platform is being upgraded. Nothing was changed; push again in a moment.")
	default:
		code = p.decide(conn, request, out)
	}
	out.Flush()
	fmt.Fprintf(conn, "%c%d\n", exitLine, code)
}

// prefixed marks lines as output. It never fails: see lines.
type prefixed struct{ conn io.Writer }

func (p prefixed) Write(line []byte) (int, error) {
	p.conn.Write(append([]byte{outputLine}, line...))
	return len(line), nil
}

// push is a git receive-pack at work and what its hook needs to know.
type push struct {
	ctx        context.Context // the session's: ends when the client has gone
	platform   *paas.Platform
	project    paas.Project
	by         paas.User
	repository string
	git        git
	limits     treeLimits
	log        *slog.Logger

	deciding sync.Mutex // held while a hook waits for its answer
}

// settled returns when no hook waits for an answer.
func (p *push) settled() {
	p.deciding.Lock()
	defer p.deciding.Unlock()
}

// decide asks the platform about the push, shows what went wrong, and returns the hook's exit code.
func (p *push) decide(conn net.Conn, request hookRequest, out *lines) int {
	p.deciding.Lock()
	defer p.deciding.Unlock()
	ctx, stop := whileOpen(p.ctx, conn)
	defer stop()
	err := p.carryOut(ctx, request, out)
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

func (p *push) carryOut(ctx context.Context, request hookRequest, out io.Writer) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	updates, err := parseUpdates(request.Updates)
	if err != nil {
		return err
	}
	environment, err := p.quarantine(request)
	if err != nil {
		return err
	}
	if err := p.checkRefs(ctx, updates); err != nil {
		return err
	}
	return p.platform.Push(ctx, paas.Push{
		Project: p.project,
		By:      p.by,
		Updates: updates,
		Source:  source{git: p.git, repository: p.repository, environment: environment, limits: p.limits},
		Output:  out,
	})
}

// quarantine is the environment in which git sees the pushed objects, which are not in the repository yet.
func (p *push) quarantine(request hookRequest) ([]string, error) {
	if request.Objects == "" { // nothing but deletions, or refs to what is there already
		return nil, nil
	}
	if !strings.HasPrefix(filepath.Clean(request.Objects), p.repository+"/") {
		return nil, fmt.Errorf("the hook of %s names the objects of another place: %q", p.project.ID, request.Objects)
	}
	return []string{
		"GIT_OBJECT_DIRECTORY=" + request.Objects,
		"GIT_ALTERNATE_OBJECT_DIRECTORIES=" + request.Alternates,
		"GIT_QUARANTINE_PATH=" + request.Quarantine,
	}, nil
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
