package builder

import (
	"context"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/volume"

	"github.com/paastech-cloud/paastech/paas"
)

// caches tells which projects are building: their caches are not touched.
type caches struct {
	mu       sync.Mutex // held while a cache is removed, so that no build takes it up meanwhile
	building map[paas.ProjectID]int
}

func (c *caches) begin(project paas.ProjectID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.building[project]++
}

func (c *caches) end(project paas.ProjectID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.building[project]--; c.building[project] == 0 {
		delete(c.building, project)
	}
}

// Shrink frees at least so many bytes of what can be made anew, as long as there is any: first images
// that no build uses any more, then the build caches, the one that was used longest ago first.
func (b *Builder) Shrink(ctx context.Context, bytes int64) (int64, error) {
	freed, err := b.shrinkImages(ctx, bytes)
	if err == nil && freed > 0 {
		_, err = b.dropMirrors(ctx)
	}
	if err != nil || freed >= bytes {
		return freed, err
	}
	found, err := b.cacheVolumes(ctx)
	if err != nil {
		return freed, err
	}
	kept := make([]keptCache, 0, len(found))
	for _, each := range found {
		kept = append(kept, keptCache{each, lastUse(each)})
	}
	slices.SortFunc(kept, func(one, other keptCache) int { return one.used.Compare(other.used) })
	for _, each := range kept {
		if freed >= bytes {
			break
		}
		size, err := b.removeCache(ctx, each.volume)
		if err != nil {
			return freed, err
		}
		freed += size
	}
	return freed, nil
}

// keptCache is a build cache and when it was last used.
type keptCache struct {
	volume *volume.Volume
	used   time.Time
}

// lastUse is when the lifecycle last put a cache in its place, which changes the volume's own
// directory, or when the volume was made if the engine is not on this host.
func lastUse(each *volume.Volume) time.Time {
	if info, err := os.Stat(each.Mountpoint); err == nil {
		return info.ModTime()
	}
	made, _ := time.Parse(time.RFC3339, each.CreatedAt)
	return made
}

// removeCache returns how many bytes that freed; a cache that is in use stays.
func (b *Builder) removeCache(ctx context.Context, each *volume.Volume) (int64, error) {
	size, err := sizeBelow(each.Mountpoint)
	if err != nil {
		return 0, fmt.Errorf("measure a build cache: %w", err)
	}
	b.caches.mu.Lock()
	defer b.caches.mu.Unlock()
	if b.caches.building[paas.ProjectID(each.Labels[labelProject])] > 0 {
		return 0, nil
	}
	err = b.docker.VolumeRemove(ctx, each.Name, false)
	switch {
	case cerrdefs.IsNotFound(err) || cerrdefs.IsConflict(err):
		return 0, nil
	case err != nil:
		return 0, fmt.Errorf("remove a build cache: %w", err)
	}
	return size, nil
}
