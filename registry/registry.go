// Package registry is the local OCI registry that images travel through, from builds to the engine:
// distribution in process, with passes that open single repositories in front of it.
package registry

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/distribution/distribution/v3/configuration"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem" // the driver that is configured
	"github.com/paastech-cloud/paastech/paas"
	"github.com/sirupsen/logrus"
	"golang.org/x/sync/errgroup"
)

// Options say where the registry keeps its images and who reaches it.
type Options struct {
	Dir   string         // for images and the port's number; made when it is not there
	Port  int            // on both addresses; 0 means the one remembered in Dir, or a free one
	Build netip.Addr     // the host's address in the build network; invalid means no builds
	Peers []netip.Prefix // who may connect to Build besides the host itself: the build network
	Log   *slog.Logger
}

// Registry is a running registry, reached by the engine on loopback and by builds on their network.
type Registry struct {
	app     *handlers.App
	passes  *passes
	engine  paas.RegistryPass
	dir     string
	storage storage
	removed atomic.Bool // something, since the last sweep

	sweepEvery, sweepAtLast time.Duration

	pull  net.Listener
	build net.Listener // nil when there is no build network
	log   *slog.Logger
}

var _ paas.Registry = (*Registry)(nil)

// shutdownGrace is how long transfers may go on after the registry was told to end.
const shutdownGrace = 10 * time.Second

// New opens the image store and the listeners; Run serves them.
func New(ctx context.Context, options Options) (*Registry, error) {
	dir, err := filepath.Abs(options.Dir)
	if err != nil {
		return nil, fmt.Errorf("registry directory: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("registry directory: %w", err)
	}
	storage, err := openStorage(dir)
	if err != nil {
		return nil, fmt.Errorf("registry directory: %w", err)
	}
	pull, build, err := listen(ctx, dir, options)
	if err != nil {
		return nil, errors.Join(err, storage.close())
	}
	passes := newPasses()
	r := &Registry{
		dir:     dir,
		app:     newApp(ctx, dir),
		passes:  passes,
		engine:  passes.add(grant{pullAll: true}),
		storage: storage,
		pull:    pull,
		build:   build,
		log:     options.Log,

		sweepEvery: sweepEvery, sweepAtLast: sweepAtLast,
	}
	r.removed.Store(true)
	return r, nil
}

// newApp configures distribution. It logs to logrus' global logger, every image that is looked for
// and not there as an error; that is silenced, and answers of 500 are logged by our own handler.
func newApp(ctx context.Context, dir string) *handlers.App {
	logrus.SetOutput(io.Discard)
	config := &configuration.Configuration{Storage: configuration.Storage{
		"filesystem": {"rootdirectory": dir},
		"delete":     {"enabled": false}, // removal is Delete's, not the network's
		"redirect":   {"disable": true},
	}}
	config.HTTP.Secret = rand.Text()
	config.HTTP.RelativeURLs = true // the registry has two names
	return handlers.NewApp(context.WithoutCancel(ctx), config)
}

// PullAddress is where the engine reaches the registry.
func (r *Registry) PullAddress() string { return r.pull.Addr().String() }

// BuildAddress is where builds reach the registry.
func (r *Registry) BuildAddress() string {
	if r.build == nil {
		return r.PullAddress()
	}
	return r.build.Addr().String()
}

// EnginePass may pull every repository, on loopback only. It lasts as long as the registry.
func (r *Registry) EnginePass() paas.RegistryPass { return r.engine }

// Run serves until the context ends, lets transfers finish for a moment and closes everything.
func (r *Registry) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	r.serve(ctx, group, r.pull, true)
	if r.build != nil {
		r.serve(ctx, group, r.build, false)
	}
	group.Go(func() error { r.sweepLoop(ctx); return nil })
	err := group.Wait()
	return errors.Join(err, r.app.Shutdown(), r.storage.close())
}

func (r *Registry) serve(ctx context.Context, group *errgroup.Group, listener net.Listener, loopback bool) {
	server := &http.Server{
		Handler:           &gate{app: r.app, passes: r.passes, engine: r.engine.Username, loopback: loopback, log: r.log},
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(r.log.Handler(), slog.LevelDebug),
	}
	group.Go(func() error {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve registry on %s: %w", listener.Addr(), err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
		defer cancel()
		if err := server.Shutdown(grace); err != nil {
			return server.Close() // the deadline cuts what is left
		}
		return nil
	})
}
