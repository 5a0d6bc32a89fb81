package ingress

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/ingress/certificate"
	"github.com/paastech-cloud/paastech/paas"
)

// TestMain lets a benchmark start this program again as one of the processes it measures.
func TestMain(m *testing.M) {
	roles := map[string]func(address, target string, hosts int) error{"application": serveApplication, "ingress": serveIngress, "bare": serveBare}
	role, ok := roles[os.Getenv("PAASTECH_PEER")]
	if !ok {
		os.Exit(m.Run())
	}
	hosts, _ := strconv.Atoi(os.Getenv("PAASTECH_PEER_HOSTS"))
	if err := role(os.Getenv("PAASTECH_PEER_ADDRESS"), os.Getenv("PAASTECH_PEER_TARGET"), hosts); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serveApplication answers with as many bytes as the path names, swallows uploads and echoes WebSockets.
func serveApplication(address, _ string, _ int) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/upload", func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprint(w, n)
	})
	mux.HandleFunc("/ws", func(w http.ResponseWriter, r *http.Request) {
		proof := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) //nolint:gosec // RFC 6455, 4.2.2
		connection, both, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer connection.Close()
		fmt.Fprintf(connection, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: %s\r\n\r\n", base64.StdEncoding.EncodeToString(proof[:]))
		_, _ = io.Copy(connection, both)
	})
	mux.HandleFunc("/{size}", func(w http.ResponseWriter, r *http.Request) {
		size, _ := strconv.Atoi(r.PathValue("size"))
		w.Header().Set("Content-Length", strconv.Itoa(size))
		_, _ = w.Write(make([]byte, size))
	})
	return http.ListenAndServe(address, mux) //nolint:gosec // a benchmark's
}

// serveIngress is the ingress alone in a process, with many hosts that lead to the one application.
func serveIngress(address, target string, hosts int) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	options := Options{Listen: address, Log: discard()}
	if file := servedPair(); file.Certificate != "" {
		options.Listen = "127.0.0.1:0"
		options.TLS = &TLS{Listen: address, Certificates: certificate.Options{Dir: filepath.Dir(file.Key), Files: []certificate.File{file}}}
	}
	i, err := New(ctx, options)
	if err != nil {
		return err
	}
	for n := range hosts {
		route := live(netip.MustParseAddrPort(target))
		route.Host, route.Project = paas.Hostname(peerHost(n)), paas.ProjectID(peerHost(n))
		i.Replace(route)
	}
	return i.Run(ctx)
}

func peerHost(n int) string { return fmt.Sprintf("h%d.example.com", n) }

// serveBare is the least that a Go program has to do: httputil's proxy, with a transport that keeps
// enough connections and a pool of buffers.
func serveBare(address, target string, _ int) error {
	upstream := &url.URL{Scheme: "http", Host: target}
	proxy := &httputil.ReverseProxy{
		Rewrite:    func(r *httputil.ProxyRequest) { r.SetURL(upstream); r.SetXForwarded() },
		Transport:  &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true},
		BufferPool: newBufferPool(),
		ErrorLog:   log.New(io.Discard, "", 0),
	}
	if file := servedPair(); file.Certificate != "" {
		return http.ListenAndServeTLS(address, file.Certificate, file.Key, proxy) //nolint:gosec // a benchmark's
	}
	return http.ListenAndServe(address, proxy) //nolint:gosec // a benchmark's
}

// servedPair is the certificate that a process of ours serves with; empty without TLS.
func servedPair() certificate.File {
	return certificate.File{Certificate: os.Getenv("PAASTECH_PEER_CERTIFICATE"), Key: os.Getenv("PAASTECH_PEER_KEY")}
}

// peer is a proxy in a process of its own.
type peer struct {
	name    string
	command func(b *testing.B, secure *peersTLS, address, target string) *exec.Cmd
}

func itself(role string, hosts int) func(*testing.B, *peersTLS, string, string) *exec.Cmd {
	return func(_ *testing.B, secure *peersTLS, address, target string) *exec.Cmd {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "PAASTECH_PEER="+role, "PAASTECH_PEER_ADDRESS="+address, "PAASTECH_PEER_TARGET="+target, fmt.Sprint("PAASTECH_PEER_HOSTS=", hosts))
		if secure != nil {
			cmd.Env = append(cmd.Env, "PAASTECH_PEER_CERTIFICATE="+secure.file.Certificate, "PAASTECH_PEER_KEY="+secure.file.Key)
		}
		return cmd
	}
}

// peersTLS is the certificate of all that are measured over TLS; nil: they are measured without.
type peersTLS struct {
	file certificate.File
	both string // certificate and key in one file, as HAProxy wants it
}

func newPeersTLS(b *testing.B) *peersTLS {
	b.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(b, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{peerHost(0)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour)}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(b, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	must(b, err)
	dir := b.TempDir()
	p := &peersTLS{file: certificate.File{Certificate: filepath.Join(dir, "certificate.pem"), Key: filepath.Join(dir, "key.pem")}, both: filepath.Join(dir, "both.pem")}
	public, private := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
	for name, text := range map[string][]byte{p.file.Certificate: public, p.file.Key: private, p.both: append(slices.Clone(public), private...)} {
		must(b, os.WriteFile(name, text, 0o600))
	}
	return p
}

// configured starts a program with a configuration; in it ADDRESS, PORT and TARGET stand for those, DIR for a directory,
// and what is between {{ and }} is for TLS alone, between [[ and ]] without it.
func configured(config string, command ...string) func(*testing.B, *peersTLS, string, string) *exec.Cmd {
	return func(b *testing.B, secure *peersTLS, address, target string) *exec.Cmd {
		dir := b.TempDir()
		file := filepath.Join(dir, "config")
		_, port, err := net.SplitHostPort(address)
		must(b, err)
		words := []string{"ADDRESS", address, "PORT", port, "TARGET", target, "DIR", dir, "FILE", file}
		if secure != nil {
			words = append(words, "CERTIFICATE", secure.file.Certificate, "KEY", secure.file.Key, "BOTH", secure.both)
		}
		dropped := regexp.MustCompile(`(?s)\{\{.*?\}\}`)
		if secure != nil {
			dropped = regexp.MustCompile(`(?s)\[\[.*?\]\]`)
		}
		config := strings.NewReplacer("{{", "", "}}", "", "[[", "", "]]", "").Replace(dropped.ReplaceAllString(config, ""))
		must(b, os.WriteFile(file, []byte(strings.NewReplacer(words...).Replace(config)), 0o600))
		arguments := make([]string, 0, len(command))
		for _, argument := range command {
			arguments = append(arguments, strings.NewReplacer(words...).Replace(argument))
		}
		return exec.Command(arguments[0], arguments[1:]...)
	}
}

func peers() []peer {
	return []peer{
		{"ingress", itself("ingress", 1)},
		{"ingress-1000-hosts", itself("ingress", 1000)},
		{"ingress-10000-hosts", itself("ingress", 10_000)},
		{"bare", itself("bare", 0)},
		{"nginx", configured(`daemon off; worker_processes 2; pid DIR/pid; error_log /dev/null; events { worker_connections 4096; }
http { access_log off; proxy_temp_path DIR; client_body_temp_path DIR; fastcgi_temp_path DIR; uwsgi_temp_path DIR; scgi_temp_path DIR; keepalive_requests 1000000000; proxy_request_buffering off;
upstream application { server TARGET; keepalive 256; keepalive_requests 1000000000; }
server { [[listen ADDRESS;]]{{listen ADDRESS ssl http2; ssl_certificate CERTIFICATE; ssl_certificate_key KEY; ssl_session_cache shared:s:1m;}}
location / { proxy_pass http://application; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;
proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme; }
location /ws { proxy_pass http://application; proxy_http_version 1.1; proxy_set_header Connection "Upgrade"; proxy_set_header Upgrade $http_upgrade; proxy_set_header Host $http_host; } } }
`, "nginx", "-c", "FILE", "-p", "DIR")},
		{"haproxy", configured(`global
  nbthread 2
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  timeout tunnel 60s
  http-reuse always
frontend f
  bind ADDRESS{{ ssl crt BOTH alpn h2,http/1.1}}
  option forwardfor
  default_backend b
backend b
  server s TARGET
`, "haproxy", "-f", "FILE")},
		{"caddy", configured(`{
	admin off
	auto_https off
	storage file_system DIR
	[[http_port PORT]]{{https_port PORT}}
	default_bind 127.0.0.1
}
[[http://]]{{https://h0.example.com}} {
	{{tls CERTIFICATE KEY}}
	reverse_proxy TARGET
}
`, "caddy", "run", "--adapter", "caddyfile", "--config", "FILE")},
	}
}

// running starts a process and waits until it takes connections.
func (p peer) start(b *testing.B, secure *peersTLS, target string) (address string, process *os.Process) {
	b.Helper()
	if target == "" {
		target = "none"
	}
	address = freeAddress(b)
	cmd := p.command(b, secure, address, target)
	cmd.Stderr = os.Stderr
	if p.name == "caddy" || p.name == "haproxy" {
		cmd.Stderr = nil // they tell their whole start
	}
	must(b, cmd.Start())
	b.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, ServerName: peerHost(0)}}}
	defer client.CloseIdleConnections()
	for range 200 {
		request, err := http.NewRequest(http.MethodGet, schemeOf(secure)+"://"+address+"/1", nil)
		must(b, err)
		request.Host = peerHost(0)
		answer, err := client.Do(request)
		if err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return address, cmd.Process
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	b.Fatalf("%s did not begin to answer", p.name)
	return "", nil
}

func schemeOf(secure *peersTLS) string {
	if secure != nil {
		return schemeSecure
	}
	return schemePlain
}

func freeAddress(b *testing.B) string {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(b, err)
	defer listener.Close()
	return listener.Addr().String()
}
