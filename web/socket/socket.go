// Package socket binds and dials the daemon's unix sockets, however long their paths are.
package socket

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// maxPath is what sun_path holds on every system we run on, without the closing NUL (unix(7): 108 on
// Linux, 104 elsewhere).
const maxPath = 103

// Listen binds path, for this user alone (0600), in place of whatever an earlier daemon left there.
// Only one daemon has a data directory, so nobody else's socket can be in the way.
func Listen(path string) (net.Listener, error) {
	// Bound inside a directory of its own, so that nobody can dial before the mode is right; the
	// move puts it in place of a stale one in one step.
	private, err := os.MkdirTemp(filepath.Dir(path), ".s-")
	if err != nil {
		return nil, fmt.Errorf("make a place for the socket: %w", err)
	}
	defer os.RemoveAll(private)
	bound := filepath.Join(private, "s")
	var listener *net.UnixListener
	err = within(bound, func(short string) error {
		listener, err = net.ListenUnix("unix", &net.UnixAddr{Name: short, Net: "unix"})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	listener.SetUnlinkOnClose(false)
	if err := os.Chmod(bound, 0o600); err != nil {
		listener.Close()
		return nil, fmt.Errorf("protect the socket: %w", err)
	}
	if err := os.Rename(bound, path); err != nil {
		listener.Close()
		return nil, fmt.Errorf("put the socket in place: %w", err)
	}
	return listener, nil
}

// Dial connects to the socket at path.
func Dial(ctx context.Context, path string) (net.Conn, error) {
	var conn net.Conn
	err := within(path, func(short string) (err error) {
		conn, err = new(net.Dialer).DialContext(ctx, "unix", short)
		return err
	})
	return conn, err
}

// within calls use with a name for path that fits into a socket's address: path itself or, when that
// is too long, a way through the open directory's entry below /proc/self/fd (Linux, where daemons run).
func within(path string, use func(short string) error) error {
	if len(path) <= maxPath {
		return use(path)
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return use(fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(path)))
}
