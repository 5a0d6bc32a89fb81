// Package deployer runs applications on the Docker engine of this host: it is paas.Engine. Only this
// package and the builder know Docker; only this package writes and reads the labels of containers.
package deployer

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/docker/docker/api/types/events"
	"github.com/docker/docker/client"

	"github.com/paastech-cloud/paastech/paas"
)

// Bounds of what the engine does at once and how long it waits.
const (
	startsAtOnce   = 4 // dockerd starts no more a second, however many ask
	inspectsAtOnce = 8
	pullTimeout    = 10 * time.Minute
	assertEvery    = time.Minute
)

// Engine is paas.Engine on Docker. Make one with New.
type Engine struct {
	options Options
	docker  *client.Client
	filter  *filter
	starts  chan struct{} // holds one value for each container that is being started
	changes broadcast[struct{}]
	endings endings
	samples samples

	registry atomic.Pointer[registry]

	unbounded sync.Once // said that the sizes of volumes are not enforced here

	allocation sync.Mutex     // one subnet is chosen and taken at a time
	projects   [64]sync.Mutex // striped by project: guards making its containers against removing its network
}

var _ paas.Engine = (*Engine)(nil)

// New connects to Docker and closes the packet filter around the networks of this instance. It fails
// with a sentence that says what to install, start or set when either is not possible.
func New(ctx context.Context, options Options) (*Engine, error) {
	if err := options.complete(); err != nil {
		return nil, err
	}
	docker, err := connect(ctx, &options)
	if err != nil {
		return nil, err
	}
	e := &Engine{
		options: options,
		docker:  docker,
		filter:  newFilter(options),
		starts:  make(chan struct{}, startsAtOnce),
		samples: samples{latest: map[paas.ContainerID]sample{}},
	}
	e.registry.Store(&registry{})
	err = e.checkLodging(ctx)
	if err == nil {
		err = e.assertFilter(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, docker.Close())
	}
	return e, nil
}

// Watch follows Docker's events and asserts the packet filter again every minute until the context
// ends. Applications and the filter around them stay as they are.
func (e *Engine) Watch(ctx context.Context) error {
	var tasks sync.WaitGroup
	tasks.Go(func() { e.followEvents(ctx, e.aboutOurs(), e.endings.take) })
	if e.options.Neighbours != "" {
		tasks.Go(func() { e.followEvents(ctx, aboutNeighbours(), func(events.Message) {}) })
	}
	tasks.Go(func() { e.keepFilter(ctx) })
	tasks.Go(func() { e.keepThawed(ctx) })
	tasks.Wait()
	return e.docker.Close()
}

// connect opens Docker and learns what this host has.
func connect(ctx context.Context, options *Options) (*client.Client, error) {
	settings := []client.Opt{client.FromEnv, client.WithAPIVersionNegotiation()}
	if options.Host != "" {
		settings = append(settings, client.WithHost(options.Host))
	}
	docker, err := client.NewClientWithOpts(settings...)
	if err != nil {
		return nil, fmt.Errorf("set up the Docker client: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, options.CallTimeout)
	defer cancel()
	host, err := docker.Info(ctx)
	if err != nil {
		return nil, errors.Join(unreachable(docker.DaemonHost(), err), docker.Close())
	}
	options.cores = float64(host.NCPU)
	return docker, nil
}

// Reach tells whether Docker answers, without changing anything; it fails with New's sentence.
func Reach(ctx context.Context, options Options) error {
	if err := options.complete(); err != nil {
		return err
	}
	docker, err := connect(ctx, &options)
	if err != nil {
		return err
	}
	return docker.Close()
}

func unreachable(host string, cause error) error {
	advice := "Install it (apt-get install docker.io) or start it (systemctl start docker); DOCKER_HOST names another address."
	if errors.Is(cause, os.ErrPermission) {
		advice = "Run paastech as root: this user may not open Docker's socket."
	}
	return paas.Errorf(paas.Unavailable, paas.EUnavailable, "Docker does not answer at %s. %s", host, advice).Because(cause)
}

// lock takes the lock of a project; the returned function gives it back.
func (e *Engine) lock(project paas.ProjectID) (unlock func()) {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(project)) // a hash never fails
	mutex := &e.projects[hash.Sum32()%uint32(len(e.projects))]
	mutex.Lock()
	return mutex.Unlock
}
