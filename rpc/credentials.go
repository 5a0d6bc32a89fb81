package rpc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Module is one process of a platform that is split.
type Module string

// The modules. The hub is everything that was not split off.
const (
	Hub          Module = "hub"
	Deployer     Module = "deployer"
	Repositories Module = "repositories"
)

// name is what a module's certificate is for (DNS name).
func (m Module) name() string { return string(m) + ".paastech.internal" }

// validity of what is made here. Whoever wants others brings certificates of their own.
const validity = 10 * 365 * 24 * time.Hour

const authorityName = "authority"

// Credentials prove a module to the others, and know them: a certificate for <module>.paastech.internal of an
// authority that serves this alone.
type Credentials struct {
	module      Module
	certificate tls.Certificate
	authority   *x509.CertPool
}

// OpenCredentials reads a module's credentials from a directory: authority.pem, <module>.pem and <module>.key, in PEM.
// What is missing is made, as long as the directory has the authority's key or no authority yet: modules that share
// the directory need nothing else. Only its owner may read it.
func OpenCredentials(dir string, module Module) (*Credentials, error) {
	made, err := madeCredentials(dir, module)
	if err != nil {
		return nil, fmt.Errorf("credentials of the %s in %s: %w", module, dir, err)
	}
	return made, nil
}

func madeCredentials(dir string, module Module) (*Credentials, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	lock, err := os.Open(dir) // two modules may begin at once
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		return nil, err
	}
	d := directory(dir)
	if !d.has(authorityName+".pem") && !d.has(string(module)+".pem") { // who brings one brings the other
		if err := d.makeAuthority(); err != nil {
			return nil, err
		}
	}
	if !d.has(string(module) + ".pem") {
		if err := d.makeModule(module); err != nil {
			return nil, err
		}
	}
	return d.read(module)
}

// directory is where credentials are.
type directory string

func (d directory) path(name string) string { return filepath.Join(string(d), name) }

func (d directory) has(name string) bool {
	_, err := os.Stat(d.path(name))
	return !errors.Is(err, fs.ErrNotExist)
}

func (d directory) read(module Module) (*Credentials, error) {
	certificate, err := tls.LoadX509KeyPair(d.path(string(module)+".pem"), d.path(string(module)+".key"))
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(d.path(string(module) + ".key")); err != nil || info.Mode()&0o077 != 0 {
		return nil, errors.Join(err, fmt.Errorf("%s.key is not for its owner alone: chmod 600 it", module))
	}
	roots, err := os.ReadFile(d.path(authorityName + ".pem"))
	if err != nil {
		return nil, err
	}
	c := &Credentials{module, certificate, x509.NewCertPool()}
	if !c.authority.AppendCertsFromPEM(roots) {
		return nil, errors.New("there is no certificate in authority.pem")
	}
	_, err = certificate.Leaf.Verify(x509.VerifyOptions{Roots: c.authority, DNSName: module.name(), KeyUsages: []x509.ExtKeyUsage{module.usage()}})
	if err != nil {
		return nil, fmt.Errorf("%s.pem is not for %s: %w", module, module.name(), err)
	}
	return c, nil
}

// usage says whether a module asks, as the hub does, or is asked.
func (m Module) usage() x509.ExtKeyUsage {
	if m == Hub {
		return x509.ExtKeyUsageClientAuth
	}
	return x509.ExtKeyUsageServerAuth
}

func (d directory) makeAuthority() error {
	template := certificateOf("PaaSTech's modules")
	template.IsCA, template.BasicConstraintsValid, template.MaxPathLenZero = true, true, true
	template.KeyUsage = x509.KeyUsageCertSign
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	return d.write(authorityName, template, template, key, key)
}

// makeModule makes a certificate that says who one is.
func (d directory) makeModule(module Module) error {
	authority, err := tls.LoadX509KeyPair(d.path(authorityName+".pem"), d.path(authorityName+".key"))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s.pem is missing, and without authority.key it cannot be made here: put it there, for %s", module, module.name())
	}
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := certificateOf(string(module))
	template.DNSNames, template.KeyUsage = []string{module.name()}, x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{module.usage()}
	return d.write(string(module), template, authority.Leaf, key, authority.PrivateKey)
}

func certificateOf(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(validity),
	}
}

// write leaves a key, and then its certificate, so that a certificate that is there has its key.
func (d directory) write(name string, template, parent *x509.Certificate, key *ecdsa.PrivateKey, signer any) error {
	signed, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := d.writePEM(name+".key", "PRIVATE KEY", private); err != nil {
		return err
	}
	return d.writePEM(name+".pem", "CERTIFICATE", signed)
}

func (d directory) writePEM(name, kind string, content []byte) error {
	fresh, err := os.OpenFile(d.path("."+name), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join(pem.Encode(fresh, &pem.Block{Type: kind, Bytes: content}), fresh.Sync(), fresh.Close()); err != nil {
		return err
	}
	if err := os.Rename(fresh.Name(), d.path(name)); err != nil {
		return err
	}
	self, err := os.Open(string(d))
	if err != nil {
		return err
	}
	return errors.Join(self.Sync(), self.Close())
}

// server is the TLS of a module that is asked: by the hub, and nobody else.
func (c *Credentials) server() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{c.certificate},
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: c.authority,
		VerifyConnection: func(state tls.ConnectionState) error {
			return state.PeerCertificates[0].VerifyHostname(Hub.name())
		},
	}
}

// client is the TLS of the hub that asks a module.
func (c *Credentials) client(module Module) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{c.certificate},
		RootCAs: c.authority, ServerName: module.name(),
	}
}
