package ingress

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/ingress/certificate"
	"github.com/paastech-cloud/paastech/ingress/pebbletest"
	"github.com/paastech-cloud/paastech/paas"
)

// acmeWorld is a CA and a DNS server that the ingress meets as it meets real ones.
type acmeWorld struct {
	t             *testing.T
	pebble        *pebbletest.Pebble
	directory     string         // URL
	trusted       *x509.CertPool // of the CA's own server
	roots         *x509.CertPool // of what the CA signs
	records       string         // URL of what DNS answers, to be changed; empty with a DNS server of the test's own
	dns           string         // host:port
	plain, secure int            // where the CA asks
}

// acmeOptions say how the CA is.
type acmeOptions struct {
	validity      time.Duration // of what it signs; 0: 90 days
	refuses       int           // percent of good nonces
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
		w.answerDNS(management)
	}
	options := pebbletest.Options{Dir: t.TempDir(), DNS: w.dns, HTTPPort: w.plain, TLSPort: w.secure, Validity: o.validity, Refuses: o.refuses}
	if o.noHTTP {
		options.HTTPPort = freePort(t)
	}
	if o.noTLS {
		options.TLSPort = freePort(t)
	}
	var err error
	w.pebble, err = pebbletest.Start(options)
	must(t, err)
	t.Cleanup(w.pebble.Stop)
	w.directory = w.pebble.Directory
	w.trusted, w.roots = x509.NewCertPool(), x509.NewCertPool()
	w.trusted.AppendCertsFromPEM(w.pebble.Certificate)
	w.roots.AppendCertsFromPEM(w.pebble.Roots)
	return w
}

// answerDNS runs Pebble's DNS server for tests.
func (w *acmeWorld) answerDNS(management string) {
	w.t.Helper()
	program, err := pebbletest.Program("pebble-challtestsrv")
	must(w.t, err)
	cmd := exec.Command(program, "-dnsserver", w.dns, "-management", management, "-http01", "", "-https01", "", "-tlsalpn01", "", "-doh", "",
		"-defaultIPv4", "127.0.0.1", "-defaultIPv6", "")
	must(w.t, cmd.Start())
	w.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	for _, address := range []string{w.dns, management} {
		for tries := 0; ; tries++ {
			connection, err := net.Dial("tcp", address)
			if err == nil {
				_ = connection.Close()
				break
			}
			if tries == 400 {
				w.t.Fatalf("the DNS server for tests does not answer: %v", err)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
}

// orders counts the orders that reached the CA.
func (w *acmeWorld) orders() int { return strings.Count(w.pebble.Log(), "Added order") }

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
