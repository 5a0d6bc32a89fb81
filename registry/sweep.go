package registry

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	collector "github.com/distribution/distribution/v3/registry/storage"
	"github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
)

// sweepEvery is how often the registry looks whether something was removed since the last sweep, and
// sweepAtLast how long builds that overlap may keep it from sweeping: then new ones wait for that.
const (
	sweepEvery  = 10 * time.Second
	sweepAtLast = 10 * time.Minute
)

// Sweep removes the layers that no image has any more. A push first sends its layers and then the
// image that names them, so nothing is swept while a pass may push; it says whether it did sweep.
func (r *Registry) Sweep(ctx context.Context) (bool, error) {
	if !r.passes.pushing.TryLock() {
		return false, nil
	}
	defer r.passes.pushing.Unlock()
	return r.sweep(ctx)
}

// sweep does it; nothing pushes.
func (r *Registry) sweep(ctx context.Context) (bool, error) {
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
// have ended in between. Where builds follow each other closely it uses the moment between two.
func (r *Registry) sweepLoop(ctx context.Context) {
	tick := time.NewTicker(r.sweepEvery)
	defer tick.Stop()
	var waits time.Time // since when there is something to sweep; zero: there is nothing
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-r.passes.ended:
		}
		if !r.removed.Swap(false) {
			continue
		}
		if waits.IsZero() {
			waits = time.Now()
		}
		swept, err := r.sweepSince(ctx, waits)
		if err != nil && ctx.Err() == nil {
			r.log.WarnContext(ctx, "registry: sweep; the next removal has it tried again", "error", err)
		}
		if err == nil && !swept {
			r.removed.Store(true) // a build is pushing
			continue
		}
		waits = time.Time{}
	}
}

// sweepSince sweeps when nothing pushes, and waits for that when it has been kept from it for long.
func (r *Registry) sweepSince(ctx context.Context, since time.Time) (bool, error) {
	if time.Since(since) < r.sweepAtLast {
		return r.Sweep(ctx)
	}
	r.passes.pushing.Lock()
	defer r.passes.pushing.Unlock()
	return r.sweep(ctx)
}
