package ingress

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/ingress/certificate"
	"github.com/paastech-cloud/paastech/paas"
)

// pebbleVersion is Let's Encrypt's own ACME server for tests.
const pebbleVersion = "v2.10.1"

// acmeWorld is a CA and a DNS server that the ingress meets as it meets real ones.
type acmeWorld struct {
	t             *testing.T
	directory     string         // URL
	trusted       *x509.CertPool // of the CA's own server
	roots         *x509.CertPool // of what the CA signs
	rootPEM       []byte
	records       string // URL of what DNS answers, to be changed; empty with a DNS server of the test's own
	dns           string // host:port
	plain, secure int    // where the CA asks

	mu  sync.Mutex
	log bytes.Buffer // of the CA; guarded by mu
}

// acmeOptions say how the CA is.
type acmeOptions struct {
	validity      time.Duration // of what it signs; 0: 90 days
	nonces        string        // percent of good nonces that it refuses
	noHTTP, noTLS bool          // a challenge that cannot succeed
	dns           string        // another DNS server than challtestsrv
}

func newACMEWorld(t *testing.T, o acmeOptions) *acmeWorld {
	t.Helper()
	w := &acmeWorld{t: t, plain: freePort(t), secure: freePort(t), dns: o.dns}
	if w.dns == "" {
		w.dns = fmt.Sprint("127.0.0.1:", freePort(t))
		management := fmt.Sprint("127.0.0.1:", freePort(t))
		w.records = "http://" + management
		w.start(nil, installed(t, "pebble-challtestsrv"), "-dnsserver", w.dns, "-management", management,
			"-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", "", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "")
	}
	listen, management := fmt.Sprint("127.0.0.1:", freePort(t)), fmt.Sprint("127.0.0.1:", freePort(t))
	config := w.configure(o, listen, management)
	w.start([]string{"PEBBLE_VA_NOSLEEP=1", "PEBBLE_AUTHZREUSE=0", "PEBBLE_WFE_NONCEREJECT=" + defaultString(o.nonces, "0")},
		installed(t, "pebble"), "-config", config, "-dnsserver", w.dns)
	w.directory = "https://" + listen + "/dir"
	w.rootPEM = w.await("https://" + management + "/roots/0")
	w.roots = x509.NewCertPool()
	w.roots.AppendCertsFromPEM(w.rootPEM)
	return w
}

func defaultString(text, instead string) string {
	if text == "" {
		return instead
	}
	return text
}

// configure writes Pebble's configuration; its own server has httptest's certificate.
func (w *acmeWorld) configure(o acmeOptions, listen, management string) string {
	t := w.t
	lender := httptest.NewTLSServer(nil)
	defer lender.Close()
	pair := lender.TLS.Certificates[0]
	w.trusted = x509.NewCertPool()
	w.trusted.AddCert(lender.Certificate())
	dir := t.TempDir()
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "cert.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}), 0o600))
	must(t, os.WriteFile(filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600))
	httpPort, tlsPort, validity := w.plain, w.secure, o.validity
	if o.noHTTP {
		httpPort = freePort(t)
	}
	if o.noTLS {
		tlsPort = freePort(t)
	}
	if validity == 0 {
		validity = 90 * 24 * time.Hour
	}
	text, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": listen, "managementListenAddress": management,
		"certificate": filepath.Join(dir, "cert.pem"), "privateKey": filepath.Join(dir, "key.pem"),
		"httpPort": httpPort, "tlsPort": tlsPort, "retryAfter": map[string]int{"authz": 1, "order": 1},
		"profiles": map[string]any{"default": map[string]any{"description": "a test's", "validityPeriod": int(validity.Seconds())}},
	}})
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "pebble.json"), text, 0o600))
	return filepath.Join(dir, "pebble.json")
}

// start runs a program until the test ends.
func (w *acmeWorld) start(env []string, program string, arguments ...string) {
	w.t.Helper()
	cmd := exec.Command(program, arguments...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = w, w
	must(w.t, cmd.Start())
	w.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
}

// Write keeps what the programs say.
func (w *acmeWorld) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.Write(text)
}

// orders counts the orders that reached the CA.
func (w *acmeWorld) orders() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Count(w.log.String(), "Added order")
}

// await asks until there is an answer.
func (w *acmeWorld) await(address string) []byte {
	w.t.Helper()
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: w.trusted}}}
	defer client.CloseIdleConnections()
	var last error
	for range 200 {
		answer, err := client.Get(address)
		if err == nil {
			text, err := io.ReadAll(answer.Body)
			_ = answer.Body.Close()
			must(w.t, err)
			return text
		}
		last = err
		time.Sleep(50 * time.Millisecond)
	}
	w.t.Fatalf("%s does not answer: %v\n%s", address, last, w.log.String())
	return nil
}

// leads has DNS lead a name somewhere.
func (w *acmeWorld) leads(name, address string) {
	w.t.Helper()
	body := fmt.Sprintf(`{"host":%q,"addresses":[%q]}`, name+".", address)
	answer, err := http.Post(w.records+"/add-a", "application/json", strings.NewReader(body))
	must(w.t, err)
	_ = answer.Body.Close()
}

// ingress starts one that gets its certificates here.
func (w *acmeWorld) ingress(edit func(*Options)) *Ingress {
	w.t.Helper()
	o := Options{Listen: fmt.Sprint("127.0.0.1:", w.plain), ReadHeaderTimeout: 30 * time.Second, TLS: &TLS{
		Listen: fmt.Sprint("127.0.0.1:", w.secure), Port: w.secure, PlainPort: w.plain, Resolver: w.dns,
		Certificates: certificate.Options{Dir: filepath.Join(w.t.TempDir(), "certificates"), ACME: &certificate.ACME{CA: w.directory, Roots: w.trusted}},
	}}
	if edit != nil {
		edit(&o)
	}
	return runningAt(w.t, o)
}

// visit asks for a name over TLS, trusting the CA alone.
func (w *acmeWorld) visit(i *Ingress, host paas.Hostname) (*http.Response, error) {
	return visitTLS(w.t, i, host, w.roots)
}

// visitTLS asks for a name over TLS, with a new connection.
func visitTLS(t testing.TB, i *Ingress, host paas.Hostname, roots *x509.CertPool) (*http.Response, error) {
	t.Helper()
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: string(host)}, TLSHandshakeTimeout: 50 * time.Second, ForceAttemptHTTP2: true,
	}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequest(http.MethodGet, (&url.URL{Scheme: "https", Host: i.AddressTLS(), Path: "/"}).String(), nil)
	must(t, err)
	request.Host = string(host)
	answer, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	answer.Body = io.NopCloser(bytes.NewReader(text))
	return answer, err
}

// freePort is of this host, and nobody's at the moment.
func freePort(t testing.TB) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// installed is one of Pebble's programs.
func installed(t testing.TB, program string) string {
	return builtOnce(t, program+"-"+pebbleVersion, func(binary string) *exec.Cmd {
		install := exec.Command("go", "install", "-ldflags=-s -w", "github.com/letsencrypt/pebble/v2/cmd/"+program+"@"+pebbleVersion)
		install.Env = append(os.Environ(), "GOBIN="+filepath.Dir(binary), "GOFLAGS=", "CGO_ENABLED=0")
		return install
	}, program)
}

// builtOnce is a program that is built once per machine; several test runs may do so at the same time. build
// leaves it at the path, under the name that it has when it is built.
func builtOnce(t testing.TB, name string, build func(binary string) *exec.Cmd, built string) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	must(t, err)
	dir := filepath.Join(cache, "paastech-test")
	binary := filepath.Join(dir, name)
	if _, err := os.Stat(binary); err == nil {
		return binary
	}
	must(t, os.MkdirAll(dir, 0o755))
	building, err := os.MkdirTemp(dir, "building-")
	must(t, err)
	defer os.RemoveAll(building)
	if output, err := build(filepath.Join(building, built)).CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", name, err, output)
	}
	must(t, os.Rename(filepath.Join(building, built), binary))
	return binary
}
