package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"slices"
	"strings"

	"github.com/coreos/go-systemd/v22/activation"
	"golang.org/x/sys/unix"
)

// The names under which the sockets of the daemon are handed over (FileDescriptorName= of systemd.socket(5)),
// and the key that says where each is.
const (
	socketHTTP      = "http"
	socketHTTPS     = "https"
	socketHTTP3     = "http3"
	socketDashboard = "dashboard"
	socketGit       = "git"
)

var socketNames = []string{socketHTTP, socketHTTPS, socketHTTP3, socketDashboard, socketGit}

// sockets are those that were bound before the daemon began, and that somebody else keeps open while none
// runs: connections then wait instead of being refused (sd_listen_fds(3)).
type sockets struct {
	files map[string]*os.File // by name; not yet taken
	names []string            // of what the daemon listens on
	bound []*os.File          // descriptors of those, for the next daemon
	ready *os.File            // where the daemon before waits to hear that this one is ready; nil: there is none
}

// inheritedSockets takes what systemd, or a daemon that is being replaced, hands over; that may be nothing.
func inheritedSockets() (*sockets, error) {
	handed, is := os.LookupEnv(handedVariable)
	if !is {
		return namedSockets(activation.Files(true))
	}
	if err := os.Unsetenv(handedVariable); err != nil {
		return nil, err
	}
	var files []*os.File
	var ready *os.File
	for i, name := range strings.Split(handed, ":") {
		unix.CloseOnExec(firstHanded + i)
		file := os.NewFile(uintptr(firstHanded+i), name)
		if name == readyName {
			ready = file
			continue
		}
		files = append(files, file)
	}
	s, err := namedSockets(files)
	if err != nil {
		return nil, err
	}
	s.ready = ready
	return s, nil
}

func namedSockets(files []*os.File) (*sockets, error) {
	s := &sockets{files: map[string]*os.File{}}
	for _, file := range files {
		name := file.Name()
		switch {
		case !slices.Contains(socketNames, name):
			return nil, errors.Join(fmt.Errorf("a socket named %q was handed over: FileDescriptorName= is one of %s", name, strings.Join(socketNames, ", ")), closeFiles(files))
		case s.files[name] != nil:
			return nil, errors.Join(fmt.Errorf("two sockets named %q were handed over: the daemon listens at one address for each", name), closeFiles(files))
		}
		s.files[name] = file
	}
	return s, nil
}

// listener is the socket of a name as a listener, bound now when it was not handed over. It has to be where
// the configuration says under that key.
func (s *sockets) listener(ctx context.Context, name, key, configured string) (net.Listener, error) {
	listener, err := s.inherited(name, key, configured)
	if err == nil && listener == nil {
		listener, err = new(net.ListenConfig).Listen(ctx, "tcp", configured)
	}
	if err != nil {
		return nil, explainListen(err, map[string]string{configured: key})
	}
	return listener, s.keep(name, listener)
}

// keep keeps a descriptor of a socket for the next daemon: the socket then stays open when its listener is closed.
func (s *sockets) keep(name string, socket any) error {
	source, is := socket.(interface{ File() (*os.File, error) })
	if !is {
		return fmt.Errorf("keep the socket %q: %T has no descriptor", name, socket)
	}
	file, err := source.File()
	if err != nil {
		return fmt.Errorf("keep the socket %q: %w", name, err)
	}
	s.names, s.bound = append(s.names, name), append(s.bound, file)
	return nil
}

// inherited is nil when nothing of that name was handed over.
func (s *sockets) inherited(name, key, configured string) (net.Listener, error) {
	file := s.take(name)
	if file == nil {
		return nil, nil
	}
	defer file.Close() // the listener has a descriptor of its own
	listener, err := net.FileListener(file)
	if err != nil {
		return nil, fmt.Errorf("the socket %q that was handed over takes no connections: %w; it is ListenStream= in its unit", name, err)
	}
	if err := sameAddress(name, key, configured, listener.Addr()); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

// packets is the same for UDP, at the address of a listener. Without an error it may be nil: then the port is
// another's.
func (s *sockets) packets(ctx context.Context, name, key string, beside net.Listener) (net.PacketConn, error) {
	conn, err := s.inheritedPackets(name, key, beside.Addr().String())
	if err != nil {
		return nil, err
	}
	if conn == nil {
		if conn, err = new(net.ListenConfig).ListenPacket(ctx, "udp", beside.Addr().String()); err != nil {
			return nil, nil
		}
	}
	return conn, s.keep(name, conn)
}

func (s *sockets) inheritedPackets(name, key, configured string) (net.PacketConn, error) {
	file := s.take(name)
	if file == nil {
		return nil, nil
	}
	defer file.Close()
	conn, err := net.FilePacketConn(file)
	if err != nil {
		return nil, fmt.Errorf("the socket %q that was handed over takes no packets: %w; it is ListenDatagram= in its unit", name, err)
	}
	if err := sameAddress(name, key, configured, conn.LocalAddr()); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

func (s *sockets) take(name string) *os.File {
	file := s.files[name]
	delete(s.files, name)
	return file
}

// Close gives up what was handed over and not taken, and what was kept for the next daemon: whoever comes when
// this one ends is then refused, unless somebody else has the sockets, too.
func (s *sockets) Close() error {
	left := slices.Collect(maps.Values(s.files))
	left = append(left, s.bound...)
	s.files, s.bound, s.names = nil, nil, nil
	return closeFiles(left)
}

func closeFiles(files []*os.File) (err error) {
	for _, file := range files {
		err = errors.Join(err, file.Close())
	}
	return err
}

// sameAddress compares ports: one address has several names, and one port of a host leads to one socket.
func sameAddress(name, key, configured string, bound net.Addr) error {
	_, wanted, err := net.SplitHostPort(configured)
	if err != nil {
		return fmt.Errorf("%s (%s) is %q, but a socket named %q was handed over: give address and port", key, environmentName(key), configured, name)
	}
	if _, port, _ := net.SplitHostPort(bound.String()); wanted != port && wanted != "0" {
		return fmt.Errorf("%s (%s) is %q, but the socket named %q that was handed over is %s: let both say the same", key, environmentName(key), configured, name, bound)
	}
	return nil
}

// environmentName is the variable that a configuration key is read from.
func environmentName(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}
