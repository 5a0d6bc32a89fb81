package registry

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// Free ports are looked for below the range that Linux gives to outgoing connections, so that none
// of those holds the port when the registry starts again.
const (
	firstPort = 20000
	lastPort  = 30000
	attempts  = 50
)

// listen opens both listeners on one port. Images are named by it, so it stays the same: a port
// that was found once is remembered in dir.
func listen(ctx context.Context, dir string, options Options) (pull, build net.Listener, err error) {
	if options.Port != 0 {
		return listenOn(ctx, options, options.Port)
	}
	remembered := filepath.Join(dir, "port")
	switch port, err := readPort(remembered); {
	case err == nil:
		pull, build, err = listenOn(ctx, options, port)
		if err != nil {
			return nil, nil, fmt.Errorf("port %d is remembered in %s because images are named by it: %w", port, remembered, err)
		}
		return pull, build, nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, nil, fmt.Errorf("read the registry's port: %w", err)
	}
	if pull, build, err = listenAnywhere(ctx, options); err != nil {
		return nil, nil, err
	}
	if err := writePort(remembered, pull.Addr()); err != nil {
		return nil, nil, errors.Join(fmt.Errorf("remember the registry's port: %w", err), closeBoth(pull, build))
	}
	return pull, build, nil
}

func listenAnywhere(ctx context.Context, options Options) (pull, build net.Listener, err error) {
	for range attempts {
		pull, build, err = listenOn(ctx, options, firstPort+rand.IntN(lastPort-firstPort))
		if !errors.Is(err, syscall.EADDRINUSE) {
			return pull, build, err
		}
	}
	return nil, nil, err
}

func listenOn(ctx context.Context, options Options, port int) (pull, build net.Listener, err error) {
	pull, err = listenTCP(ctx, netip.AddrFrom4([4]byte{127, 0, 0, 1}), port)
	if err != nil || !options.Build.IsValid() {
		return pull, nil, err
	}
	build, err = listenTCP(ctx, options.Build, port)
	if err != nil {
		return nil, nil, errors.Join(err, pull.Close())
	}
	return pull, &peerListener{Listener: build, peers: options.Peers}, nil
}

func listenTCP(ctx context.Context, address netip.Addr, port int) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", netip.AddrPortFrom(address, uint16(port)).String())
	if err != nil {
		return nil, fmt.Errorf("open the registry's listener: %w", err)
	}
	return listener, nil
}

func closeBoth(pull, build net.Listener) error {
	err := pull.Close()
	if build != nil {
		err = errors.Join(build.Close(), err)
	}
	return err
}

func readPort(path string) (int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	port, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 16)
	if err != nil || port == 0 {
		return 0, fmt.Errorf("%s does not hold a port's number: %q", path, text)
	}
	return int(port), nil
}

// writePort puts the number down whole or not at all.
func writePort(path string, address net.Addr) error {
	bound, err := netip.ParseAddrPort(address.String())
	if err != nil {
		return err
	}
	temporary := path + ".new"
	if err := os.WriteFile(temporary, fmt.Appendln(nil, bound.Port()), 0o600); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

// peerListener closes connections from anywhere but its peers and the host before a byte is read.
type peerListener struct {
	net.Listener
	peers []netip.Prefix
}

// Accept waits for a connection from a peer.
func (l *peerListener) Accept() (net.Conn, error) {
	for {
		connection, err := l.Listener.Accept()
		if err != nil || l.admits(connection.RemoteAddr()) {
			return connection, err
		}
		_ = connection.Close() // nobody is told about it
	}
}

func (l *peerListener) admits(address net.Addr) bool {
	from, err := netip.ParseAddrPort(address.String())
	if err != nil {
		return false
	}
	peer := from.Addr().Unmap()
	return slices.ContainsFunc(l.peers, func(p netip.Prefix) bool { return p.Contains(peer) }) || isHost(peer)
}

// isHost tells whether an address is the host's own; they are asked for anew because they change.
// The engine's masquerade makes the host appear with its primary one.
func isHost(peer netip.Addr) bool {
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	return slices.ContainsFunc(addresses, func(a net.Addr) bool {
		prefix, err := netip.ParsePrefix(a.String())
		return err == nil && prefix.Addr() == peer
	})
}
