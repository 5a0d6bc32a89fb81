package builder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	packbuilder "github.com/buildpacks/pack/builder"
	pack "github.com/buildpacks/pack/pkg/client"
	"github.com/buildpacks/pack/pkg/dist"
	packimage "github.com/buildpacks/pack/pkg/image"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"

	"github.com/paastech-cloud/paastech/builder/buildpacks"
)

// CreateOptions say where a builder image is made.
type CreateOptions struct {
	DockerHost string // empty: what the environment says, else the local socket
	Fresh      bool   // make the images again although they are there, for newer Debian packages
}

// Create makes the Debian builder on an engine and returns its name. What is there already is kept.
func Create(ctx context.Context, out io.Writer, options CreateOptions) (string, error) {
	docker, err := connect(options.DockerHost)
	if err != nil {
		return "", err
	}
	defer docker.Close()
	r, err := debianRecipe(ctx, docker)
	if err != nil {
		return "", err
	}
	m := maker{docker: docker, out: out}
	if options.Fresh {
		m.remove(ctx, r.image(), r.buildImage(), r.runImage())
	}
	return r.image(), m.make(ctx, r)
}

// connect reaches the engine and settles the version of its API; doing that later would be a race.
func connect(host string) (*client.Client, error) {
	options := []client.Opt{client.FromEnv, client.WithAPIVersionNegotiation()}
	if host != "" {
		options = append(options, client.WithHost(host))
	}
	docker, err := client.NewClientWithOpts(options...)
	if err != nil {
		return nil, fmt.Errorf("reach Docker: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	answer, err := docker.Ping(ctx)
	if err != nil {
		docker.Close()
		return nil, fmt.Errorf("reach Docker: %w", err)
	}
	docker.NegotiateAPIVersionPing(answer)
	return docker, nil
}

// maker makes builder images on one engine and tells out what it does.
type maker struct {
	docker   *client.Client
	out      io.Writer
	instance string // whose images they are, to be removed when they are old; empty: nobody's
}

// labels are what an image of a builder is known by.
func (m *maker) labels(kind string) map[string]string {
	labels := map[string]string{labelRecipe: kind}
	if m.instance != "" {
		labels[labelMaker] = m.instance
	}
	return labels
}

// maker makes images for this instance.
func (b *Builder) maker(out io.Writer) *maker {
	return &maker{docker: b.docker, out: out, instance: b.options.InstanceID}
}

// make makes the builder of a recipe unless the engine has it. One process at a time does this.
func (m *maker) make(ctx context.Context, r recipe) error {
	unlock, err := m.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if m.has(ctx, r.image()) && m.has(ctx, r.runImage()) {
		return nil
	}
	began := time.Now()
	roots := []root{
		{r.buildImage(), "build", r.Arch, r.Build},
		{r.runImage(), "run", r.Arch, r.Run},
	}
	for _, each := range roots {
		if err := m.ensureRoot(ctx, each); err != nil {
			return err
		}
	}
	fmt.Fprintf(m.out, "-----> Making the builder %s\n", r.image())
	if err := m.assemble(ctx, r); err != nil {
		return fmt.Errorf("make the builder: %w", err)
	}
	fmt.Fprintf(m.out, "       The builder is ready (%s)\n", time.Since(began).Round(time.Second))
	return nil
}

// assemble puts lifecycle and buildpacks on top of the build image.
func (m *maker) assemble(ctx context.Context, r recipe) error {
	dir, err := os.MkdirTemp("", "paastech-builder-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	executables, err := loadArtefacts(r.Arch)
	if err != nil {
		return err
	}
	lifecycle := filepath.Join(dir, "lifecycle.tgz")
	if err := packLifecycle(lifecycle, executables); err != nil {
		return err
	}
	config := packbuilder.Config{
		Description: "PaaSTech's buildpacks on Debian " + suite,
		Lifecycle:   packbuilder.LifecycleConfig{URI: lifecycle},
		Build:       packbuilder.BuildConfig{Image: r.buildImage()},
		Run:         packbuilder.RunConfig{Images: []packbuilder.RunImageConfig{{Image: r.runImage()}}},
		Stack:       packbuilder.StackConfig{ID: builderID, BuildImage: r.buildImage(), RunImage: r.runImage()},
	}
	for i, each := range r.Buildpacks {
		at := filepath.Join(dir, fmt.Sprintf("buildpack-%d", i))
		if err := each.Write(at, executables.buildpack); err != nil {
			return err
		}
		config.Buildpacks = append(config.Buildpacks, packbuilder.ModuleConfig{
			ModuleInfo: dist.ModuleInfo{ID: each.ID, Version: each.Version},
			ImageOrURI: dist.ImageOrURI{BuildpackURI: dist.BuildpackURI{URI: at}},
		})
	}
	config.Order = orderOf(r.Order)
	packs, err := newPack(packSetup{docker: m.docker, dir: dir, log: quiet{}})
	if err != nil {
		return err
	}
	return packs.CreateBuilder(ctx, pack.CreateBuilderOptions{
		BuilderName: r.image(), Config: config, RelativeBaseDir: dir, PullPolicy: packimage.PullNever,
		Labels: m.labels("builder"), TempDirectory: dir,
	})
}

func orderOf(groups [][]buildpacks.Member) dist.Order {
	var order dist.Order
	for _, group := range groups {
		var entry dist.OrderEntry
		for _, m := range group {
			entry.Group = append(entry.Group, dist.ModuleRef{
				ModuleInfo: dist.ModuleInfo{ID: m.ID, Version: m.Version}, Optional: m.Optional,
			})
		}
		order = append(order, entry)
	}
	return order
}

func (m *maker) has(ctx context.Context, name string) bool {
	_, err := m.docker.ImageInspect(ctx, name)
	return err == nil
}

// remove takes names away; an image in use stays, without its name.
func (m *maker) remove(ctx context.Context, names ...string) {
	for _, name := range names {
		m.docker.ImageRemove(ctx, name, image.RemoveOptions{Force: true, PruneChildren: true})
	}
}

// lock keeps other processes of this user from making the same images at the same time. The file lies
// outside any data directory because the images are shared by every daemon on the engine.
func (m *maker) lock(ctx context.Context) (func(), error) {
	path := filepath.Join(os.TempDir(), fmt.Sprintf("paastech-builder-%d.lock", os.Getuid()))
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the making of the builder: %w", err)
	}
	poll := time.NewTicker(200 * time.Millisecond)
	defer poll.Stop()
	for said := false; ; said = true {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { file.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			file.Close()
			return nil, fmt.Errorf("lock the making of the builder: %w", err)
		}
		if !said {
			fmt.Fprintln(m.out, "-----> Another process is making the builder; waiting for it")
		}
		select {
		case <-ctx.Done():
			file.Close()
			return nil, context.Cause(ctx)
		case <-poll.C:
		}
	}
}
