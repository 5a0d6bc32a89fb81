package builder

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
	specs "github.com/opencontainers/image-spec/specs-go/v1"
)

// confined is the Docker client that pack is handed for one build. Every container that pack makes
// through it is limited, labelled and without privileges; how each one ended is recorded here, since
// pack would lose the last lines of one that failed (and a goroutine with it).
type confined struct {
	*client.Client
	limits  Limits
	network string
	labels  map[string]string
	user    string
	seed    func(phase string) seed

	life  context.Context // ends in cleanUp, and every wait with it
	end   context.CancelFunc
	waits sync.WaitGroup

	mu      sync.Mutex // guards what follows
	phases  map[string]*phase
	volumes map[string]bool
	failed  *phase
	over    bool // cleanUp has begun; nothing may be waited for any more
}

// phase is one container of a build and how it ended.
type phase struct {
	name      string
	container string
	watched   chan struct{} // closed when the engine will tell how it ends
	output    chan struct{} // closed when all it wrote has been read
	exit      int64
	oomKilled bool
	lost      error        // the engine could not say how it ended
	discard   func() error // removes the container, once; whoever asks waits until it is gone
}

// ContainerCreate makes a container the way confine says. After a phase that failed there is no next.
func (c *confined) ContainerCreate(ctx context.Context, config *container.Config, host *container.HostConfig, _ *network.NetworkingConfig, platform *specs.Platform, name string) (container.CreateResponse, error) {
	if err := context.Cause(ctx); err != nil {
		return container.CreateResponse{}, err
	}
	if failed := c.failure(); failed != nil {
		return container.CreateResponse{}, fmt.Errorf("%s failed", failed.name)
	}
	ctx = context.WithoutCancel(ctx) // a create that is abandoned may still happen
	if err := c.createVolumes(ctx, host.Binds); err != nil {
		return container.CreateResponse{}, err
	}
	limited := *config
	limited.User = c.user
	limited.Labels = c.labels
	limited.Env = append(slices.Clone(config.Env), "CNB_NO_COLOR=true")
	created, err := c.Client.ContainerCreate(ctx, &limited, confine(host, c.limits, c.networkOf(config)), nil, platform, name)
	if err != nil {
		return created, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.phases[created.ID] = &phase{
		name:      path.Base(config.Cmd[0]),
		container: created.ID,
		watched:   make(chan struct{}),
		output:    make(chan struct{}),
		discard:   sync.OnceValue(func() error { return discard(context.Background(), c.Client, created.ID) }),
	}
	return created, nil
}

// networkOf keeps detection off the network: buildpacks only look at the source then.
func (c *confined) networkOf(config *container.Config) string {
	if path.Base(config.Cmd[0]) == "detector" {
		return "none"
	}
	return c.network
}

// createVolumes makes pack's volumes before the engine does, with labels. Nothing else may be mounted.
func (c *confined) createVolumes(ctx context.Context, binds []string) error {
	for _, bind := range binds {
		name, _, _ := strings.Cut(bind, ":")
		if strings.HasPrefix(name, "/") {
			return fmt.Errorf("a build asked for the host's %s", name)
		}
		labels := c.labels
		if strings.HasPrefix(name, cachePrefix) {
			labels = maps.Clone(labels)
			delete(labels, labelBuild)
			labels[labelCache] = "build"
		} else {
			c.mu.Lock()
			c.volumes[name] = true
			c.mu.Unlock()
		}
		if _, err := c.VolumeCreate(ctx, volume.CreateOptions{Name: name, Labels: labels}); err != nil {
			return fmt.Errorf("create volume: %w", err)
		}
	}
	return nil
}

// ContainerStart copies the seed in, then starts: not before its end is watched, or a quick one's would
// be missed.
func (c *confined) ContainerStart(ctx context.Context, id string, options container.StartOptions) error {
	p := c.phase(id)
	archive, err := c.seed(p.name).archive()
	if err != nil {
		return err
	}
	if err := c.CopyToContainer(ctx, id, "/", bytes.NewReader(archive), container.CopyToContainerOptions{}); err != nil {
		return fmt.Errorf("prepare build container: %w", err)
	}
	select {
	case <-p.watched:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return c.Client.ContainerStart(ctx, id, options)
}

// ContainerAttach notes when all output has been read. It outlives ctx: it ends with the container.
func (c *confined) ContainerAttach(ctx context.Context, id string, options container.AttachOptions) (types.HijackedResponse, error) {
	attached, err := c.Client.ContainerAttach(context.WithoutCancel(ctx), id, options)
	if err == nil {
		p := c.phase(id)
		attached.Reader = bufio.NewReader(&untilEnd{attached.Reader, sync.OnceFunc(func() { close(p.output) })})
	}
	return attached, err
}

// untilEnd calls end when the reader has no more.
type untilEnd struct {
	io.Reader
	end func()
}

func (u *untilEnd) Read(p []byte) (int, error) {
	n, err := u.Reader.Read(p)
	if err != nil {
		u.end()
	}
	return n, err
}

// ContainerWait reports success once the container has ended in any way and its output has been read;
// failure tells the truth. A canceled ctx removes the container.
func (c *confined) ContainerWait(ctx context.Context, id string, condition container.WaitCondition) (<-chan container.WaitResponse, <-chan error) {
	p := c.beginWait(id)
	if p == nil {
		gone := make(chan error, 1)
		gone <- errors.New("the build is over")
		return nil, gone
	}
	ended, failed := c.Client.ContainerWait(c.life, id, condition)
	close(p.watched)
	answer := make(chan container.WaitResponse, 1)
	release := context.AfterFunc(ctx, func() { p.discard() })
	go func() {
		defer c.waits.Done()
		defer release()
		select {
		case end := <-ended:
			p.exit = end.StatusCode
		case p.lost = <-failed:
		}
		select {
		case <-p.output:
		case <-c.life.Done():
		case <-time.After(5 * time.Second): // a child that kept the output open is gone with the container
		}
		c.record(ctx, p)
		answer <- container.WaitResponse{}
	}()
	return answer, nil
}

// beginWait counts one more wait, unless the build is over; pack asks from a goroutine of its own.
func (c *confined) beginWait(id string) *phase {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.over || c.phases[id] == nil {
		return nil
	}
	c.waits.Add(1)
	return c.phases[id]
}

func (c *confined) record(ctx context.Context, p *phase) {
	if seen, err := c.ContainerInspect(context.WithoutCancel(ctx), p.container); err == nil {
		p.oomKilled = seen.State.OOMKilled
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed == nil && (p.exit != 0 || p.lost != nil) {
		c.failed = p
	}
}

// ContainerRemove takes anonymous volumes along.
func (c *confined) ContainerRemove(_ context.Context, id string, _ container.RemoveOptions) error {
	if p := c.phase(id); p != nil {
		if err := p.discard(); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.phases, id)
	return nil
}

// VolumeRemove notes that nothing is left to clean up.
func (c *confined) VolumeRemove(ctx context.Context, name string, force bool) error {
	if err := c.Client.VolumeRemove(ctx, name, force); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.volumes, name)
	return nil
}

// ImageRemove keeps pack from removing the images that builds share.
func (c *confined) ImageRemove(context.Context, string, image.RemoveOptions) ([]image.DeleteResponse, error) {
	return nil, nil
}

// failure is the first phase that did not end well.
func (c *confined) failure() *phase {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failed
}

func (c *confined) phase(id string) *phase {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.phases[id]
}

// discard kills and removes a container and its anonymous volumes.
func discard(ctx context.Context, docker *client.Client, id string) error {
	err := docker.ContainerRemove(ctx, id, container.RemoveOptions{Force: true, RemoveVolumes: true})
	if cerrdefs.IsNotFound(err) {
		return nil
	}
	return err
}

// cleanUp ends every wait and removes what is left of the build; pack has removed most of it.
func (c *confined) cleanUp() error {
	c.mu.Lock()
	c.over = true
	phases, volumes := slices.Collect(maps.Values(c.phases)), slices.Collect(maps.Keys(c.volumes))
	c.mu.Unlock()
	var errs []error
	for _, p := range phases {
		errs = append(errs, p.discard())
	}
	c.end()
	c.waits.Wait()
	for _, name := range volumes {
		errs = append(errs, c.Client.VolumeRemove(context.Background(), name, true))
	}
	return errors.Join(errs...)
}
