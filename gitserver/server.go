package gitserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/gliderlabs/ssh"
	"golang.org/x/sync/errgroup"

	"github.com/paastech-cloud/paastech/paas"
)

// Options is what a Server is made of; what is zero gets its default.
type Options struct {
	Listen        string       // host:port
	Listener      net.Listener // bound there already; nil: it is to be bound
	PublicAddress string       // host:port as clients reach it; default: where it listens
	HostKeyFile   string       // made at the first start
	HookSocket    string       // path of a unix socket; a temporary one when it is longer than 107 bytes
	Log           *slog.Logger

	MaxConnections int   // in all; default 512
	MaxPerSource   int   // from one address; default 32
	MaxPush        int64 // bytes of one push; default 512 MiB
	MaxFiles       int   // files and directories of a deployed commit; default 200,000
	MaxTree        int64 // bytes of a deployed commit's files; default 2 GiB

	HandshakeTimeout time.Duration // until keys are exchanged; default 15 s
	LoginTimeout     time.Duration // then, until a key is proved; default 2 min
	IdleTimeout      time.Duration // in which git neither sends nor gets a byte; default 10 min
	KeepAlive        time.Duration // between questions whether the client is there; default 15 s
	DrainTimeout     time.Duration // commands may take at shutdown before they are canceled; default 5 s
	GraceTimeout     time.Duration // git may take to end when it is told to, before it is killed; default 10 s
}

func (o Options) withDefaults() Options {
	setDefault(&o.MaxConnections, 512)
	setDefault(&o.MaxPerSource, 32)
	setDefault(&o.MaxPush, 512<<20)
	setDefault(&o.MaxFiles, 200_000)
	setDefault(&o.MaxTree, 2<<30)
	setDefault(&o.HandshakeTimeout, 15*time.Second)
	setDefault(&o.LoginTimeout, 2*time.Minute)
	setDefault(&o.IdleTimeout, 10*time.Minute)
	setDefault(&o.KeepAlive, 15*time.Second)
	setDefault(&o.DrainTimeout, 5*time.Second)
	setDefault(&o.GraceTimeout, 10*time.Second)
	setDefault(&o.Log, slog.New(slog.DiscardHandler))
	return o
}

func setDefault[T comparable](option *T, value T) {
	var zero T
	if *option == zero {
		*option = value
	}
}

// Server is the SSH front door.
type Server struct {
	options      Options
	log          *slog.Logger
	platform     *paas.Platform
	repositories *Repositories
	hostKey      HostKey
	listener     net.Listener
	hooks        *hooks
	gate         *gate
	turns        *turns
	sessions     *sessions
	ssh          *ssh.Server
}

// New reads or makes the host key and binds the address and the hook's socket.
func New(platform *paas.Platform, repositories *Repositories, options Options) (*Server, error) {
	options = options.withDefaults()
	signer, err := openHostKey(options.HostKeyFile)
	if err != nil {
		return nil, err
	}
	hooks, err := listenForHooks(options.HookSocket, options.Log)
	if err != nil {
		return nil, err
	}
	listener := options.Listener
	if listener == nil {
		if listener, err = net.Listen("tcp", options.Listen); err != nil {
			return nil, errors.Join(fmt.Errorf("listen for git over SSH: %w", err), hooks.close())
		}
	}
	setDefault(&options.PublicAddress, listener.Addr().String())
	s := &Server{
		options:      options,
		log:          options.Log,
		platform:     platform,
		repositories: repositories,
		hostKey:      describeHostKey(signer.PublicKey(), options.PublicAddress),
		listener:     listener,
		hooks:        hooks,
		gate:         newGate(options.MaxConnections, options.MaxPerSource),
		turns:        newTurns(),
		sessions:     newSessions(),
	}
	s.ssh = &ssh.Server{
		Version:              "PaaSTech",
		HostSigners:          []ssh.Signer{signer},
		PublicKeyHandler:     s.offered,
		ServerConfigCallback: s.config,
		ConnCallback: func(ctx ssh.Context, conn net.Conn) net.Conn {
			ctx.SetValue(guardKey{}, conn)
			return conn
		},
		ConnectionFailedCallback: func(conn net.Conn, err error) {
			s.log.Debug("SSH connection failed", "from", conn.RemoteAddr(), "error", err)
		},
		ChannelHandlers:   map[string]ssh.ChannelHandler{"session": s.accept}, // no forwarding of any kind
		RequestHandlers:   map[string]ssh.RequestHandler{},
		SubsystemHandlers: map[string]ssh.SubsystemHandler{},
	}
	return s, nil
}

// Addr is where the server listens.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// PublicAddress is host:port as clients reach the server.
func (s *Server) PublicAddress() string { return s.options.PublicAddress }

// HostKeys are the keys that the server proves itself with.
func (s *Server) HostKeys() []HostKey { return []HostKey{s.hostKey} }

// Run serves until ctx ends. Then it lets commands finish for DrainTimeout, cancels the rest and
// returns when the last git process and the last connection are gone.
func (s *Server) Run(ctx context.Context) error {
	group, running := errgroup.WithContext(ctx)
	group.Go(s.hooks.serve)
	group.Go(s.acceptConnections)
	<-running.Done()
	s.listener.Close()
	s.sessions.drain(s.options.DrainTimeout)
	s.gate.closeAll()
	s.sessions.conversations.Wait()
	s.hooks.close()
	return group.Wait()
}

// acceptConnections returns when the listener is closed and every connection has ended.
func (s *Server) acceptConnections() error {
	var connections sync.WaitGroup
	defer connections.Wait()
	for {
		conn, err := s.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if temporary, ok := err.(interface{ Temporary() bool }); ok && temporary.Temporary() {
			s.log.Warn("accept SSH connections", "error", err) // such as too many open files
			time.Sleep(100 * time.Millisecond)
			continue
		}
		if err != nil {
			return fmt.Errorf("accept SSH connections: %w", err)
		}
		guarded := s.gate.enter(conn, timeouts{
			handshake: s.options.HandshakeTimeout, login: s.options.LoginTimeout, idle: s.options.IdleTimeout,
		})
		if guarded == nil {
			conn.Close()
			continue
		}
		connections.Go(func() { s.ssh.HandleConn(guarded) })
	}
}

// errShuttingDown is why commands are canceled at shutdown.
var errShuttingDown = paas.Errorf(paas.Unavailable, paas.EShuttingDown, "The platform is shutting down; push again in a moment.")

// sessions are the commands at work.
type sessions struct {
	ctx    context.Context // all commands': ends at shutdown
	cancel context.CancelCauseFunc

	mu            sync.Mutex
	closing       bool           // guarded by mu
	work          sync.WaitGroup // git at work
	conversations sync.WaitGroup // channels whose client has not closed them
}

func newSessions() *sessions {
	ctx, cancel := context.WithCancelCause(context.Background())
	return &sessions{ctx: ctx, cancel: cancel}
}

// begin counts a session; worked says that its command has ended, ended that its channel has.
func (s *sessions) begin() (worked, ended func(), ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return nil, nil, false
	}
	s.work.Add(1)
	s.conversations.Add(1)
	return sync.OnceFunc(s.work.Done), s.conversations.Done, true
}

// drain lets no new command in and returns when all have ended, by themselves or canceled.
func (s *sessions) drain(patience time.Duration) {
	s.mu.Lock()
	s.closing = true
	s.mu.Unlock()
	impatient := time.AfterFunc(patience, func() { s.cancel(errShuttingDown) })
	defer impatient.Stop()
	s.work.Wait()
	s.cancel(errShuttingDown)
}
