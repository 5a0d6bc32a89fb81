package deployer

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/inmemory" // the driver that is configured
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/pkg/jsonmessage"
	"github.com/google/uuid"
	"github.com/sirupsen/logrus"

	"github.com/paastech-cloud/paastech/paas"
)

// startRegistry serves an empty registry that asks for a password, and tells the engine about it.
func startRegistry(t *testing.T, e *Engine) (address string) {
	t.Helper()
	logrus.SetOutput(io.Discard)
	app := handlers.NewApp(context.WithoutCancel(t.Context()), &configuration.Configuration{Storage: configuration.Storage{"inmemory": {}}})
	pass := paas.RegistryPass{Username: "engine", Password: paas.Secret(uuid.NewString())}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != pass.Username || password != pass.Password.Reveal() {
			w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		app.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		server.Close()
		_ = app.Shutdown()
	})
	address = server.Listener.Addr().String()
	if err := e.UseRegistry(t.Context(), address, pass); err != nil {
		t.Fatal(err)
	}
	return address
}

// publish pushes the plain image and forgets it locally; it returns the reference by digest.
func publish(t *testing.T, e *Engine, repository string) paas.ImageRef {
	t.Helper()
	tagged := repository + ":1"
	if err := e.docker.ImageTag(t.Context(), string(images.plain), tagged); err != nil {
		t.Fatal(err)
	}
	credential, err := e.registry.Load().credential(paas.ImageRef(tagged))
	if err != nil {
		t.Fatal(err)
	}
	progress, err := e.docker.ImagePush(t.Context(), tagged, image.PushOptions{RegistryAuth: credential})
	if err != nil {
		t.Fatal(err)
	}
	defer progress.Close()
	digest := ""
	for decoder := json.NewDecoder(progress); ; {
		var message jsonmessage.JSONMessage
		if err := decoder.Decode(&message); err != nil {
			break
		}
		if message.Error != nil {
			t.Fatal(message.Error)
		}
		var result struct{ Digest string }
		if message.Aux != nil && json.Unmarshal(*message.Aux, &result) == nil {
			digest = result.Digest
		}
	}
	for _, ref := range []string{tagged, repository + "@" + digest} {
		if err := e.removeImage(t.Context(), ref); err != nil {
			t.Fatal(err)
		}
	}
	return paas.ImageRef(repository + "@" + digest)
}

func TestImagesArePulledOnceAndForgottenWithTheirProject(t *testing.T) {
	e := newEngine(t)
	address := startRegistry(t, e)
	s, other := spec(), spec()
	s.Image = publish(t, e, fmt.Sprintf("%s/%s/app", address, s.Project))
	other.Image = publish(t, e, fmt.Sprintf("%s/%s/app", address, other.Project))
	run(t, e, s)
	run(t, e, s)
	run(t, e, other)
	if pulled, err := e.pulledImages(t.Context(), address); err != nil || len(pulled) != 2 {
		t.Errorf("pulled images: %v %v", pulled, err)
	}
	if err := e.Forget(t.Context(), s.Project); err != nil {
		t.Fatal(err)
	}
	if projects, err := e.Projects(t.Context()); err != nil || len(projects) != 1 || projects[0] != other.Project {
		t.Errorf("projects: %v %v", projects, err)
	}
	all, err := e.Containers(t.Context())
	if err != nil || len(all) != 1 || !all[0].Running || all[0].Project != other.Project {
		t.Errorf("the other project's: %+v %v", all, err)
	}
	if pulled, err := e.pulledImages(t.Context(), address); err != nil || len(pulled) != 1 {
		t.Errorf("images that are left: %v %v", pulled, err)
	}
}

func TestImagesStayUntilNobodyKeepsThem(t *testing.T) {
	e := newEngine(t)
	address := startRegistry(t, e)
	s := spec()
	s.Image = publish(t, e, fmt.Sprintf("%s/%s/app", address, s.Project))
	started := run(t, e, s)
	pulled := func() int {
		t.Helper()
		found, err := e.pulledImages(t.Context(), address)
		if err != nil {
			t.Fatal(err)
		}
		return len(found)
	}
	retain := func(keep ...paas.ImageRef) {
		t.Helper()
		if err := e.Retain(t.Context(), s.Project, keep); err != nil {
			t.Fatal(err)
		}
	}
	if retain(); pulled() != 1 {
		t.Error("the image of a container was removed")
	}
	if err := e.Remove(t.Context(), started.ID); err != nil {
		t.Fatal(err)
	}
	if retain(s.Image); pulled() != 1 {
		t.Error("a kept image was removed")
	}
	if err := e.Retain(t.Context(), "another", nil); err != nil || pulled() != 1 {
		t.Errorf("another project's image was removed: %v", err)
	}
	if retain(); pulled() != 0 {
		t.Error("nobody keeps the image, and it is there")
	}
	run(t, e, s) // from the registry again
	stranger, err := New(t.Context(), Options{Instance: e.options.Instance})
	if err != nil {
		t.Fatal(err)
	}
	if err := stranger.RemoveAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := pulled(); left != 0 {
		t.Errorf("%d images after all was removed by who does not know the registry", left)
	}
}

func TestImagesThatCannotBePulledAreRejected(t *testing.T) {
	e := newEngine(t)
	address := startRegistry(t, e)
	s := spec()
	missing := strings.Repeat("0", 64)
	for name, ref := range map[string]string{
		"not there":  fmt.Sprintf("%s/%s/app@sha256:%s", address, s.Project, missing),
		"no such":    fmt.Sprintf("127.0.0.1:1/%s/app@sha256:%s", s.Project, missing),
		"no digest":  fmt.Sprintf("%s/%s/app@sha256:abc", address, s.Project),
		"no image":   "$(touch /tmp/canary)",
		"no network": "registry.invalid/app:1",
	} {
		s.Image = paas.ImageRef(ref)
		_, err := e.Launch(t.Context(), s)
		if !paas.IsKind(err, paas.Rejected) || !paas.IsCode(err, paas.EImageUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	pass := e.registry.Load().pass
	pass.Password = "wrong"
	if err := e.UseRegistry(t.Context(), address, pass); err != nil {
		t.Fatal(err)
	}
	s.Image = paas.ImageRef(fmt.Sprintf("%s/%s/app@sha256:%s", address, s.Project, missing))
	if _, err := e.Launch(t.Context(), s); !paas.IsCode(err, paas.EImageUnavailable) {
		t.Errorf("wrong password: %v", err)
	}
	if all, err := e.Containers(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("containers: %v %v", all, err)
	}
}

func TestProgressOfAPullEndsWithItsFailure(t *testing.T) {
	for text, want := range map[string]string{
		``: "", `{"status":"Pulling"}`: "", `{"status":"x"}{"errorDetail":{"message":"gone"},"error":"gone"}`: "gone", `{"st`: "unexpected EOF",
	} {
		err := drainPull(bytes.NewReader([]byte(text)))
		if got := fmt.Sprint(err); (want == "") != (err == nil) || want != "" && !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %q", text, got, want)
		}
	}
}

// TestThePassIsForItsRegistryAlone asks for the credential of images from elsewhere.
func TestThePassIsForItsRegistryAlone(t *testing.T) {
	own := registry{address: netip.MustParseAddrPort("127.0.0.1:5000"), pass: paas.RegistryPass{Username: "engine", Password: "secret"}}
	for ref, want := range map[paas.ImageRef]bool{
		"127.0.0.1:5000/p/app@sha256:0": true,
		"127.0.0.1:50001/p/app":         false,
		"registry.example.com/p/app":    false,
		"nginx":                         false,
	} {
		if credential, err := own.credential(ref); err != nil || (credential != "") != want {
			t.Errorf("%s: %q, %v", ref, credential, err)
		}
	}
}
