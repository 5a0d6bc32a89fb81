package registry

import (
	"context"
	"net/http"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
)

// onBase is an image of one layer of its own on top of another.
func onBase(t *testing.T, base v1.Image) (v1.Image, v1.Hash) {
	t.Helper()
	layer, err := random.Layer(4096, "application/vnd.docker.image.rootfs.diff.tar.gzip")
	must(t, err)
	image, err := mutate.AppendLayers(base, layer)
	must(t, err)
	digest, err := image.Digest()
	must(t, err)
	return image, digest
}

// Images share the layers of their base; what is kept is whole whatever of the others went.
func TestRetainKeepsWhatIsKept(t *testing.T) {
	ctx := context.Background()
	r, _ := running(t, t.TempDir())
	base, _ := someImage(t)
	pass := r.Grant(nil, []string{"one/", "two/"})
	builds := newClient(t, pass)
	var digests []v1.Hash
	for _, tag := range []string{"v1", "v2", "v3", "v4"} {
		image, digest := onBase(t, base)
		must(t, builds.push(r.BuildAddress()+"/one/app:"+tag, image))
		must(t, builds.push(r.BuildAddress()+"/one/app:latest", image))
		digests = append(digests, digest)
	}
	other, otherDigest := onBase(t, base)
	must(t, builds.push(r.BuildAddress()+"/two/app:v1", other))

	keep := []string{digests[1].String(), digests[3].String(), "sha256:unknown"}
	for i, want := range []int{2, 0} {
		if removed, err := r.Retain(ctx, "one/app", keep); err != nil || removed != want {
			t.Errorf("time %d: removed %d, %v", i+1, removed, err)
		}
	}
	for i, digest := range digests {
		if has, err := r.Has(ctx, "one/app", digest.String()); err != nil || has != (i == 1 || i == 3) {
			t.Errorf("has image %d: %v, %v", i+1, has, err)
		}
	}
	if has, err := r.Has(ctx, "two/app", digests[1].String()); err != nil || has {
		t.Errorf("has another repository's image: %v, %v", has, err)
	}
	before, err := r.Size(ctx, "one")
	must(t, err)
	pass.Revoke()
	if swept, err := r.sweepSince(ctx, time.Time{}); err != nil || !swept {
		t.Fatalf("swept: %v, %v", swept, err)
	}
	if after, err := r.Size(ctx, "one"); err != nil || after >= before || after == 0 {
		t.Errorf("%d bytes of %d are left, %v", after, before, err)
	}
	pass = r.Grant(nil, []string{"one/"})
	defer pass.Revoke()
	builds = newClient(t, pass)
	engine := newClient(t, r.EnginePass())
	for reference, want := range map[string]v1.Hash{
		"/one/app:v2": digests[1], "/one/app:v4": digests[3], "/one/app:latest": digests[3], "/two/app:v1": otherDigest,
		"/one/app@" + digests[1].String(): digests[1], "/one/app@" + digests[3].String(): digests[3],
	} {
		if got, err := engine.pull(r.PullAddress() + reference); err != nil || got != want {
			t.Errorf("%s is %v, %v", reference, got, err)
		}
	}
	for _, gone := range []string{"/one/app:v1", "/one/app:v3", "/one/app@" + digests[0].String(), "/one/app@" + digests[2].String()} {
		_, err := engine.pull(r.PullAddress() + gone)
		wantStatus(t, err, http.StatusNotFound)
	}
	must(t, builds.push(r.BuildAddress()+"/one/app:v5", base))
	if _, err := engine.pull(r.PullAddress() + "/one/app:v5"); err != nil {
		t.Errorf("the next image: %v", err)
	}
}

func TestRetainOfNothing(t *testing.T) {
	r, _ := running(t, t.TempDir())
	if removed, err := r.Retain(context.Background(), "nobody/app", nil); removed != 0 || err != nil {
		t.Errorf("removed %d, %v", removed, err)
	}
	for _, name := range []string{"../etc", "", "a//b", "UPPER"} {
		if _, err := r.Retain(context.Background(), name, nil); err == nil {
			t.Errorf("%q is a repository", name)
		}
	}
	image, _ := someImage(t)
	pass := r.Grant(nil, []string{"one/"})
	must(t, newClient(t, pass).push(r.BuildAddress()+"/one/app:v1", image))
	pass.Revoke()
	if removed, err := r.Retain(context.Background(), "one/app", nil); removed != 1 || err != nil {
		t.Errorf("removed %d, %v", removed, err)
	}
	if swept, err := r.sweepSince(context.Background(), time.Time{}); err != nil || !swept {
		t.Errorf("swept: %v, %v", swept, err)
	}
	if size, err := r.Size(context.Background(), "one"); size != 0 || err != nil {
		t.Errorf("%d bytes are left, %v", size, err)
	}
}
