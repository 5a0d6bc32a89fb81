package builder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/buildpacks/pack/pkg/cache"
	pack "github.com/buildpacks/pack/pkg/client"
	packimage "github.com/buildpacks/pack/pkg/image"

	"github.com/paastech-cloud/paastech/paas"
)

var _ paas.Builder = (*Builder)(nil)

// Where things are in a build container, as the platform specification fixes it.
const (
	appDir   = "/workspace"
	layers   = "/layers"
	cacheDir = "/cache"
	envDir   = "/platform/env"
	order    = "/cnb/order.toml"
	passwd   = "/etc/passwd"
)

// errTimeout is the cause of a build's context that lasted too long.
var errTimeout = errors.New("the build took too long")

// job is one build under way.
type job struct {
	paas.Build
	builder about
	own     bool   // the platform's own builder, whose lifecycle may be trusted with the registry's pass
	around  string // image that does the work around the buildpacks of any other builder
	dir     string
	log     *transcript
	pass    paas.RegistryPass
}

// Build makes the image of a tree and publishes it to the local registry.
func (b *Builder) Build(ctx context.Context, build paas.Build) (paas.Image, error) {
	j := job{Build: build, log: newTranscript(build.Output, b.options.Log)}
	defer j.log.close()
	if err := b.takeSlot(ctx, j.log); err != nil {
		return paas.Image{}, err
	}
	defer func() { <-b.slots }()
	b.caches.begin(build.Project)
	defer b.caches.end(build.Project)
	ctx, cancel := context.WithTimeoutCause(ctx, b.options.Timeout, errTimeout)
	defer cancel()
	image, err := b.carryOutBuild(ctx, &j)
	if err != nil && ctx.Err() != nil {
		return paas.Image{}, b.ended(ctx)
	}
	return image, err
}

// takeSlot waits until fewer than the allowed number of builds run.
func (b *Builder) takeSlot(ctx context.Context, log *transcript) error {
	select {
	case b.slots <- struct{}{}:
		return nil
	default:
		log.Say("-----> Waiting for another build to end; %d run at a time", cap(b.slots))
	}
	select {
	case b.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (b *Builder) carryOutBuild(ctx context.Context, j *job) (paas.Image, error) {
	if err := b.choose(ctx, j); err != nil {
		return paas.Image{}, err
	}
	began := time.Now()
	repository := repositoryOf(j.Project)
	j.pass = b.options.Registry.Grant([]string{runRepository, repository + "/"}, []string{repository + "/"})
	defer j.pass.Revoke()
	if err := b.runPack(ctx, j); err != nil {
		return paas.Image{}, err
	}
	image, size, err := b.published(ctx, j)
	if err != nil {
		return paas.Image{}, err
	}
	if err := checkProcesses(j.Plan.App, image); err != nil {
		return paas.Image{}, err
	}
	j.log.Say("       Image of %.1f MB beside its base, made in %.1f s", float64(size)/1e6, time.Since(began).Seconds())
	return image, nil
}

// choose finds the builder and the directory.
func (b *Builder) choose(ctx context.Context, j *job) error {
	standard, err := b.defaultImage(ctx)
	if err != nil {
		return err
	}
	chosen := cmp.Or(j.Plan.Builder, standard)
	if j.builder, err = b.builderImage(ctx, chosen, writerFunc(j.log.sayAll)); err != nil {
		return err
	}
	for _, id := range j.Plan.Buildpacks {
		if !j.builder.has(id) {
			return unknownBuildpack(j.Plan.File, 0, id, j.builder)
		}
	}
	if j.own, j.around, err = b.trust(ctx, chosen); err != nil {
		return err
	}
	j.dir, err = buildDir(j.Dir, j.Plan.Path)
	return err
}

// trust tells whether a builder is the platform's own, and, for any other, the image that does the work
// around its buildpacks.
func (b *Builder) trust(ctx context.Context, chosen string) (own bool, around string, err error) {
	r, err := b.ownRecipe(ctx)
	if err != nil || chosen == r.image() {
		return err == nil, "", err
	}
	return false, r.lifecycleImage(), b.maker(io.Discard).ensureLifecycle(ctx, r)
}

// buildDir is the directory to build, found without leaving the tree.
func buildDir(tree, path string) (string, error) {
	root, err := os.OpenRoot(tree)
	if err != nil {
		return "", fmt.Errorf("open the source: %w", err)
	}
	defer root.Close()
	path = filepath.Clean(cmp.Or(path, "."))
	dir, err := root.OpenRoot(path)
	if err != nil {
		return "", paas.Errorf(paas.Invalid, paas.EBuildConfig, "The directory to build, %q, is not in the tree.", path).Because(err)
	}
	defer dir.Close()
	return filepath.EvalSymlinks(filepath.Join(tree, path))
}

// repositoryOf is the project's own place in the local registry; the engine knows its images by it.
func repositoryOf(project paas.ProjectID) string { return string(project) }

// imageOf is the repository and tag under which builds publish; the tag latest is where the lifecycle
// looks for layers to use again.
func (b *Builder) imageOf(j *job, tag string) string {
	return fmt.Sprintf("%s/%s:%s", b.options.Registry.BuildAddress(), appRepository(j.Project), tag)
}

func (b *Builder) runPack(ctx context.Context, j *job) error {
	scratch, err := os.MkdirTemp("", "paastech-build-")
	if err != nil {
		return fmt.Errorf("make a place for pack: %w", err)
	}
	defer os.RemoveAll(scratch)
	docker := b.confine(j)
	packs, err := newPack(packSetup{
		docker: docker, dir: scratch, log: j.log, keychain: b.keychain(j.pass),
		registry: b.options.Registry.BuildAddress(), lifecycle: j.around,
	})
	if err != nil {
		return err
	}
	packErr := packs.Build(ctx, b.packOptions(j))
	if err := docker.cleanUp(); err != nil {
		b.options.Log.Warn("clean up after a build", "project", j.Project, "error", err)
	}
	if failed := docker.failure(); failed != nil {
		return b.diagnose(j, failed)
	}
	if packErr != nil && strings.Contains(packErr.Error(), "no space left on device") {
		j.log.look(packErr.Error())
		return rejected(paas.EBuildDiskFull, "%s", j.log.seen().sentence())
	}
	if packErr != nil {
		return fmt.Errorf("build with pack: %w", packErr)
	}
	return nil
}

// packOptions are what pack is asked for. What it would put into an image of its own for this build
// (variables, order of buildpacks) comes with the seed instead.
func (b *Builder) packOptions(j *job) pack.BuildOptions {
	volume := func(kind string) cache.CacheInfo {
		return cache.CacheInfo{Format: cache.CacheVolume, Source: cacheVolume(b.options.InstanceID, j.Project, kind)}
	}
	return pack.BuildOptions{
		Image:             b.imageOf(j, "latest"),
		AdditionalTags:    []string{b.imageOf(j, fmt.Sprintf("v%d", j.Deployment))},
		Builder:           j.builder.image,
		LifecycleImage:    j.around,
		AppPath:           j.dir,
		Publish:           true,
		PullPolicy:        packimage.PullNever,
		TrustBuilder:      func(string) bool { return j.own },
		AdditionalMirrors: map[string][]string{j.builder.runImage: {b.mirrorName(j.builder)}},
		Cache:             cache.CacheOpts{Build: volume("build"), Launch: volume("launch"), Kaniko: volume("kaniko")},
		ContainerConfig:   pack.ContainerConfig{Network: b.options.Network.Name},
		Workspace:         path.Base(appDir),
		UserID:            -1, // the builder's own; 0 would be root
		GroupID:           -1,
	}
}

// confine makes the Docker client for a build.
func (b *Builder) confine(j *job) *confined {
	life, end := context.WithCancel(context.Background())
	return &confined{
		Client:  b.docker,
		limits:  b.options.Limits,
		network: b.options.Network.Name,
		user:    fmt.Sprintf("%d:%d", j.builder.uid, j.builder.gid),
		labels: map[string]string{
			labelInstance: b.options.InstanceID,
			labelProject:  string(j.Project),
			labelBuild:    fmt.Sprint(j.Deployment),
		},
		seed:    func(phase string) seed { return b.seedOf(j, phase) },
		life:    life,
		end:     end,
		phases:  map[string]*phase{},
		volumes: map[string]bool{},
	}
}

// seedOf is what a phase's container needs. Variables and certificates go where buildpacks run only.
func (b *Builder) seedOf(j *job, phase string) seed {
	s := seed{uid: j.builder.uid, gid: j.builder.gid, dirs: []string{layers, appDir, cacheDir}, files: map[string]string{}}
	switch phase {
	case "creator", "detector", "builder":
		for key, value := range b.buildEnv(j) {
			s.files[path.Join(envDir, key)] = value.Reveal()
		}
		if len(j.Plan.Buildpacks) > 0 {
			s.files[order] = orderFile(j.Plan.Buildpacks, j.builder)
		}
		if b.caBundle != "" {
			s.files[HostCABundle] = b.caBundle
		}
	default: // the image is ours, but the user is the other builder's
		s.files[passwd] = fmt.Sprintf("root:x:0:0::/root:/bin/sh\ncnb:x:%d:%d::/home/cnb:/bin/sh\n", j.builder.uid, j.builder.gid)
	}
	return s
}

// buildEnv is the tree's variables, and over them the project's own.
func (b *Builder) buildEnv(j *job) paas.Env {
	env := paas.Env{}
	if b.caBundle != "" {
		env["NODE_EXTRA_CA_CERTS"], env["SSL_CERT_FILE"] = HostCABundle, HostCABundle
	}
	maps.Copy(env, j.Plan.Env)
	maps.Copy(env, j.Env)
	return env
}

// orderFile makes the named buildpacks the one group to try.
func orderFile(ids []string, builder about) string {
	var text strings.Builder
	text.WriteString("[[order]]\n")
	for _, locator := range ids {
		id, version, _ := strings.Cut(locator, "@")
		at := slices.IndexFunc(builder.buildpacks, func(m module) bool { return m.ID == id && (version == "" || version == m.Version) })
		fmt.Fprintf(&text, "[[order.group]]\nid = %q\nversion = %q\n", id, builder.buildpacks[at].Version)
	}
	return text.String()
}
