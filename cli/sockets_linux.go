package cli

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/coreos/go-systemd/v22/activation"
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

// sockets are those that were bound before the daemon began, and that somebody else keeps open while none
// runs: connections then wait instead of being refused (sd_listen_fds(3)).
type sockets struct {
	files map[string]*os.File // by name; not yet taken
}

// inheritedSockets takes what systemd hands over, which may be nothing.
func inheritedSockets() (*sockets, error) { return namedSockets(activation.Files(true)) }

func namedSockets(files []*os.File) (*sockets, error) {
	s := &sockets{files: map[string]*os.File{}}
	for _, file := range files {
		name := file.Name()
		switch {
		case name != socketHTTP && name != socketHTTPS && name != socketHTTP3 && name != socketDashboard && name != socketGit:
			return nil, errors.Join(fmt.Errorf("a socket named %q was handed over: FileDescriptorName= is one of http, https, http3, dashboard, git", name), closeFiles(files))
		case s.files[name] != nil:
			return nil, errors.Join(fmt.Errorf("two sockets named %q were handed over: the daemon listens at one address for each", name), closeFiles(files))
		}
		s.files[name] = file
	}
	return s, nil
}

// listener is the socket of a name as a listener; nil when it was not handed over. It has to be where the
// configuration says under that key.
func (s *sockets) listener(name, key, configured string) (net.Listener, error) {
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

// packets is the same for UDP.
func (s *sockets) packets(name, key, configured string) (net.PacketConn, error) {
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

// Close gives up what the configuration has no use for.
func (s *sockets) Close() error {
	var left []*os.File
	for _, file := range s.files {
		left = append(left, file)
	}
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
