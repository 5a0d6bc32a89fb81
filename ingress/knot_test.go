package ingress

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/ingress/certificate"
)

// knot is a DNS server with a zone that can be changed over the network (RFC 2136).
type knot struct {
	address string
	log     bytes.Buffer
}

const knotKey = "c2VjcmV0IG9mIGEgdGVzdCwgMzIgYnl0ZXMgbG9uZy4="

func newKnot(t *testing.T) *knot {
	t.Helper()
	program, err := exec.LookPath("knotd")
	if err != nil {
		program = "/usr/sbin/knotd"
	}
	k := &knot{address: fmt.Sprint("127.0.0.1:", freePort(t))}
	dir := t.TempDir()
	host, port, err := net.SplitHostPort(k.address)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "zone"), []byte("@ 60 SOA ns hostmaster 1 60 60 60 60\n@ 60 NS ns\nns 60 A 127.0.0.1\n* 60 A 127.0.0.1\n"), 0o600))
	config := fmt.Sprintf(`server:
  rundir: %[1]s
  listen: %[2]s@%[3]s
database:
  storage: %[1]s
key:
  - id: update
    algorithm: hmac-sha256
    secret: %[4]s
acl:
  - id: update
    key: update
    action: update
template:
  - id: default
    storage: %[1]s
    zonefile-sync: -1
    journal-content: none
zone:
  - domain: example.com
    file: zone
    acl: update
`, dir, host, port, knotKey)
	must(t, os.WriteFile(filepath.Join(dir, "knot.conf"), []byte(config), 0o600))
	cmd := exec.Command(program, "-c", filepath.Join(dir, "knot.conf"))
	cmd.Stdout, cmd.Stderr = &k.log, &k.log
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	for range 100 {
		if connection, err := net.Dial("tcp", k.address); err == nil {
			_ = connection.Close()
			return k
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("knot does not answer: %s", k.log.String())
	return nil
}

func (k *knot) settings() map[string]string {
	return map[string]string{"server": k.address, "key_name": "update.", "key_alg": "hmac-sha256.", "key": knotKey}
}

// trusting is a client's trust in an ingress's CA of its own.
func trusting(t *testing.T, i *Ingress) *x509.CertPool {
	t.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(i.CARoot()) {
		t.Fatal("no root")
	}
	return roots
}

func writePair(t *testing.T, file certificate.File, pair tls.Certificate) {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	must(t, err)
	must(t, os.WriteFile(file.Certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}), 0o600))
	must(t, os.WriteFile(file.Key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600))
}
