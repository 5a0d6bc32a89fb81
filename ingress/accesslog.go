package ingress

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// AccessLog says where the ingress writes a line of JSON about each request.
type AccessLog struct {
	File   string  // appended to, and opened anew when it was moved away; empty: none
	Sample float64 // of the requests that went well, what share is written: from 0 to 1
}

// accessLog writes about requests. What was asked for behind the ? is left out: it can be a secret.
type accessLog struct {
	sample float64
	file   *logFile
	lines  *slog.Logger
	log    *slog.Logger
}

// Bounds of what a client says about itself in a line.
const (
	maxLoggedPath  = 1000
	maxLoggedAgent = 200
)

// logFlush is how long a line may stay in memory.
const logFlush = time.Second

func openAccessLog(options AccessLog, log *slog.Logger) (*accessLog, error) {
	if options.File == "" {
		return nil, nil //nolint:nilnil // none is wanted
	}
	file := &logFile{path: options.File}
	if err := file.open(); err != nil {
		return nil, fmt.Errorf("open the access log: %w", err)
	}
	handler := slog.NewJSONHandler(file, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.LevelKey || a.Key == slog.MessageKey {
			return slog.Attr{}
		}
		return a
	}})
	return &accessLog{sample: options.Sample, file: file, lines: slog.New(handler), log: log}, nil
}

// run writes what is in memory every now and then, and what is left at the end.
func (a *accessLog) run(ctx context.Context) {
	tick := time.NewTicker(logFlush)
	defer tick.Stop()
	var said time.Time
	for {
		err := a.file.flush()
		if err != nil && time.Since(said) > time.Minute {
			said = time.Now()
			a.log.ErrorContext(ctx, "ingress: requests are missing from the access log", "error", err)
		}
		select {
		case <-ctx.Done():
			_ = a.file.close()
			return
		case <-tick.C:
		}
	}
}

// access is one request and what became of it.
type access struct {
	host     paas.Hostname
	project  paas.ProjectID // empty: nobody's
	method   string
	path     string
	protocol string
	client   netip.Addr
	agent    string
	status   int   // 0: the client went, or the answer broke off before it began
	sent     int64 // bytes of the body
	began    time.Time
	broken   bool // the answer did not end as it should
}

// keeps tells whether a line is written.
func (a *accessLog) keeps(seen access) bool {
	well := seen.status > 0 && seen.status < 500 && !seen.broken
	return !well || a.sample >= 1 || rand.Float64() < a.sample
}

// write writes a line, or leaves it out.
func (a *accessLog) write(seen access) {
	if !a.keeps(seen) {
		return
	}
	a.lines.LogAttrs(context.Background(), slog.LevelInfo, "",
		slog.String("host", string(seen.host)), slog.String("project", string(seen.project)),
		slog.String("method", seen.method), slog.String("path", cutShort(seen.path, maxLoggedPath)), slog.String("protocol", seen.protocol),
		slog.String("client", seen.client.String()), slog.String("agent", cutShort(seen.agent, maxLoggedAgent)),
		slog.Int("status", seen.status), slog.Int64("bytes", seen.sent),
		slog.Float64("ms", float64(time.Since(seen.began).Microseconds())/1000), slog.Bool("broken", seen.broken))
}

func cutShort(text string, most int) string {
	if len(text) > most {
		return text[:most]
	}
	return text
}

// visited writes about the request that a visitor's relay is at.
func (a *accessLog) visited(v *visitor, host paas.Hostname, route *entry, began time.Time) {
	r := &v.request
	path, _, _ := bytes.Cut(r.Target, []byte{'?'})
	a.write(access{
		host: host, project: route.route.Project, method: string(r.Method), path: string(path), protocol: "HTTP/1.1",
		client: v.peer, agent: string(valueOf(r.Lines, "user-agent:")), status: v.relay.status, sent: v.relay.sent, began: began, broken: !v.relay.whole,
	})
}

// valueOf is that of the header whose name, in lower case and with its colon, is given.
func valueOf(lines [][]byte, name string) []byte {
	for _, line := range lines {
		if len(line) >= len(name) && strings.EqualFold(string(line[:len(name)]), name) {
			return bytes.TrimSpace(line[len(name):])
		}
	}
	return nil
}

// logged has the requests written about that net/http and HTTP/3 read.
func (i *Ingress) logged(next http.Handler) http.Handler {
	if i.access == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := hostname(r.Host)
		seen := access{
			host: host, method: r.Method, path: r.URL.EscapedPath(), protocol: r.Proto, client: i.client(r), agent: r.UserAgent(),
			began: time.Now(), broken: true,
		}
		if _, found := i.table.Load().lookup(r); found != nil {
			seen.project = found.route.Project
		}
		watched := &watchedWriter{ResponseWriter: w}
		defer func() { // also when the answer is broken off
			seen.status, seen.sent = watched.status, watched.sent
			i.access.write(seen)
		}()
		next.ServeHTTP(watched, r)
		if watched.status == 0 {
			watched.status = http.StatusOK
		}
		seen.broken = false
	})
}

// watchedWriter notes what goes through.
type watchedWriter struct {
	http.ResponseWriter
	status int
	sent   int64
}

// WriteHeader notes the status of the answer; those that only announce one do not count.
func (w *watchedWriter) WriteHeader(status int) {
	if w.status == 0 && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write counts.
func (w *watchedWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(p)
	w.sent += int64(n)
	return n, err
}

// Unwrap is what flushes and takes over connections.
func (w *watchedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// logFile is appended to through memory. It follows its path: whoever moves the file away to keep it finds a new one.
type logFile struct {
	path string

	mu     sync.Mutex
	file   *os.File      // guarded by mu
	buffer *bufio.Writer // guarded by mu
	lost   error         // why something could not be written; guarded by mu
}

func (f *logFile) open() error {
	file, err := os.OpenFile(f.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.file != nil {
		_ = f.file.Close()
	}
	f.file, f.buffer = file, bufio.NewWriterSize(file, 64<<10)
	return nil
}

// Write adds a line.
func (f *logFile) Write(line []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := f.buffer.Write(line); err != nil {
		f.lost = err
		f.buffer.Reset(f.file) // a full disk may have room again
	}
	return len(line), nil
}

// flush writes what is in memory, and says why something was lost since the last time.
func (f *logFile) flush() error {
	f.mu.Lock()
	err := f.buffer.Flush()
	if err == nil {
		err = f.lost
	}
	f.lost = nil
	if err != nil {
		f.buffer.Reset(f.file)
	}
	moved := f.moved()
	f.mu.Unlock()
	if moved {
		return f.open()
	}
	return err
}

// moved tells whether the path leads to another file now; f.mu is held.
func (f *logFile) moved() bool {
	there, err := os.Stat(f.path)
	if err != nil {
		return os.IsNotExist(err)
	}
	here, err := f.file.Stat()
	return err == nil && !os.SameFile(there, here)
}

func (f *logFile) close() error {
	err := f.flush()
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = f.file.Close()
	return err
}
