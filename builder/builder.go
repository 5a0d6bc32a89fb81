// Package builder turns source into images with Cloud Native Buildpacks. It drives pack in process:
// every build is one container of a builder image (the platform's own, made here from Debian's packages,
// or any other that the operator allows) that publishes what it makes to the local registry. It also reads
// the build configuration that a tree carries.
package builder

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/docker/docker/client"

	"github.com/paastech-cloud/paastech/paas"
)

// Options configure a Builder; zero values mean the defaults named here.
type Options struct {
	DockerHost string // what the environment says, else the local socket
	InstanceID string // marks what builds make
	Registry   paas.Registry
	Network    paas.BuildNetwork

	Image   string            // builder image; empty: the platform's own, which is made when it is missing
	Allowed []string          // further builder images that a tree may name
	Aliases map[string]string // names of builders and buildpacks, beside the default ones

	Limits      Limits        // 2 GiB, 2 cores, 512 processes
	Timeout     time.Duration // of one build; 15 minutes
	Concurrency int           // builds at the same time; 2
	CABundle    string        // file with the certificates builds trust; the host's own when there is one; "none": the image's
	Log         *slog.Logger
}

// HostCABundle is where Debian and its relatives keep the certificates that the host trusts.
const HostCABundle = "/etc/ssl/certs/ca-certificates.crt"

// Builder builds images; it implements paas.Builder.
type Builder struct {
	options  Options
	docker   *client.Client
	caBundle string
	slots    chan struct{} // one value a running build

	wanted chan struct{} // a making waits for Run

	mu     sync.Mutex // guards what follows
	making *making    // under way, or waiting for Run
	recipe *recipe    // once known

	caches caches
}

// New reaches the engine. The builder image is made by Run.
func New(options Options) (*Builder, error) {
	withDefaults(&options)
	docker, err := connect(options.DockerHost)
	if err != nil {
		return nil, err
	}
	bundle, err := readCABundle(options.CABundle)
	if err != nil {
		return nil, err
	}
	return &Builder{
		options:  options,
		docker:   docker,
		caBundle: bundle,
		slots:    make(chan struct{}, options.Concurrency),
		wanted:   make(chan struct{}, 1),
		caches:   caches{building: map[paas.ProjectID]int{}},
	}, nil
}

func withDefaults(o *Options) {
	set := func(value *int64, fallback int64) {
		if *value == 0 {
			*value = fallback
		}
	}
	set(&o.Limits.Memory, 2<<30)
	set(&o.Limits.PIDs, 512)
	if o.Limits.CPUs == 0 {
		o.Limits.CPUs = 2
	}
	if o.Timeout == 0 {
		o.Timeout = 15 * time.Minute
	}
	if o.Concurrency == 0 {
		o.Concurrency = 2
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
}

func readCABundle(path string) (string, error) {
	if path == "none" {
		return "", nil
	}
	contents, err := os.ReadFile(cmp.Or(path, HostCABundle))
	if os.IsNotExist(err) && path == "" {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the CA bundle for builds (builder.caBundle): %w", err)
	}
	return string(contents), nil
}

// Run removes what a killed daemon left, makes the builder image when it is missing, and does so again
// whenever Prepare finds it gone. It returns when ctx ends.
func (b *Builder) Run(ctx context.Context) error {
	defer b.docker.Close()
	if err := b.sweep(ctx); err != nil {
		b.options.Log.Warn("clean up after builds", "error", err)
	}
	b.want()
	for {
		select {
		case <-ctx.Done():
			b.abandon(context.Cause(ctx))
			return nil
		case <-b.wanted:
			b.carryOut(ctx)
		}
	}
}
