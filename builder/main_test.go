package builder

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/paastech-cloud/paastech/paas"
)

// world is what all tests share: an engine, a build network, a registry on it and a builder whose
// image is made.
type world struct {
	docker   *client.Client
	network  paas.BuildNetwork
	registry *testRegistry
	instance string
	builder  *Builder
}

var shared world

func TestMain(m *testing.M) {
	code, err := runAll(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func runAll(m *testing.M) (code int, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	w := &shared
	if w.docker, err = connect(""); err != nil {
		return 0, err
	}
	w.instance = "test" + strings.ToLower(rand.Text()[:8])
	if err := w.createNetwork(ctx); err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, w.docker.NetworkRemove(context.Background(), w.network.Name)) }()
	w.registry = startRegistry(w.network.Gateway)
	defer w.registry.close()
	defer func() { err = errors.Join(err, w.removeCaches()) }()
	if w.builder, err = New(w.options()); err != nil {
		return 0, err
	}
	var running sync.WaitGroup
	running.Go(func() { w.builder.Run(ctx) })
	defer running.Wait()
	defer cancel()
	if err := w.builder.Prepare(ctx, os.Stderr); err != nil {
		return 0, err
	}
	return m.Run(), nil
}

func (w *world) options() Options {
	return Options{
		InstanceID: w.instance, Registry: w.registry, Network: w.network,
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
}

// createNetwork takes the first small subnet that the engine lets us have.
func (w *world) createNetwork(ctx context.Context) error {
	name := "paastech-" + w.instance
	for third := range 250 {
		subnet := netip.MustParsePrefix(fmt.Sprintf("10.215.%d.0/28", third))
		gateway := subnet.Addr().Next()
		_, err := w.docker.NetworkCreate(ctx, name, network.CreateOptions{
			Driver: "bridge", IPAM: &network.IPAM{Config: []network.IPAMConfig{{Subnet: subnet.String(), Gateway: gateway.String()}}},
		})
		if err == nil {
			w.network = paas.BuildNetwork{Name: name, Gateway: gateway, Subnet: subnet}
			return nil
		}
		if !strings.Contains(err.Error(), "overlaps") {
			return err
		}
	}
	return errors.New("no free subnet in 10.215.0.0/16")
}

// removeCaches removes the volumes that builds of the tests leave on purpose.
func (w *world) removeCaches() error {
	ours := filters.NewArgs(filters.Arg("label", labelInstance+"="+w.instance))
	found, err := w.docker.VolumeList(context.Background(), volume.ListOptions{Filters: ours})
	if err != nil {
		return err
	}
	var errs []error
	for _, each := range found.Volumes {
		errs = append(errs, w.docker.VolumeRemove(context.Background(), each.Name, true))
	}
	return errors.Join(errs...)
}

// testRegistry is a registry in memory, on loopback and on the gateway of the build network, that asks
// for a pass.
type testRegistry struct {
	handler      http.Handler
	pull, build  *httptest.Server
	mu           sync.Mutex // guards what follows
	passes       map[string]testGrant
	refused      []string // requests that no pass opened
	deleted      []string
	retained     []string // repository@digest,digest
	pullAddress  string
	buildAddress string
}

type testGrant struct {
	password   string
	pull, push []string
}

func startRegistry(gateway netip.Addr) *testRegistry {
	r := &testRegistry{passes: map[string]testGrant{}, handler: registry.New(registry.Logger(log.New(io.Discard, "", 0)))}
	r.pull = httptest.NewServer(r)
	port := r.pull.Listener.Addr().(*net.TCPAddr).Port
	listener, err := net.Listen("tcp", fmt.Sprintf("%s:%d", gateway, port))
	if err != nil {
		panic(err)
	}
	r.build = &httptest.Server{Listener: listener, Config: &http.Server{Handler: r}}
	r.build.Start()
	r.pullAddress, r.buildAddress = r.pull.Listener.Addr().String(), listener.Addr().String()
	return r
}

func (r *testRegistry) close() {
	r.pull.Close()
	r.build.Close()
}

func (r *testRegistry) BuildAddress() string { return r.buildAddress }
func (r *testRegistry) PullAddress() string  { return r.pullAddress }

func (r *testRegistry) Grant(pull, push []string) paas.RegistryPass {
	r.mu.Lock()
	defer r.mu.Unlock()
	user, password := rand.Text(), rand.Text()
	r.passes[user] = testGrant{password, append(pull, push...), push}
	return paas.RegistryPass{Username: user, Password: paas.Secret(password), Revoke: func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.passes, user)
	}}
}

func (r *testRegistry) Namespaces(context.Context) ([]string, error) { return nil, nil }
func (r *testRegistry) Size(context.Context, string) (int64, error)  { return 0, nil }

// Has tells what the handler serves.
func (r *testRegistry) Has(_ context.Context, repository, digest string) (bool, error) {
	response := httptest.NewRecorder()
	r.handler.ServeHTTP(response, httptest.NewRequest(http.MethodHead, "/v2/"+repository+"/manifests/"+digest, nil))
	return response.Code == http.StatusOK, nil
}

func (r *testRegistry) Retain(_ context.Context, repository string, keep []string) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.retained = append(r.retained, repository+"@"+strings.Join(keep, ","))
	return 0, nil
}

func (r *testRegistry) Delete(_ context.Context, repository string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deleted = append(r.deleted, repository)
	return nil
}

func (r *testRegistry) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if r.allowed(request) {
		r.handler.ServeHTTP(w, request)
		return
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
	w.WriteHeader(http.StatusUnauthorized)
}

func (r *testRegistry) allowed(request *http.Request) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	user, password, given := request.BasicAuth()
	grant, known := r.passes[user]
	if !known || grant.password != password {
		if given {
			r.refused = append(r.refused, request.URL.Path)
		}
		return false
	}
	names := grant.push
	if request.Method == http.MethodGet || request.Method == http.MethodHead {
		names = grant.pull
	}
	if request.URL.Path == "/v2/" {
		return true
	}
	for _, name := range names {
		if strings.HasPrefix(request.URL.Path, "/v2/"+strings.TrimSuffix(name, "/")+"/") {
			return true
		}
	}
	r.refused = append(r.refused, request.URL.Path)
	return false
}

// output collects what a build says.
type output struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
