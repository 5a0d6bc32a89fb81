package registry

import (
	"io/fs"
	"path/filepath"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/paastech-cloud/paastech/paas"
)

// withLayer is an image over another one.
func withLayer(t *testing.T, base v1.Image) v1.Image {
	t.Helper()
	layer, err := random.Layer(1<<10, types.DockerLayer)
	must(t, err)
	image, err := mutate.AppendLayers(base, layer)
	must(t, err)
	return image
}

// blobs counts what the registry keeps on disk: layers, configurations and manifests.
func blobs(t *testing.T, dir string) (count int) {
	t.Helper()
	must(t, filepath.WalkDir(filepath.Join(dir, "docker/registry/v2/blobs"), func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Name() == "data" {
			count++
		}
		return err
	}))
	return count
}

func TestLayersWithoutImagesAreSwept(t *testing.T) {
	dir := t.TempDir()
	r, _ := running(t, dir)
	pass := r.Grant(nil, []string{"one/app", "two/app"})
	base, _ := someImage(t)
	one, two := withLayer(t, base), withLayer(t, base)
	builder := newClient(t, pass)
	must(t, builder.push(r.BuildAddress()+"/one/app:latest", one))
	must(t, builder.push(r.BuildAddress()+"/two/app:latest", two))
	before := blobs(t, dir)
	must(t, r.Delete(t.Context(), "one/"))
	if swept, err := r.Sweep(t.Context()); swept || err != nil || blobs(t, dir) != before {
		t.Fatalf("while a pass may push: swept %v, %v", swept, err)
	}
	pass.Revoke()
	if swept, err := r.sweepSince(t.Context(), time.Time{}); !swept || err != nil {
		t.Fatalf("swept %v, %v", swept, err)
	}
	// The first image's layer, configuration and manifest are gone; what both had stays.
	if left := blobs(t, dir); left != before-3 {
		t.Errorf("%d blobs of %d are left, want %d", left, before, before-3)
	}
	digest, err := two.Digest()
	must(t, err)
	if pulled, err := newClient(t, r.EnginePass()).pull(r.PullAddress() + "/two/app:latest"); err != nil || pulled != digest {
		t.Errorf("the other image pulls as %v, %v", pulled, err)
	}
	must(t, r.Delete(t.Context(), "two/"))
	for range 2 { // an empty one is no error
		if swept, err := r.sweepSince(t.Context(), time.Time{}); !swept || err != nil {
			t.Fatalf("swept %v, %v", swept, err)
		}
	}
	again := r.Grant(nil, []string{"one/app"})
	must(t, newClient(t, again).push(r.BuildAddress()+"/one/app:latest", one))
	again.Revoke()
	again.Revoke() // twice is once
	if swept, err := r.sweepSince(t.Context(), time.Time{}); !swept || err != nil {
		t.Fatalf("swept %v, %v", swept, err)
	}
	digest, err = one.Digest()
	must(t, err)
	if pulled, err := newClient(t, r.EnginePass()).pull(r.PullAddress() + "/one/app:latest"); err != nil || pulled != digest {
		t.Errorf("what was swept and pushed again pulls as %v, %v", pulled, err)
	}
}

// TestSweptBetweenBuilds: builds that follow each other closely leave no moment that a clock would find, but
// the end of one is seen; those that overlap for too long are waited for, and new ones wait meanwhile.
func TestSweptBetweenBuilds(t *testing.T) {
	dir := t.TempDir()
	r, _ := running(t, dir)
	pass := r.Grant(nil, []string{"one/app", "two/app"})
	base, _ := someImage(t)
	builder := newClient(t, pass)
	must(t, builder.push(r.BuildAddress()+"/two/app:latest", withLayer(t, base)))
	stay := blobs(t, dir)
	must(t, builder.push(r.BuildAddress()+"/one/app:latest", withLayer(t, base)))
	must(t, r.Delete(t.Context(), "one/"))
	pass.Revoke()
	for deadline := time.Now().Add(sweepEvery / 2); blobs(t, dir) > stay; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d blobs are there after a build, %d are used", blobs(t, dir), stay)
		}
	}

	first := r.Grant(nil, []string{"one/app"})
	swept := make(chan error, 1)
	go func() {
		_, err := r.sweepSince(t.Context(), time.Now().Add(-r.sweepAtLast))
		swept <- err
	}()
	time.Sleep(20 * time.Millisecond)
	second := make(chan paas.RegistryPass, 1)
	go func() { second <- r.Grant(nil, []string{"one/app"}) }()
	select {
	case <-swept:
		t.Error("swept while a pass may push")
	case <-time.After(20 * time.Millisecond):
	}
	first.Revoke()
	must(t, <-swept)
	(<-second).Revoke()
}
