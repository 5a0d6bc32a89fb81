package ingress

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

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

// serveApplication answers with as many bytes as the path names.
func serveApplication(address, _ string, _ int) error {
	mux := http.NewServeMux()
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
	i, err := New(ctx, Options{Listen: address, Log: discard()})
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
	return http.ListenAndServe(address, &httputil.ReverseProxy{ //nolint:gosec // a benchmark's
		Rewrite:    func(r *httputil.ProxyRequest) { r.SetURL(upstream); r.SetXForwarded() },
		Transport:  &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true},
		BufferPool: newBufferPool(),
		ErrorLog:   log.New(io.Discard, "", 0),
	})
}

// peer is a proxy in a process of its own.
type peer struct {
	name    string
	command func(b *testing.B, address, target string) *exec.Cmd
}

func itself(role string, hosts int) func(*testing.B, string, string) *exec.Cmd {
	return func(_ *testing.B, address, target string) *exec.Cmd {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "PAASTECH_PEER="+role, "PAASTECH_PEER_ADDRESS="+address, "PAASTECH_PEER_TARGET="+target, fmt.Sprint("PAASTECH_PEER_HOSTS=", hosts))
		return cmd
	}
}

// configured starts a program with a configuration; in it %[1]s is the address, %[2]s the target, %[3]s a
// directory and %[4]s the address's port.
func configured(config string, command ...string) func(*testing.B, string, string) *exec.Cmd {
	return func(b *testing.B, address, target string) *exec.Cmd {
		dir := b.TempDir()
		file := filepath.Join(dir, "config")
		_, port, err := net.SplitHostPort(address)
		must(b, err)
		must(b, os.WriteFile(file, fmt.Appendf(nil, config, address, target, dir, port), 0o600))
		arguments := make([]string, 0, len(command))
		for _, argument := range command {
			arguments = append(arguments, strings.NewReplacer("FILE", file, "DIR", dir).Replace(argument))
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
		{"nginx", configured(`daemon off; worker_processes 2; pid %[3]s/pid; error_log /dev/null; events { worker_connections 4096; }
http { access_log off; proxy_temp_path %[3]s; client_body_temp_path %[3]s; fastcgi_temp_path %[3]s; uwsgi_temp_path %[3]s; scgi_temp_path %[3]s; keepalive_requests 1000000000;
upstream application { server %[2]s; keepalive 256; keepalive_requests 1000000000; }
# %[4]s
server { listen %[1]s; location / { proxy_pass http://application; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;
proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme; } } }
`, "nginx", "-c", "FILE", "-p", "DIR")},
		{"haproxy", configured(`global
  nbthread 2
defaults
  mode http
  timeout client 60s
  timeout server 60s
  timeout connect 5s
  http-reuse always
frontend f
  bind %[1]s
  option forwardfor
  default_backend b
backend b
  server s %[2]s
# %[3]s %[4]s
`, "haproxy", "-f", "FILE")},
		{"caddy", configured(`{
	admin off
	auto_https off
	storage file_system %[3]s
	http_port %[4]s
	default_bind 127.0.0.1
}
http:// {
	reverse_proxy %[2]s
}
`, "caddy", "run", "--adapter", "caddyfile", "--config", "FILE")},
	}
}

// running starts a process and waits until it takes connections.
func (p peer) start(b *testing.B, target string) (address string, process *os.Process) {
	b.Helper()
	if target == "" {
		target = "none"
	}
	address = freeAddress(b)
	cmd := p.command(b, address, target)
	cmd.Stderr = os.Stderr
	if p.name == "caddy" || p.name == "haproxy" {
		cmd.Stderr = nil // they tell their whole start
	}
	must(b, cmd.Start())
	b.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	client := &http.Client{Timeout: time.Second}
	defer client.CloseIdleConnections()
	for range 200 {
		request, err := http.NewRequest(http.MethodGet, "http://"+address+"/1", nil)
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

func freeAddress(b *testing.B) string {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(b, err)
	defer listener.Close()
	return listener.Addr().String()
}
