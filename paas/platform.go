package paas

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// Options is what a Platform is made of. The interfaces are the spokes; the rest comes from the configuration.
type Options struct {
	Store        Store
	Builder      Builder
	Engine       Engine
	Router       Router
	Resolver     Resolver // nil: domains cannot be proven
	Repositories Repositories
	Mailer       Mailer // nil keeps mails in the store, as plain text
	Logbook      Logbook
	Log          *slog.Logger

	DataDir string   // build logs and checked-out trees live below it
	Domain  string   // applications live at <id>.user-app.<Domain>
	AppURL  *url.URL // scheme and port of the applications' addresses; its host is not looked at

	ReadyTimeout time.Duration // until a new version must answer; default 60 s
	DrainTimeout time.Duration // requests in flight on the old version may take; default 30 s
	GraceTimeout time.Duration // between SIGTERM and SIGKILL; default 10 s

	Accounts  Accounts
	Limits    UserLimits // of each user
	AppMemory int64      // bytes that a container of an application is given

	KeepVersions int                   // that can be rolled back to, of each project; default 5
	DiskReserve  int64                 // bytes that stay free on the disk: no build starts below; default 1 GiB
	FreeDisk     func() (int64, error) // bytes that are free where images and data are; nil asks nobody

	Measure  func() (Capacity, error) // what the host has; nil asks nobody
	Settings []Setting                // what was configured, for administrators to read

	Backups        Backups  // nil: none are made by themselves
	BackupSchedule Schedule // when they are
}

// Platform is the use cases: what people and programs can ask of PaaSTech.
type Platform struct {
	Options
	engine           *watchedEngine // what Options.Engine is by now
	queue            *queue
	logs             buildLogs
	retiring         *retiring
	vitals           *vitals
	collector        *collector
	cron             cronJobs
	newest           newestSamples
	trends           trends
	wake             chan struct{} // has the next reconciliation come now
	outbox           outbox
	events           *events
	limits           limits
	claims           *claims
	certificateAlarm *alarm
	backups          *backupWatch
	sleepers         *sleepers
	names            names
	learned          atomic.Bool   // what routes need of the store
	routed           chan struct{} // closed when the routes were put right once
	routedOnce       sync.Once
	receptions       receptions
	unheeded         atomic.Pointer[string] // what the labels of neighbours say without effect, as last logged
	revisions        revisions
	admins           hasAdmin
	measured         measuredDisk
	looked           lastLook
	hashing          chan struct{} // bounds argon2id work, which costs memory and a core each
	waiting          atomic.Int64  // log-ins that hash or wait to
	hashed           chan struct{} // tells memoryLoop that one has
	now              func() time.Time
}

// New makes the platform; Run must be called for deployments to be worked on.
func New(options Options) (*Platform, error) {
	options.ReadyTimeout = defaultTo(options.ReadyTimeout, 60*time.Second)
	options.DrainTimeout = defaultTo(options.DrainTimeout, 30*time.Second)
	options.GraceTimeout = defaultTo(options.GraceTimeout, 10*time.Second)
	options.Accounts.UnverifiedTTL = defaultTo(options.Accounts.UnverifiedTTL, 7*24*time.Hour)
	if options.Accounts.Registration == "" {
		options.Accounts.Registration = RegistrationInvite
	}
	if options.KeepVersions == 0 {
		options.KeepVersions = 5
	}
	if options.DiskReserve == 0 {
		options.DiskReserve = 1 << 30
	}
	if options.Mailer == nil {
		options.Mailer = keptMail{}
	}
	now := func() time.Time { return time.Now().UTC() }
	logs, err := openBuildLogs(filepath.Join(options.DataDir, "logs"))
	if err != nil {
		return nil, fmt.Errorf("open build logs: %w", err)
	}
	engine := &watchedEngine{Engine: options.Engine}
	options.Engine = engine
	return &Platform{
		Options:  options,
		engine:   engine,
		queue:    newQueue(),
		logs:     logs,
		retiring: newRetiring(),
		vitals:   newVitals(),
		wake:     make(chan struct{}, 1),
		collector: newCollector(engine, options.Logbook, func(c Container, err error) {
			options.Log.Warn("read what a container writes", "container", c.ID, "error", err)
		}),
		hashing:          make(chan struct{}, maxHashing()),
		hashed:           make(chan struct{}, 1),
		outbox:           newOutbox(),
		events:           newEvents(),
		limits:           newLimits(now),
		claims:           newClaims(),
		certificateAlarm: newAlarm(certificateAlarmEvery),
		backups:          newBackupWatch(),

		sleepers: newSleepers(),
		now:      now,

		revisions: newRevisions(),
		routed:    make(chan struct{}),
	}, nil
}

func defaultTo(d, fallback time.Duration) time.Duration {
	if d == 0 {
		return fallback
	}
	return d
}

// working tells whether deployments are worked on by now: before Run nobody else changes what runs.
func (p *Platform) working() bool {
	select {
	case <-p.queue.begin:
		return true
	default:
		return false
	}
}

// Busy tells whether something is being deployed, or another change is under way.
func (p *Platform) Busy() bool { return p.queue.busy() }

// Run reconciles what runs with what was decided, works on deployments, and on its way out cancels
// those that are not live yet and waits for them.
func (p *Platform) Run(ctx context.Context) error {
	if err := p.failInterrupted(ctx); err != nil {
		if ctx.Err() != nil { // told to end before it began
			return nil
		}
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return p.queue.run(ctx) })
	group.Go(func() error { return p.collector.run(ctx) })
	group.Go(func() error { return p.reconcileLoop(ctx) })
	group.Go(func() error { return p.livenessLoop(ctx) })
	group.Go(func() error { return p.endingsLoop(ctx) })
	group.Go(func() error { return p.cronLoop(ctx) })
	group.Go(func() error { return p.sleepLoop(ctx) })
	group.Go(func() error { return p.domainLoop(ctx) })
	group.Go(func() error { return p.measureLoop(ctx) })
	group.Go(func() error { return p.deliverLoop(ctx) })
	group.Go(func() error { return p.cleanLoop(ctx) })
	group.Go(func() error { return p.memoryLoop(ctx) })
	group.Go(func() error { return p.backupLoop(ctx) })
	return group.Wait()
}

// AppDomain is what all applications' names are below, with the platform's domain after it.
const AppDomain = "user-app"

// Hostname is where a project's application lives.
func (p *Platform) Hostname(id ProjectID) Hostname {
	return Hostname(fmt.Sprintf("%s.%s.%s", id, AppDomain, p.Domain))
}

// ProjectURL is the public address of a project's application.
func (p *Platform) ProjectURL(id ProjectID) string {
	address := url.URL{Scheme: p.AppURL.Scheme, Host: string(p.Hostname(id))}
	if port := p.AppURL.Port(); port != "" {
		address.Host += ":" + port
	}
	return address.String()
}

// RotateKey encrypts anew, with a new key, what is encrypted at rest.
func (p *Platform) RotateKey(ctx context.Context) error { return p.Store.RotateKey(ctx) }

// Health tells whether the database really answers.
func (p *Platform) Health(ctx context.Context) error { return p.Store.Ping(ctx) }
