package rpc_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/paas/paastest"
	"github.com/paastech-cloud/paastech/rpc"
	"github.com/paastech-cloud/paastech/rpc/contracts/gitrepomanager"
	"github.com/paastech-cloud/paastech/rpc/contracts/paastechv1"
	"github.com/paastech-cloud/paastech/rpc/contracts/pomegranate"
	"github.com/paastech-cloud/paastech/rpc/rpctest"
)

// asked counts what reaches an engine and repositories.
type asked struct {
	paastest.Engine
	mutex sync.Mutex
	calls int
}

func (a *asked) Containers(context.Context) ([]paas.Container, error) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.calls++
	return nil, nil
}

// TestAWrongCertificateGetsNothing asks a deployer as everybody but the hub: no call of any of its contracts arrives.
func TestAWrongCertificateGetsNothing(t *testing.T) {
	dir, engine := t.TempDir(), &asked{}
	address := strings.TrimPrefix(rpctest.Serve(t, dir, rpc.Deployer, func(offer rpc.Offer) *rpc.Server {
		return rpc.OfferEngine(rpctest.Supplied{Engine: engine}, "localhost", offer)
	}), "grpc://")
	rpctest.Credentials(t, dir, rpc.Hub)
	rpctest.Credentials(t, dir, rpc.Repositories)
	elsewhere := t.TempDir()
	rpctest.Credentials(t, elsewhere, rpc.Hub)
	ours := keyPair(t, dir, "hub")

	for name, config := range map[string]*tls.Config{
		"no TLS":                        nil,
		"no certificate":                {},
		"of another authority":          {Certificates: []tls.Certificate{keyPair(t, elsewhere, "hub")}},
		"of another module":             {Certificates: []tls.Certificate{keyPair(t, dir, "repositories")}},
		"of the module itself":          {Certificates: []tls.Certificate{keyPair(t, dir, "deployer")}},
		"for another name":              {Certificates: []tls.Certificate{signed(t, dir, func(c *x509.Certificate) { c.DNSNames = []string{"hub.example.com"} })}},
		"for serving alone":             {Certificates: []tls.Certificate{signed(t, dir, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })}},
		"that has ended":                {Certificates: []tls.Certificate{signed(t, dir, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })}},
		"that has not begun":            {Certificates: []tls.Certificate{signed(t, dir, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) })}},
		"signed by the hub's":           {Certificates: []tls.Certificate{signedBy(t, ours, func(*x509.Certificate) {})}},
		"the hub's, over old TLS":       {Certificates: []tls.Certificate{ours}, MaxVersion: tls.VersionTLS12},
		"the hub's, without its key":    {Certificates: []tls.Certificate{{Certificate: ours.Certificate, PrivateKey: keyPair(t, elsewhere, "hub").PrivateKey}}},
		"the hub's, before another one": {Certificates: []tls.Certificate{{Certificate: append(slices.Clone(keyPair(t, elsewhere, "hub").Certificate), ours.Certificate...), PrivateKey: keyPair(t, elsewhere, "hub").PrivateKey}}},
	} {
		t.Run(name, func(t *testing.T) {
			way := credentials.TransportCredentials(insecure.NewCredentials())
			if config != nil {
				config.InsecureSkipVerify = true // what the server thinks is asked
				way = credentials.NewTLS(config)
			}
			for method, err := range everyCall(t, address, way) {
				if code := status.Code(err); code != codes.Unavailable && code != codes.Internal {
					t.Errorf("%s: %v", method, err)
				}
			}
		})
	}
	if engine.calls > 0 {
		t.Errorf("%d calls arrived", engine.calls)
	}
	// The table could be wrong about what a right one is.
	right := credentials.NewTLS(&tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{signed(t, dir, func(*x509.Certificate) {})}})
	answered := everyCall(t, address, right)
	if answered["GetStatus"] != nil || answered["Containers"] != nil || !errors.Is(answered["Output"], io.EOF) || engine.calls != 2 {
		t.Errorf("a right one: %v, %d calls", answered, engine.calls)
	}
}

// everyCall asks by every contract; each error is that of the first call.
func everyCall(t *testing.T, address string, way credentials.TransportCredentials) map[string]error {
	t.Helper()
	connection, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(way))
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(metadata.AppendToOutgoingContext(t.Context(), "paastech-instance", rpctest.Instance), 10*time.Second)
	defer cancel()
	failed := map[string]error{}
	_, failed["Containers"] = paastechv1.NewEngineServiceClient(connection).Containers(ctx, &paastechv1.ContainersRequest{})
	_, failed["GetStatus"] = pomegranate.NewPomegranateClient(connection).GetStatus(ctx, &pomegranate.GetStatusRequest{})
	_, failed["CreateRepository"] = gitrepomanager.NewGitRepoManagerClient(connection).CreateRepository(ctx, &gitrepomanager.RepositoryRequest{})
	stream, err := paastechv1.NewEngineServiceClient(connection).Output(ctx, &paastechv1.OutputRequest{})
	if err == nil {
		_, err = stream.Recv()
	}
	failed["Output"] = err
	return failed
}

// directory counts the first question that a hub has.
type directory struct {
	rpctest.Supplied
	asked *asked
}

func (d directory) Directory(ctx context.Context) (string, error) {
	_, err := d.asked.Containers(ctx)
	return "", err
}

// TestTheHubTrustsOnlyTheModule asks impostors: the hub tells them nothing.
func TestTheHubTrustsOnlyTheModule(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	hub := rpctest.Credentials(t, dir, rpc.Hub)
	for name, from := range map[string]struct {
		dir    string
		module rpc.Module
	}{
		"of another authority": {elsewhere, rpc.Deployer},
		"of another module":    {dir, rpc.Repositories},
		"of the hub":           {dir, rpc.Hub},
	} {
		t.Run(name, func(t *testing.T) {
			engine := &asked{}
			address := rpctest.Serve(t, from.dir, from.module, func(offer rpc.Offer) *rpc.Server {
				return rpc.OfferEngine(directory{rpctest.Supplied{Engine: engine}, engine}, "localhost", offer)
			})
			_, err := rpc.OpenEngine(t.Context(), rpc.Remote{Address: address, Credentials: hub, Instance: rpctest.Instance})
			if engine.calls > 0 {
				t.Error("it was asked")
			}
			if err == nil || !strings.Contains(err.Error(), "certificate") || !strings.Contains(err.Error(), "rpc.credentials") {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestCredentialsAreMadeOnce has all modules begin at the same time in an empty directory, and then with what is wrong
// or missing in it.
func TestCredentialsAreMadeOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "rpc")
	var all sync.WaitGroup
	for _, module := range []rpc.Module{rpc.Hub, rpc.Deployer, rpc.Repositories, rpc.Hub, rpc.Deployer} {
		all.Go(func() {
			if _, err := rpc.OpenCredentials(dir, module); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	roots, err := os.ReadFile(filepath.Join(dir, "authority.pem"))
	if err != nil || strings.Count(string(roots), "BEGIN") != 1 {
		t.Errorf("%v\n%s", err, roots)
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 8 {
		t.Errorf("%v, %v", files, err)
	}
	for _, file := range files {
		if info, err := file.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file.Name(), info.Mode(), err)
		}
	}
	if err := os.Chmod(filepath.Join(dir, "hub.key"), 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := rpc.OpenCredentials(dir, rpc.Hub); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that others read: %v", err)
	}
	own := t.TempDir() // somebody brings a certificate, and not its authority
	for _, name := range []string{"deployer.pem", "deployer.key"} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(own, name), content, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := rpc.OpenCredentials(own, rpc.Deployer); err == nil || !strings.Contains(err.Error(), "authority.pem") {
		t.Errorf("without the authority: %v", err)
	}
	for _, gone := range []string{"deployer.pem", "authority.key"} {
		if err := os.Remove(filepath.Join(dir, gone)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := rpc.OpenCredentials(dir, rpc.Deployer); err == nil || !strings.Contains(err.Error(), "put it there, for deployer.paastech.internal") {
		t.Errorf("without the authority's key: %v", err)
	}
	for _, suffix := range []string{".pem", ".key"} {
		if err := os.Rename(filepath.Join(dir, "repositories"+suffix), filepath.Join(dir, "deployer"+suffix)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := rpc.OpenCredentials(dir, rpc.Deployer); err == nil || !strings.Contains(err.Error(), "is not for deployer.paastech.internal") {
		t.Errorf("another's: %v", err)
	}
}

func keyPair(t *testing.T, dir, module string) tls.Certificate {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, module+".pem"), filepath.Join(dir, module+".key"))
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// signed is a certificate as the hub's, of the same authority, but for a change.
func signed(t *testing.T, dir string, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	return signedBy(t, keyPair(t, dir, "authority"), change)
}

func signedBy(t *testing.T, authority tls.Certificate, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"hub.paastech.internal"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	change(template)
	made, err := x509.CreateCertificate(rand.Reader, template, authority.Leaf, &key.PublicKey, authority.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// hubTLS is the hub's way to a module, with credentials from dir.
func hubTLS(t *testing.T, dir string, module rpc.Module) credentials.TransportCredentials {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(keyPair(t, dir, "authority").Leaf)
	return credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{keyPair(t, dir, "hub")}, RootCAs: roots, ServerName: string(module) + ".paastech.internal"})
}
