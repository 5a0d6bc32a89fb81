package socket_test

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/web/socket"
)

func TestLongAndShortPaths(t *testing.T) {
	for _, name := range []string{"short", strings.Repeat("long/", 40)} {
		dir := filepath.Join(t.TempDir(), name)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "paastech.sock")
		for range 2 { // the second finds what the first left behind
			talk(t, path)
		}
		left, err := os.ReadDir(dir)
		if err != nil || len(left) != 1 {
			t.Errorf("%d entries beside the socket, %v", len(left)-1, err)
		}
	}
}

func talk(t *testing.T, path string) {
	t.Helper()
	listener, err := socket.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	conn, err := socket.Dial(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := accepted.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	accepted.Close()
	if got, err := io.ReadAll(conn); err != nil || string(got) != "hello" {
		t.Errorf("read %q, %v", got, err)
	}
}

func TestNobodyListens(t *testing.T) {
	path := filepath.Join(t.TempDir(), "paastech.sock")
	if conn, err := socket.Dial(t.Context(), path); err == nil {
		conn.Close()
		t.Error("a socket that is not there was dialled")
	} else if _, ok := err.(net.Error); !ok {
		t.Errorf("%T", err)
	}
}
