package gitserver

import (
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
	"sync"
	"time"
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
