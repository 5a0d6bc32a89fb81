package registry

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/paastech-cloud/paastech/paas"
)

// running starts a registry in dir and returns it with the function that ends it. Its builds come
// over another loopback address than the engine.
func running(t *testing.T, dir string) (*Registry, func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, err := New(ctx, Options{
		Dir: dir, Build: netip.MustParseAddr("127.0.0.2"),
		Peers: []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	stop := func() {
		if cancel(); ended == nil {
			return
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
		ended = nil
	}
	t.Cleanup(stop)
	return r, stop
}

// client talks to the registry with one pass, from one address.
type client struct {
	t       *testing.T
	options []remote.Option
}

func newClient(t *testing.T, pass paas.RegistryPass) client {
	return client{t: t, options: []remote.Option{
		remote.WithAuth(&authn.Basic{Username: pass.Username, Password: pass.Password.Reveal()}),
		remote.WithTransport(newTransport(t, "")),
		remote.WithRetryStatusCodes(), // every answer is final
	}}
}

func newTransport(t *testing.T, from string) *http.Transport {
	dialer := new(net.Dialer)
	if from != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	plain := &http.Transport{DialContext: dialer.DialContext}
	t.Cleanup(plain.CloseIdleConnections)
	return plain
}

func (c client) push(reference string, image v1.Image) error {
	c.t.Helper()
	return remote.Write(c.name(reference), image, c.options...)
}

// pull reads a whole image and returns its digest.
func (c client) pull(reference string) (v1.Hash, error) {
	c.t.Helper()
	image, err := remote.Image(c.name(reference), c.options...)
	if err != nil {
		return v1.Hash{}, err
	}
	layers, err := image.Layers()
	if err != nil {
		return v1.Hash{}, err
	}
	for _, layer := range layers {
		content, err := layer.Compressed()
		if err != nil {
			return v1.Hash{}, err
		}
		if _, err := io.Copy(io.Discard, content); err != nil {
			return v1.Hash{}, err
		}
		if err := content.Close(); err != nil {
			return v1.Hash{}, err
		}
	}
	return image.Digest()
}

func (c client) name(reference string) name.Reference {
	c.t.Helper()
	parsed, err := name.ParseReference(reference, name.Insecure)
	if err != nil {
		c.t.Fatal(err)
	}
	return parsed
}

func someImage(t *testing.T) (v1.Image, v1.Hash) {
	t.Helper()
	image, err := random.Image(4096, 3)
	must(t, err)
	digest, err := image.Digest()
	must(t, err)
	return image, digest
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantStatus(t *testing.T, err error, status int) {
	t.Helper()
	if answer, ok := errors.AsType[*transport.Error](err); !ok || answer.StatusCode != status {
		t.Errorf("got %v, want the answer %d", err, status)
	}
}

func TestABuildPublishesAndTheEnginePulls(t *testing.T) {
	r, _ := running(t, t.TempDir())
	pass := r.Grant([]string{"platform/run"}, []string{"mine/"})
	image, digest := someImage(t)
	must(t, newClient(t, pass).push(r.BuildAddress()+"/mine/app:v1", image))
	got, err := newClient(t, r.EnginePass()).pull(r.PullAddress() + "/mine/app@" + digest.String())
	if err != nil || got != digest {
		t.Errorf("pulled %s, %v; want %s", got, err, digest)
	}
	_, pullPort, _ := net.SplitHostPort(r.PullAddress())
	_, buildPort, _ := net.SplitHostPort(r.BuildAddress())
	if pullPort != buildPort {
		t.Errorf("the engine's port is %s and the builds' is %s", pullPort, buildPort)
	}
}

func TestAPassOpensItsOwnRepositoriesOnly(t *testing.T) {
	r, _ := running(t, t.TempDir())
	build := r.BuildAddress()
	image, digest := someImage(t)
	must(t, newClient(t, r.Grant(nil, []string{"other/app"})).push(build+"/other/app:v1", image))

	mine := newClient(t, r.Grant([]string{"mine/", "shared"}, []string{"mine/"}))
	_, err := mine.pull(build + "/other/app:v1")
	wantStatus(t, err, http.StatusForbidden)
	wantStatus(t, mine.push(build+"/other/app:v2", image), http.StatusForbidden)
	wantStatus(t, mine.push(build+"/shared:v1", image), http.StatusForbidden)
	wantStatus(t, mine.push(build+"/minesweeper:v1", image), http.StatusForbidden)
	must(t, mine.push(build+"/mine/app:v1", image))

	if got, err := mine.pull(build + "/mine/app:v1"); err != nil || got != digest {
		t.Errorf("pulled %s, %v; want %s", got, err, digest)
	}
	registry, err := name.NewRegistry(build, name.Insecure)
	must(t, err)
	_, err = remote.Catalog(t.Context(), registry, mine.options...)
	wantStatus(t, err, http.StatusForbidden)
}

func TestAPassDiesWithItsBuild(t *testing.T) {
	r, _ := running(t, t.TempDir())
	pass := r.Grant(nil, []string{"mine/"})
	image, _ := someImage(t)
	c := newClient(t, pass)
	must(t, c.push(r.BuildAddress()+"/mine/app", image))
	pass.Revoke()
	pass.Revoke()
	wantStatus(t, c.push(r.BuildAddress()+"/mine/app", image), http.StatusUnauthorized)
	wrong := r.Grant(nil, []string{"mine/"})
	wrong.Password += "x"
	wantStatus(t, newClient(t, wrong).push(r.BuildAddress()+"/mine/app", image), http.StatusUnauthorized)
	wantStatus(t, newClient(t, paas.RegistryPass{}).push(r.BuildAddress()+"/mine/app", image), http.StatusUnauthorized)
}

func TestTheEnginesPassIsForLoopbackAndPullsOnly(t *testing.T) {
	r, _ := running(t, t.TempDir())
	image, _ := someImage(t)
	must(t, newClient(t, r.Grant(nil, []string{"mine/"})).push(r.BuildAddress()+"/mine/app", image))
	engine := newClient(t, r.EnginePass())
	_, err := engine.pull(r.BuildAddress() + "/mine/app")
	wantStatus(t, err, http.StatusUnauthorized)
	wantStatus(t, engine.push(r.PullAddress()+"/mine/app:other", image), http.StatusForbidden)
}

// request sends one request with a pass and returns the status of the answer.
func request(t *testing.T, r *Registry, pass paas.RegistryPass, method, target, contentType, body string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+r.BuildAddress()+"/", strings.NewReader(body))
	must(t, err)
	path, query, _ := strings.Cut(target, "?")
	request.URL.Opaque, request.URL.RawQuery = "//"+r.BuildAddress()+path, query // as it is, unescaped
	request.SetBasicAuth(pass.Username, pass.Password.Reveal())
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	answer, err := newTransport(t, "").RoundTrip(request)
	must(t, err)
	must(t, answer.Body.Close())
	return answer.StatusCode
}

func TestBlobsAreMountedFromWhatMayBePulled(t *testing.T) {
	r, _ := running(t, t.TempDir())
	image, _ := someImage(t)
	layers, err := image.Layers()
	must(t, err)
	blob, err := layers[0].Digest()
	must(t, err)
	for _, repository := range []string{"other/app", "shared"} {
		must(t, newClient(t, r.Grant(nil, []string{repository})).push(r.BuildAddress()+"/"+repository, image))
	}
	mine := r.Grant([]string{"shared", "mine/"}, []string{"mine/"})
	const form = "application/x-www-form-urlencoded"
	for _, c := range []struct {
		target, contentType, body string
		want                      int
	}{
		{"/v2/mine/a/blobs/uploads/?mount=" + blob.String() + "&from=shared", "", "", http.StatusCreated},
		{"/v2/mine/b/blobs/uploads/?mount=" + blob.String() + "&from=other/app", "", "", http.StatusForbidden},
		{"/v2/mine/b/blobs/uploads/?mount=" + blob.String() + "&from=shared&from=other/app", "", "", http.StatusForbidden},
		{"/v2/mine/b/blobs/uploads/?mount=" + blob.String() + "&from=" + url.QueryEscape("shared/../other/app"), "", "", http.StatusForbidden},
		{"/v2/mine/b/blobs/uploads/?mount=" + blob.String(), form, "from=other/app", http.StatusForbidden},
		{"/v2/mine/b/blobs/uploads/?mount=" + blob.String(), form + "; a=b; a=c", "from=other/app", http.StatusForbidden},
	} {
		if got := request(t, r, mine, http.MethodPost, c.target, c.contentType, c.body); got != c.want {
			t.Errorf("%s %s: got %d, want %d", c.target, c.body, got, c.want)
		}
	}
	if got := request(t, r, mine, http.MethodHead, "/v2/mine/b/blobs/"+blob.String(), "", ""); got != http.StatusNotFound {
		t.Errorf("a blob of somebody else's is there: %d", got)
	}
}

func TestTricksWithPathsAreRefused(t *testing.T) {
	r, _ := running(t, t.TempDir())
	image, _ := someImage(t)
	must(t, newClient(t, r.Grant(nil, []string{"other/app"})).push(r.BuildAddress()+"/other/app:v1", image))
	mine := r.Grant([]string{"mine/"}, []string{"mine/"})
	for _, target := range []string{
		"/v2/mine/../other/app/manifests/v1",
		"/v2/mine/%2e%2e/other/app/manifests/v1",
		"/v2/mine/..%2fother/app/manifests/v1",
		"/v2//other/app/manifests/v1",
		"/v2/mine//../other/app/manifests/v1",
		"/v2/mine/./manifests/v1",
		"/v2/mine/app/manifests/../../../other/app/manifests/v1",
		"/v2/mine%00/manifests/v1",
		"/V2/other/app/manifests/v1",
		"/other/app/manifests/v1",
		"/debug/health",
		"/",
	} {
		if got := request(t, r, mine, http.MethodGet, target, "", ""); got != http.StatusForbidden {
			t.Errorf("%s: got %d, want %d", target, got, http.StatusForbidden)
		}
	}
	for _, method := range []string{http.MethodDelete, http.MethodPatch, http.MethodPost} {
		if got := request(t, r, mine, method, "/v2/mine/app/manifests/v1", "", ""); got != http.StatusForbidden {
			t.Errorf("%s: got %d, want %d", method, got, http.StatusForbidden)
		}
	}
}

func TestStrangersAreClosedAtAccept(t *testing.T) {
	r, _ := running(t, t.TempDir())
	for from, admitted := range map[string]bool{"127.0.0.1": true, "127.0.0.2": true, "127.0.0.3": false} {
		answer, err := (&http.Client{Transport: newTransport(t, from)}).Get("http://" + r.BuildAddress() + "/v2/")
		if (err == nil) != admitted {
			t.Errorf("from %s: got %v", from, err)
		}
		if err == nil {
			must(t, answer.Body.Close())
		}
	}
}

func TestImagesAndPortOutliveARestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "registry")
	first, stop := running(t, dir)
	image, digest := someImage(t)
	must(t, newClient(t, first.Grant(nil, []string{"mine/"})).push(first.BuildAddress()+"/mine/app", image))
	pass := first.EnginePass()
	stop()

	second, _ := running(t, dir)
	if second.PullAddress() != first.PullAddress() || second.BuildAddress() != first.BuildAddress() {
		t.Errorf("the addresses changed from %s to %s", first.PullAddress(), second.PullAddress())
	}
	if got, err := newClient(t, second.EnginePass()).pull(first.PullAddress() + "/mine/app"); err != nil || got != digest {
		t.Errorf("pulled %s, %v; want %s", got, err, digest)
	}
	_, err := newClient(t, pass).pull(first.PullAddress() + "/mine/app")
	wantStatus(t, err, http.StatusUnauthorized)

	if third, err := New(t.Context(), Options{Dir: dir, Log: slog.New(slog.DiscardHandler)}); err == nil {
		t.Errorf("a second registry opened %s", third.PullAddress())
	} else if !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("got %v, want that the port is taken", err)
	}
}

func TestDelete(t *testing.T) {
	r, _ := running(t, t.TempDir())
	image, digest := someImage(t)
	all := newClient(t, r.Grant([]string{"a/", "ab/", "bb"}, []string{"a/", "ab/", "bb"}))
	repositories := []string{"a/x", "a/x/y", "a/z", "ab/x", "bb"}
	for _, repository := range repositories {
		must(t, all.push(r.BuildAddress()+"/"+repository, image))
	}
	left := func() (names string) {
		for _, repository := range repositories {
			if got, err := all.pull(r.BuildAddress() + "/" + repository); err == nil && got == digest {
				names += repository + " "
			}
		}
		return names
	}
	for _, step := range []struct{ repository, left string }{
		{"a/x", "a/x/y a/z ab/x bb "},
		{"a/x", "a/x/y a/z ab/x bb "},
		{"a/", "ab/x bb "},
		{"gone/", "ab/x bb "},
		{"bb/", "ab/x bb "},
		{"bb", "ab/x "},
	} {
		must(t, r.Delete(t.Context(), step.repository))
		if got := left(); got != step.left {
			t.Errorf("after %s: left %s, want %s", step.repository, got, step.left)
		}
	}
	for _, bad := range []string{"", "/", "..", "a/../b", "../../../..", "_layers"} {
		if err := r.Delete(t.Context(), bad); !paas.IsKind(err, paas.Invalid) {
			t.Errorf("%q: got %v", bad, err)
		}
	}
	must(t, all.push(r.BuildAddress()+"/a/x", image)) // the name can be used again
}
