package ingress

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pires/go-proxyproto"

	"github.com/paastech-cloud/paastech/ingress/certificate"
)

var loopback = netip.MustParsePrefix("127.0.0.0/8")

// origin answers with what the application is told about its client.
func origin(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "%s from %s", r.URL.Path, strings.Join(r.Header.Values("X-Forwarded-For"), "|"))
}

// TestAProxySaysWhoComes in both versions of the PROXY protocol, on every road; and who is not trusted to say it is
// not believed.
func TestAProxySaysWhoComes(t *testing.T) {
	target := upstream(t, origin)
	secret := TLS{Listen: "127.0.0.1:0", Certificates: certificate.Options{Dir: t.TempDir()}}
	believing := runningAt(t, Options{Listen: "127.0.0.1:0", TLS: &secret, ProxyProtocol: []netip.Prefix{loopback}})
	plain := running(t, Options{ProxyProtocol: []netip.Prefix{loopback}})
	doubting := running(t, Options{})
	for _, i := range []*Ingress{believing, plain, doubting} {
		i.Replace(live(target))
	}
	client, here := &net.TCPAddr{IP: net.IPv4(203, 0, 113, 9), Port: 4000}, &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 443}
	client6, here6 := &net.TCPAddr{IP: net.ParseIP("2001:db8::9"), Port: 4000}, &net.TCPAddr{IP: net.ParseIP("2001:db8::1"), Port: 443}
	header := func(version byte, from, to net.Addr) string {
		text, err := proxyproto.HeaderProxyFromAddrs(version, from, to).Format()
		must(t, err)
		return string(text)
	}
	local := header(2, nil, nil) // a proxy's own question
	const usual, long = "GET /usual HTTP/1.1\r\nHost: app.example.com\r\n\r\n", "GET /long HTTP/1.1\r\nHost: app.example.com\r\nExpect: 100-continue\r\nX-Forwarded-For: 198.51.100.7\r\n\r\n"
	for name, c := range map[string]struct{ said, want string }{
		"version 1":            {header(1, client, here), "203.0.113.9"},
		"version 1, IPv6":      {header(1, client6, here6), "2001:db8::9"},
		"version 2":            {header(2, client, here), "203.0.113.9"},
		"version 2, IPv6":      {header(2, client6, here6), "2001:db8::9"},
		"unknown":              {"PROXY UNKNOWN\r\n", "127.0.0.1"},
		"a proxy's own":        {local, "127.0.0.1"},
		"none":                 {"", "127.0.0.1"},
		"with TLVs of 3000 B ": {withTLV(t, client, here), "203.0.113.9"},
	} {
		for road, text := range map[string]string{"usual": usual, "long": long} {
			if got := introduce(t, plain.Address(), c.said, text, false); !strings.HasSuffix(got, "/"+road+" from "+c.want) {
				t.Errorf("%s: %s: %q", name, road, got)
			}
			if got := introduce(t, believing.AddressTLS(), c.said, text, true); !strings.HasSuffix(got, "/"+road+" from "+c.want) {
				t.Errorf("%s over TLS: %s: %q", name, road, got)
			}
		}
	}
	if got := introduce(t, doubting.Address(), header(1, client, here), usual, false); !strings.Contains(got, "400 Bad Request") {
		t.Errorf("who is not to be believed: %q", got)
	}
	for _, nonsense := range []string{"PROXY nonsense\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 99999 1\r\n", "PROXY TCP4 " + strings.Repeat("9", 200) + "\r\n", "\r\n\r\n\x00\r\nQUIT\n\xff\x11\x00\x0c"} {
		if got := introduce(t, plain.Address(), nonsense, usual, false); got != "" {
			t.Errorf("%q was answered: %q", nonsense, got)
		}
	}
	began := time.Now()
	if got := introduce(t, plain.Address(), "PROXY TCP4 1", "", false); got != "" || time.Since(began) > 20*time.Second {
		t.Errorf("half a header: %q after %s", got, time.Since(began))
	}
}

func withTLV(t *testing.T, from, to net.Addr) string {
	header := proxyproto.HeaderProxyFromAddrs(2, from, to)
	must(t, header.SetTLVs([]proxyproto.TLV{{Type: proxyproto.PP2_TYPE_NOOP, Value: make([]byte, 3000)}}))
	text, err := header.Format()
	must(t, err)
	return string(text)
}

// introduce sends what a proxy says and a request, and returns all that is answered.
func introduce(t *testing.T, address, said, text string, secure bool) string {
	t.Helper()
	connection, err := net.Dial("tcp", address)
	must(t, err)
	defer connection.Close()
	must(t, connection.SetDeadline(time.Now().Add(30*time.Second)))
	first := said
	if !secure {
		first += text // in one piece: some of it is read ahead
	}
	_, err = io.WriteString(connection, first)
	must(t, err)
	if secure {
		connection = tls.Client(connection, &tls.Config{InsecureSkipVerify: true, ServerName: string(app)})
		_, err = io.WriteString(connection, text)
		must(t, err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if err != nil {
		return ""
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	must(t, err)
	return answer.Status + " " + string(body)
}

// TestOneClientHasSoManyConnections: the next one is closed at once, and let in when another has ended, however
// it ended; other clients and trusted proxies are not counted with it.
func TestOneClientHasSoManyConnections(t *testing.T) {
	const most = 4
	i := running(t, Options{ConnectionsPerAddress: most, ProxyProtocol: []netip.Prefix{loopback}, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}})
	i.Replace(live(upstream(t, everything)))
	connect := func(client string) net.Conn {
		connection, err := net.Dial("tcp", i.Address())
		must(t, err)
		t.Cleanup(func() { _ = connection.Close() })
		must(t, connection.SetDeadline(time.Now().Add(10*time.Second)))
		kind := "TCP4"
		if strings.Contains(client, ":") {
			kind = "TCP6"
		}
		fmt.Fprintf(connection, "PROXY %s %s %s 1 2\r\n", kind, client, client)
		return connection
	}
	answered := func(connection net.Conn, request string) bool {
		if _, err := io.WriteString(connection, request); err != nil {
			return false
		}
		answer, err := http.ReadResponse(bufio.NewReader(connection), nil)
		return err == nil && answer.StatusCode < 400
	}
	const usual, unusual = "GET / HTTP/1.1\r\nHost: app.example.com\r\n\r\n", "GET / HTTP/1.1\r\nHost: app.example.com\r\nExpect: 100-continue\r\n\r\n"
	const upgrade = "GET /ws HTTP/1.1\r\nHost: app.example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	var open []net.Conn
	for n, request := range []string{usual, unusual, upgrade, usual} {
		connection := connect("192.0.2.7")
		if !answered(connection, request) {
			t.Fatalf("connection %d was not let in", n+1)
		}
		open = append(open, connection)
	}
	if answered(connect("192.0.2.7"), usual) {
		t.Error("one more than it may have was let in")
	}
	for _, other := range []string{"192.0.2.8", "2001:db8::7", "203.0.113.1", "203.0.113.1", "203.0.113.1", "203.0.113.1", "203.0.113.1"} {
		if !answered(connect(other), usual) {
			t.Errorf("%s was not let in", other)
		}
	}
	for n := range 4 {
		if !answered(connect(fmt.Sprintf("2001:db8:1::%d", n)), usual) {
			t.Errorf("address %d of a /64 was not let in", n)
		}
	}
	if answered(connect("2001:db8:1::ffff"), usual) {
		t.Error("a /64 counts as one client, and this was one too many")
	}
	for _, connection := range open {
		must(t, connection.Close())
		let := false
		for deadline := time.Now().Add(10 * time.Second); !let && time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
			next := connect("192.0.2.7")
			if let = answered(next, usual); !let {
				_ = next.Close()
			}
		}
		if !let {
			t.Error("a seat was not given back")
		}
	}
}
