package registry

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	collector "github.com/distribution/distribution/v3/registry/storage"
	"github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
)

// sweepEvery is how often the registry looks whether something was removed since the last sweep.
const sweepEvery = 10 * time.Second

// Sweep removes the layers that no image has any more. A push first sends its layers and then the
// image that names them, so nothing is swept while a pass may push; it says whether it did sweep.
func (r *Registry) Sweep(ctx context.Context) (bool, error) {
	if !r.passes.pushing.TryLock() {
		return false, nil
	}
	defer r.passes.pushing.Unlock()
	names, err := r.Namespaces(ctx)
	if err != nil || len(names) == 0 { // distribution cannot list what is empty
		return err == nil, err
	}
	driver := filesystem.New(filesystem.DriverParameters{RootDirectory: filepath.Clean(r.dir), MaxThreads: 25})
	namespace, err := collector.NewRegistry(ctx, driver)
	if err != nil {
		return false, fmt.Errorf("open the image store: %w", err)
	}
	if err := collector.MarkAndSweep(ctx, driver, namespace, collector.GCOpts{Quiet: true}); err != nil {
		return false, fmt.Errorf("remove layers without images: %w", err)
	}
	return true, nil
}

// sweepLoop sweeps soon after something was removed, and once at the start: an earlier daemon may
// have ended in between.
func (r *Registry) sweepLoop(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if !r.removed.Swap(false) {
			continue
		}
		swept, err := r.Sweep(ctx)
		if err != nil && ctx.Err() == nil {
			r.log.WarnContext(ctx, "registry: sweep; the next removal has it tried again", "error", err)
		}
		if err == nil && !swept {
			r.removed.Store(true) // a build is pushing
		}
	}
}
