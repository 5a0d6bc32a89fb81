package cli

import (
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
)

// handed is a socket as it is handed over: a descriptor with a name.
func handed(t *testing.T, name string, socket syscall.Conn) *os.File {
	t.Helper()
	raw, err := socket.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var file *os.File
	if err := raw.Control(func(fd uintptr) {
		duplicate, failed := syscall.Dup(int(fd))
		if failed == nil {
			file = os.NewFile(uintptr(duplicate), name)
		}
	}); err != nil || file == nil {
		t.Fatalf("duplicate a descriptor: %v", err)
	}
	return file
}

func TestSocketsThatAreHandedOver(t *testing.T) {
	tcp, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	s, err := namedSockets([]*os.File{handed(t, "git", tcp), handed(t, "http3", udp), handed(t, "http", udp), handed(t, "https", tcp)})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	listener, err := s.inherited("git", "git.listen", tcp.Addr().String())
	if err != nil || listener == nil || listener.Addr().String() != tcp.Addr().String() {
		t.Fatalf("got %v, %v", listener, err)
	}
	listener.Close()
	if again, err := s.inherited("git", "git.listen", tcp.Addr().String()); again != nil || err != nil {
		t.Errorf("it is given twice: %v, %v", again, err)
	}
	packets, err := s.inheritedPackets("http3", "ingress.listenTLS", udp.LocalAddr().String())
	if err != nil || packets == nil {
		t.Fatalf("got %v, %v", packets, err)
	}
	packets.Close()
	for _, wrong := range []struct{ name, key, configured, says string }{
		{"http", "ingress.listen", udp.LocalAddr().String(), "ListenStream="},
		{"https", "ingress.listenTLS", ":1", "PAASTECH_INGRESS_LISTENTLS"},
	} {
		if _, err := s.inherited(wrong.name, wrong.key, wrong.configured); err == nil || !strings.Contains(err.Error(), wrong.says) {
			t.Errorf("%s: %v", wrong.name, err)
		}
	}
	for _, names := range [][]string{{"paastech.socket"}, {"git", "git"}} {
		var files []*os.File
		for _, name := range names {
			files = append(files, handed(t, name, tcp))
		}
		if _, err := namedSockets(files); err == nil || !strings.Contains(err.Error(), names[0]) {
			t.Errorf("%v: %v", names, err)
		}
	}
}
