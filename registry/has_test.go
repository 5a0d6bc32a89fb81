package registry

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
)

// An image of which a layer is gone cannot be pulled: it is as good as missing.
func TestImagesWithoutALayerAreMissing(t *testing.T) {
	ctx := context.Background()
	dir := t.TempDir()
	r, _ := running(t, dir)
	base, _ := someImage(t)
	pass := r.Grant(nil, []string{"one/"})
	image, digest := onBase(t, base)
	must(t, newClient(t, pass).push(r.BuildAddress()+"/one/app:v1", image))
	pass.Revoke()
	if has, err := r.Has(ctx, "one/app", digest.String()); err != nil || !has {
		t.Fatalf("has what was pushed: %v, %v", has, err)
	}
	layers, err := image.Layers()
	must(t, err)
	layer, err := layers[0].Digest()
	must(t, err)
	must(t, os.Remove(filepath.Join(dir, "docker/registry/v2/blobs", blobPath(layer.Hex))))
	if has, err := r.Has(ctx, "one/app", digest.String()); err != nil || has {
		t.Errorf("has what lacks a layer: %v, %v", has, err)
	}
	for _, name := range []string{"", "latest", "sha256:", "sha256:../" + strings.Repeat("0", 61)} {
		if _, err := r.Has(ctx, "one/app", name); !paas.IsKind(err, paas.Invalid) {
			t.Errorf("%q: %v", name, err)
		}
	}
}
