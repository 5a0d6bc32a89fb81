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
)

// Free ports are looked for below the range that Linux gives to outgoing connections, so that none
// of those holds the port when the registry starts again.
const (
	firstPort = 20000
	lastPort  = 30000
	attempts  = 50
)

// choosePort returns the registry's port: the configured one or, when that is 0, the one remembered
// in dir. The first time it finds a free one. Images are named by it, so it stays the same.
func choosePort(ctx context.Context, dir string, configured int) (int, error) {
	if configured != 0 {
		return configured, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, fmt.Errorf("registry directory: %w", err)
	}
	remembered := filepath.Join(dir, "port")
	port, err := readPort(remembered)
	if !errors.Is(err, fs.ErrNotExist) {
		return port, err
	}
	for range attempts {
		port = firstPort + rand.IntN(lastPort-firstPort)
		var free net.Listener
		free, err = listenTCP(ctx, netip.IPv4Unspecified(), port)
		if err == nil {
			return port, errors.Join(free.Close(), writePort(remembered, port))
		}
	}
	return 0, fmt.Errorf("find a free port for the registry: %w", err)
}

// listen opens both listeners on one port.
func listen(ctx context.Context, dir string, options Options) (pull, build net.Listener, err error) {
	port, err := choosePort(ctx, dir, options.Port)
	if err != nil {
		return nil, nil, err
	}
	pull, build, err = listenOn(ctx, options, port)
	if err != nil && options.Port == 0 {
		err = fmt.Errorf("port %d is remembered in %s because images are named by it: %w", port, filepath.Join(dir, "port"), err)
	}
	return pull, build, err
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
func writePort(path string, port int) error {
	temporary := path + ".new"
	if err := os.WriteFile(temporary, fmt.Appendln(nil, port), 0o600); err != nil {
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
