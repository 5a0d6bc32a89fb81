package cli

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// notifySocket is a socket as systemd has one; what it was told last is returned by the function, empty when
// nothing came in time.
func notifySocket(t *testing.T) func(time.Duration) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "sd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	return func(within time.Duration) string {
		if err := conn.SetReadDeadline(time.Now().Add(within)); err != nil {
			t.Fatal(err)
		}
		message := make([]byte, 512)
		n, err := conn.Read(message)
		if err != nil {
			return ""
		}
		return string(message[:n])
	}
}

func TestSystemdIsTold(t *testing.T) {
	told := notifySocket(t)
	s := supervisor{slog.New(slog.DiscardHandler)}
	s.ready()
	if got := told(time.Second); got != fmt.Sprintf("MAINPID=%d\nREADY=1", os.Getpid()) {
		t.Errorf("told %q", got)
	}
	s.ending()
	if got := told(time.Second); got != "STOPPING=1" {
		t.Errorf("told %q", got)
	}
}

// TestWatchdogIsToldWhileAllAnswer: what answers 503 or closes the connection is alive, what is silent is not.
func TestWatchdogIsToldWhileAllAnswer(t *testing.T) {
	told := notifySocket(t)
	t.Setenv("WATCHDOG_USEC", fmt.Sprint((900 * time.Millisecond).Microseconds()))
	t.Setenv("WATCHDOG_PID", fmt.Sprint(os.Getpid()))
	var hangs atomic.Bool
	sick := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if hangs.Load() {
			<-r.Context().Done()
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer sick.Close()
	closing := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer closing.Close()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		done <- supervisor{slog.New(slog.NewTextHandler(t.Output(), nil))}.watch(ctx, []string{sick.Listener.Addr().String(), closing.Listener.Addr().String()})
	}()
	for range 3 {
		if got := told(5 * time.Second); got != "WATCHDOG=1" {
			t.Fatalf("told %q", got)
		}
	}
	hangs.Store(true)
	quiet := 0
	for range 20 { // one that was on its way may still come
		if told(500*time.Millisecond) == "" {
			quiet++
		}
		if quiet == 2 {
			break
		}
	}
	if quiet < 2 {
		t.Error("the watchdog is told although an address is silent")
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
