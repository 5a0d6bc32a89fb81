package certificate

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
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

	"github.com/caddyserver/certmagic"
)

// How long what the CA of its own signs is good for: its root as long as a host may live, the rest
// shorter than every browser's bound (398 days).
const (
	rootLife = 10 * 365 * 24 * time.Hour
	leafLife = 30 * 24 * time.Hour
	backdate = time.Hour // clocks differ
)

// authority is a certificate authority for names that no public one knows. Its root never leaves the host.
type authority struct {
	root    *x509.Certificate
	rootPEM []byte
	key     *ecdsa.PrivateKey
}

var _ certmagic.Issuer = (*authority)(nil)

// openAuthority reads the CA's root and key, or makes them when there are neither. One that cannot be
// read is never made anew: clients trust it.
func openAuthority(dir string) (*authority, error) {
	certificate, key := filepath.Join(dir, "root.crt"), filepath.Join(dir, "root.key")
	rootPEM, err := os.ReadFile(certificate)
	keyPEM, keyErr := os.ReadFile(key)
	if errors.Is(err, fs.ErrNotExist) && (keyErr == nil || errors.Is(keyErr, fs.ErrNotExist)) { // nobody has seen a root yet
		if rootPEM, keyPEM, err = newRoot(); err != nil {
			return nil, fmt.Errorf("make a certificate authority: %w", err)
		}
		if err := os.MkdirAll(dir, dirMode); err != nil {
			return nil, fmt.Errorf("certificate authority: %w", err)
		}
		// The key first: without its certificate it is made again.
		if err := errors.Join(writeSecret(key, keyPEM), writeSecret(certificate, rootPEM)); err != nil {
			return nil, fmt.Errorf("keep the certificate authority: %w", err)
		}
	} else if err := errors.Join(err, keyErr); err != nil {
		return nil, fmt.Errorf("read the certificate authority; restore %s and its key, or remove both to have a new one made, which clients must be told to trust: %w", certificate, err)
	}
	return parseAuthority(rootPEM, keyPEM)
}

func parseAuthority(rootPEM, keyPEM []byte) (*authority, error) {
	rootBlock, _ := pem.Decode(rootPEM)
	keyBlock, _ := pem.Decode(keyPEM)
	if rootBlock == nil || keyBlock == nil {
		return nil, errors.New("the certificate authority's files are no PEM; restore them")
	}
	root, err := x509.ParseCertificate(rootBlock.Bytes)
	if err != nil {
		return nil, fmt.Errorf("certificate authority: %w", err)
	}
	key, err := x509.ParseECPrivateKey(keyBlock.Bytes)
	if err != nil {
		return nil, fmt.Errorf("certificate authority: %w", err)
	}
	if public, ok := root.PublicKey.(*ecdsa.PublicKey); !ok || !public.Equal(key.Public()) {
		return nil, errors.New("the certificate authority's key is not its certificate's; restore them")
	}
	return &authority{root: root, rootPEM: rootPEM, key: key}, nil
}

func newRoot() (rootPEM, keyPEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	serial, err := newSerial()
	if err != nil {
		return nil, nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "this host"
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "PaaSTech on " + host, Organization: []string{"PaaSTech"}},
		NotBefore: now.Add(-backdate), NotAfter: now.Add(rootLife),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true,
	}
	root, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	encoded, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: encoded}), nil
}

// newSerial is a random number of 127 bits (CA/Browser Forum Baseline Requirements, 7.1).
func newSerial() (*big.Int, error) {
	return rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
}

// IssuerKey names where its certificates are kept.
func (a *authority) IssuerKey() string { return "own" }

// Issue signs.
func (a *authority) Issue(_ context.Context, request *x509.CertificateRequest) (*certmagic.IssuedCertificate, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: firstName(request)}, DNSNames: request.DNSNames, IPAddresses: request.IPAddresses,
		NotBefore: now.Add(-backdate), NotAfter: now.Add(leafLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, BasicConstraintsValid: true,
	}
	leaf, err := x509.CreateCertificate(rand.Reader, template, a.root, request.PublicKey, a.key)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	chain := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf})
	return &certmagic.IssuedCertificate{Certificate: append(chain, a.rootPEM...)}, nil
}

// firstName fits a common name, which is at most 64 characters long (RFC 5280, appendix A).
func firstName(request *x509.CertificateRequest) string {
	if len(request.DNSNames) > 0 && len(request.DNSNames[0]) <= 64 {
		return request.DNSNames[0]
	}
	return ""
}

// writeSecret writes a file whole or not at all, for the daemon alone.
func writeSecret(path string, text []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".new-*") // its mode is 0600
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_, err = bytes.NewReader(text).WriteTo(temporary)
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	if err := os.Rename(temporary.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
