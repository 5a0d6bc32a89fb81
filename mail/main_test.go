package mail_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas/paastest"
)

// mailpitVersion is the real mail server of these tests.
const mailpitVersion = "v1.27.11"

// made is what all tests of the package share.
var made struct{ mailpit, certificate, key string }

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "mail-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if made.mailpit, err = installMailpit(); err != nil {
		return 0, err
	}
	made.certificate, made.key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if err := makeCertificate(); err != nil {
		return 0, err
	}
	// As on a host whose administrator has added an authority: the process trusts the certificate.
	if err := os.Setenv("SSL_CERT_FILE", made.certificate); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

// installMailpit builds it once per machine.
func installMailpit() (string, error) {
	return paastest.BuiltOnce("mailpit-"+mailpitVersion, "mailpit", func(binary string) *exec.Cmd {
		install := exec.Command("go", "install", "-ldflags=-s -w", "github.com/axllent/mailpit@"+mailpitVersion)
		install.Env = append(os.Environ(), "GOBIN="+filepath.Dir(binary), "GOFLAGS=", "CGO_ENABLED=0")
		return install
	})
}

// makeCertificate writes a certificate for 127.0.0.1 that is its own authority.
func makeCertificate() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a mail server"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := os.WriteFile(made.certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}), 0o600); err != nil {
		return err
	}
	return os.WriteFile(made.key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600)
}
