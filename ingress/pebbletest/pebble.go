// Package pebbletest runs Pebble, Let's Encrypt's own ACME server for tests
// (https://github.com/letsencrypt/pebble), with a CA that is new each time.
package pebbletest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/paastech-cloud/paastech/paas/paastest"
)

const version = "v2.10.1"

// Options say how the CA is.
type Options struct {
	Dir      string        // for its files; exists
	DNS      string        // host:port, asked where names lead
	HTTPPort int           // where it asks for HTTP-01
	TLSPort  int           // where it asks for TLS-ALPN-01
	Validity time.Duration // of what it signs; 0 means 90 days
	Refuses  int           // percent of good nonces that it refuses
}

// Pebble is a CA that runs.
type Pebble struct {
	Directory   string // URL of the ACME directory
	Certificate []byte // PEM, of whoever is to be trusted for that
	Roots       []byte // PEM, of whoever is to be trusted for what the CA signs

	process *exec.Cmd
	mu      sync.Mutex
	log     bytes.Buffer // guarded by mu
}

// Start runs one until Stop, and returns when it answers.
func Start(o Options) (*Pebble, error) {
	program, err := Program("pebble")
	if err != nil {
		return nil, err
	}
	listen, management, err := twoAddresses()
	if err != nil {
		return nil, err
	}
	p := &Pebble{Directory: "https://" + listen + "/dir"}
	config, err := p.configure(o, listen, management)
	if err != nil {
		return nil, err
	}
	p.process = exec.Command(program, "-config", config, "-dnsserver", o.DNS)
	p.process.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1", "PEBBLE_AUTHZREUSE=0", "PEBBLE_WFE_NONCEREJECT="+strconv.Itoa(o.Refuses))
	p.process.Stdout, p.process.Stderr = p, p
	if err := p.process.Start(); err != nil {
		return nil, err
	}
	if p.Roots, err = p.await("https://" + management + "/roots/0"); err != nil {
		p.Stop()
		return nil, fmt.Errorf("%w\n%s", err, p.Log())
	}
	return p, nil
}

// Stop ends it.
func (p *Pebble) Stop() {
	_ = p.process.Process.Signal(syscall.SIGTERM)
	_ = p.process.Wait()
}

// Write keeps what it says.
func (p *Pebble) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.Write(text)
}

// Log is what it has said.
func (p *Pebble) Log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// twoAddresses are free at the moment.
func twoAddresses() (one, two string, err error) {
	first, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", err
	}
	defer first.Close()
	second, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", "", err
	}
	defer second.Close()
	return first.Addr().String(), second.Addr().String(), nil
}

// configure writes the configuration; Pebble's own server has httptest's certificate.
func (p *Pebble) configure(o Options, listen, management string) (string, error) {
	lender := httptest.NewTLSServer(nil)
	defer lender.Close()
	pair := lender.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		return "", err
	}
	p.Certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})
	public, private, config := filepath.Join(o.Dir, "pebble-cert.pem"), filepath.Join(o.Dir, "pebble-key.pem"), filepath.Join(o.Dir, "pebble.json")
	text, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": listen, "managementListenAddress": management, "certificate": public, "privateKey": private,
		"httpPort": o.HTTPPort, "tlsPort": o.TLSPort, "retryAfter": map[string]int{"authz": 1, "order": 1},
		"profiles": map[string]any{"default": map[string]any{"description": "a test's", "validityPeriod": int(cmp.Or(o.Validity, 90*24*time.Hour).Seconds())}},
	}})
	return config, errors.Join(err, os.WriteFile(public, p.Certificate, 0o600), os.WriteFile(config, text, 0o600),
		os.WriteFile(private, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600))
}

// await asks until there is an answer.
func (p *Pebble) await(address string) ([]byte, error) {
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(p.Certificate)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}}}
	defer client.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return nil, err
		}
		answer, err := client.Do(request)
		if err == nil {
			defer answer.Body.Close()
			return io.ReadAll(answer.Body)
		}
		if ctx.Err() != nil {
			return nil, err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// Program is one of Pebble's programs: pebble or pebble-challtestsrv.
func Program(name string) (string, error) {
	return paastest.BuiltOnce(name+"-"+version, name, func(binary string) *exec.Cmd {
		install := exec.Command("go", "install", "-ldflags=-s -w", "github.com/letsencrypt/pebble/v2/cmd/"+name+"@"+version)
		install.Env = append(os.Environ(), "GOBIN="+filepath.Dir(binary), "GOFLAGS=", "CGO_ENABLED=0")
		return install
	})
}
