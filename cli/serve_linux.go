package cli

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api"
	"github.com/paastech-cloud/paastech/builder"
	"github.com/paastech-cloud/paastech/gitserver"
	"github.com/paastech-cloud/paastech/ingress"
	"github.com/paastech-cloud/paastech/logbook"
	"github.com/paastech-cloud/paastech/mail"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/registry"
	"github.com/paastech-cloud/paastech/rpc"
	"github.com/paastech-cloud/paastech/store"
	"github.com/paastech-cloud/paastech/ui"
	"github.com/paastech-cloud/paastech/web"
)

func (h *host) serveCommand() *cobra.Command {
	var split splitFlags
	cmd := h.withConfigFlag(&cobra.Command{
		Use:     "serve",
		Short:   "Run the whole platform on this host",
		Long:    "Run the whole platform on this host: API and dashboard, SSH git server, builder, registry, deployer and ingress, in one process. It needs a Docker engine, and no configuration.",
		Example: "  paastech serve\n  paastech serve --config /etc/paastech/config.yaml\n  paastech serve --only deployer\n  paastech serve --engine grpc://127.0.0.1:7070",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			config, err := h.config()
			if err != nil {
				return err
			}
			log, err := newLog(config.Log, h.stderr)
			if err != nil {
				return err
			}
			split.apply(cmd, &config.RPC)
			s := &server{config: config, configFile: h.configFile(), version: h.program.Version, log: log}
			if split.only != "" {
				return serveModule(cmd.Context(), s, rpc.Module(split.only))
			}
			return serve(cmd.Context(), s)
		},
	})
	split.flags(cmd)
	return cmd
}

// server is the whole daemon while it is put together: what was acquired, and what runs.
type server struct {
	config     Config
	configFile string // empty: there is none
	settings   settings
	version    string
	log        *slog.Logger
	sockets    *sockets
	systemd    supervisor
	data       *dataDir
	closers    []func() error

	store        *store.Store
	engine       engine
	registry     *registry.Registry
	builder      *builder.Builder
	ingress      *ingress.Ingress
	repositories *gitserver.Repositories // as the git server uses them
	keeper       paas.Repositories       // who keeps them
	logbook      *logbook.Logbook
	disks        disks
	platform     *paas.Platform
	git          *gitserver.Server
	web          *web.Server
	local        *web.Local

	upgrade *upgradeRequest // nil: none was asked for
	leave   func()          // ends the daemon; another serves

	reconciled chan struct{} // closed after the first reconciliation
}

// serve puts the daemon together, each stage on what the one before acquired, and runs it until ctx ends.
func serve(ctx context.Context, s *server) (err error) {
	if s.settings, err = s.config.settings(); err != nil {
		return err
	}
	s.systemd = supervisor{s.log}
	if s.sockets, err = inheritedSockets(); err != nil {
		return err
	}
	ctx, s.leave = context.WithCancel(ctx)
	defer s.leave()
	defer context.AfterFunc(ctx, func() { _ = s.sockets.Close() })() // who comes from now on is not kept waiting
	defer func() { err = errors.Join(err, s.close()) }()
	for _, stage := range []struct {
		name string
		open func(context.Context) error
	}{
		{"state", s.openState}, {"engine", s.openEngine}, {"builds", s.openBuilds}, {"traffic", s.openTraffic}, {"platform", s.openPlatform},
	} {
		if err := s.timed(ctx, "open "+stage.name, stage.open); err != nil {
			return err
		}
	}
	s.reconciled = make(chan struct{})
	return serveAll(ctx, s.log, []part{{"ingress", s.serveRequests}, {"platform", s.serveBehind}})
}

// timed says how long something took, to those who want to know why a start takes long.
func (s *server) timed(ctx context.Context, what string, do func(context.Context) error) error {
	began := time.Now()
	err := do(ctx)
	s.log.DebugContext(ctx, what, "took", time.Since(began))
	return err
}

// serveRequests runs the ingress when it knows the routes to what runs, which does not wait for what has to be
// launched. Until then requests wait in the listener.
func (s *server) serveRequests(ctx context.Context) error {
	select {
	case <-s.platform.Routed():
	case <-s.reconciled: // or could not be
	case <-ctx.Done():
	}
	s.log.DebugContext(ctx, "the ingress opens")
	return s.ingress.Run(ctx)
}

// serveBehind runs what is behind the ingress, until ctx ends, or until another daemon has it.
func (s *server) serveBehind(ctx context.Context) error {
	serving, end := context.WithCancel(ctx)
	defer end()
	err := serveAll(serving, s.log, []part{
		{"engine", s.engine.Watch},
		{"registry", s.registry.Run},
		{"hub", func(ctx context.Context) error { return s.serveHub(ctx, end) }},
	})
	if err != nil || s.upgrade == nil || ctx.Err() != nil {
		s.systemd.ending()
		return err
	}
	return s.handOver(ctx)
}

// serveHub brings what runs in line with what was decided, for which the engine may need the registry, and then
// runs the rest. end ends all behind the ingress.
func (s *server) serveHub(ctx context.Context, end func()) error {
	var first sync.WaitGroup
	first.Go(func() {
		defer close(s.reconciled)
		if err := s.timed(ctx, "first reconciliation", s.platform.Reconcile); err != nil {
			s.log.WarnContext(ctx, "first reconciliation", "error", err)
		}
	})
	select { // applications come before the dashboard
	case <-s.platform.Routed():
	case <-s.reconciled:
	}
	err := s.timed(ctx, "open doors", s.openDoors)
	first.Wait()
	if err != nil {
		return err
	}
	if err := s.announce(); err != nil {
		return err
	}
	return serveAll(ctx, s.log, []part{
		{"builder", s.builder.Run},
		{"logbook", s.logbook.Run},
		{"deployments", s.platform.Run},
		{"local socket", s.local.Run},
		{"dashboard and API", s.web.Run},
		{"git server", s.git.Run},
		{"watchdog", func(ctx context.Context) error { return s.systemd.watch(ctx, s.watched()) }},
		{"upgrades", s.upgrades(end)},
	})
}

// close releases what was acquired, the last first.
func (s *server) close() (err error) {
	for _, closer := range slices.Backward(s.closers) {
		err = errors.Join(err, closer())
	}
	s.closers = nil
	return err
}

func (s *server) openState(ctx context.Context) (err error) {
	if s.data, err = openDataDir(s.config.DataDir); err != nil {
		return err
	}
	s.closers = append(s.closers, s.data.Close)
	if err := errors.Join(s.forgetRequest(), removeScratch(s.data.path)); err != nil {
		return err
	}
	if s.store, err = store.Open(ctx, store.Options{URL: s.config.Database.URL, DataDir: s.data.path, Log: s.log.With("part", "store")}); err != nil {
		return err
	}
	s.closers = append(s.closers, s.store.Close)
	s.logbook, err = logbook.Open(logbook.Options{Dir: s.data.file("applogs"), PerProject: s.settings.appLogs, Log: s.log.With("part", "logbook")})
	if err != nil {
		return err
	}
	return s.openRepositories(ctx)
}

func (s *server) openEngine(ctx context.Context) (err error) {
	if s.engine, err = s.openDeployer(ctx); err != nil {
		return err
	}
	s.disks = disks{s.data.path}
	directory, err := s.engine.Directory(ctx)
	if directory != "" {
		s.disks = append(s.disks, directory)
	}
	return err
}

func (s *server) openTraffic(ctx context.Context) (err error) {
	tls, err := s.config.tlsOptions(s.data.file("certificates"))
	if err != nil {
		return err
	}
	dashboard, err := s.config.dashboardSite()
	if err != nil {
		return err
	}
	options := s.settings.ingress
	options.TLS, options.Dashboard, options.Resolver = tls, dashboard, s.config.TLS.Resolver
	options.DashboardURL, options.Log = s.settings.dashboardURL, s.log.With("part", "ingress")
	if options.Listener, err = s.sockets.listener(ctx, socketHTTP, "ingress.listen", s.config.Ingress.Listen); err != nil {
		return err
	}
	if tls != nil {
		if tls.Listener, err = s.sockets.listener(ctx, socketHTTPS, "ingress.listenTLS", s.config.Ingress.ListenTLS); err != nil {
			return err
		}
		if tls.Packets, err = s.sockets.packets(ctx, socketHTTP3, "ingress.listenTLS", tls.Listener); err != nil {
			return err
		}
	}
	options.Wake = func(ctx context.Context, id paas.ProjectID) error { return s.platform.Rouse(ctx, id) }
	s.ingress, err = ingress.New(ctx, options)
	return err
}

func (s *server) openPlatform(context.Context) (err error) {
	backups, schedule, err := s.scheduledBackups()
	if err != nil {
		return err
	}
	s.platform, err = paas.New(paas.Options{
		Store: s.store, Builder: s.builder, Engine: s.engine, Router: s.ingress, Resolver: s.ingress, Repositories: s.keeper, Logbook: s.logbook,
		KeepVersions: s.config.Deploy.Keep, DiskReserve: s.settings.diskReserve, FreeDisk: s.disks.free,
		Measure: s.disks.capacity, Settings: s.config.shown(),
		Log: s.log.With("part", "platform"), DataDir: s.data.path, Domain: s.config.Domain, AppURL: s.settings.appURL,
		Accounts: s.settings.accounts, Limits: s.settings.limits, AppMemory: s.settings.appMemory,
		ReadyTimeout: s.settings.ready, DrainTimeout: s.settings.drain, GraceTimeout: s.settings.grace,
		Backups: backups, BackupSchedule: schedule,
	})
	return err
}

// openDoors binds what people come in by.
func (s *server) openDoors(ctx context.Context) error {
	signingKey, err := s.data.secret("signing.key", 32)
	if err != nil {
		return err
	}
	gitListener, err := s.sockets.listener(ctx, socketGit, "git.listen", s.config.Git.Listen)
	if err != nil {
		return err
	}
	webListener, err := s.sockets.listener(ctx, socketDashboard, "server.listen", s.config.Server.Listen)
	if err != nil {
		return err
	}
	s.git, err = gitserver.New(s.platform, s.repositories, gitserver.Options{
		Listen: s.config.Git.Listen, Listener: gitListener, PublicAddress: s.config.Git.PublicAddress,
		HostKeyFile: s.data.file("ssh_host_ed25519_key"), HookSocket: s.data.file("hook.sock"), Log: s.log.With("part", "git"),
	})
	if err != nil {
		return err
	}
	s.web, err = web.New(s.platform, web.Options{
		Listen: s.config.Server.Listen, Listener: webListener, PublicURL: s.config.Server.PublicURL, Development: s.config.Server.Development,
		TrustedProxies: s.settings.serverProxies, GitAddress: s.git.PublicAddress(), CORSOrigins: s.config.API.CORSOrigins, SigningKey: signingKey,
		Logger: s.log.With("part", "web"),
	})
	if err != nil {
		return err
	}
	// Links in mails begin with an address that is known for sure only when it is listened on.
	if s.platform.Mailer, err = mail.New(s.config.Mail.options(s.web.PublicURL())); err != nil {
		return err
	}
	s.local, err = web.NewLocal(s.platform, web.LocalOptions{Path: socketPath(s.data.path), Logger: s.log.With("part", "local")})
	if err != nil {
		return err
	}
	return s.register()
}

// register declares every route; one without a level keeps the daemon from starting.
func (s *server) register() error {
	var keys []string
	for _, key := range s.git.HostKeys() {
		keys = append(keys, key.PublicKey)
	}
	if err := api.Register(s.web, s.platform, api.Options{Version: s.version, HostKeys: keys, AppSchema: builder.AppSchema()}); err != nil {
		return err
	}
	if err := api.RegisterLocal(s.local, s.platform); err != nil {
		return err
	}
	return ui.Register(s.web, s.platform)
}

// announce says that everything is ready: from now on this daemon answers.
func (s *server) announce() error {
	s.log.Info("PaaSTech serves",
		"dashboard", s.web.PublicURL(), "git", s.git.Addr().String(), "applications", s.config.Ingress.Listen,
		"data", s.data.path, "version", s.version)
	s.systemd.ready()
	return s.tellReady()
}

// watched are the addresses that have to answer for the daemon to count as alive.
func (s *server) watched() []string {
	return []string{onThisHost(s.web.Addr().String()), onThisHost(s.ingress.Address())}
}

// onThisHost is how an address that is listened at is reached from here.
func onThisHost(address string) string {
	host, port, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || ip != nil && !ip.IsUnspecified() {
		return address
	}
	return net.JoinHostPort("localhost", port)
}
