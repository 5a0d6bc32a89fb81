// Package web is what API and dashboard share: the HTTP server, who is asking (cookie and bearer
// sessions), whose pages may ask, the route table with its permissions, and how failures are answered.
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/paas/httpdrain"
)

const (
	headerTimeout = 10 * time.Second // for a request's headers to arrive
	bodyTimeout   = 30 * time.Second // for its body
	writeTimeout  = 30 * time.Second // for one answer, or one event of a stream, to be taken
	idleTimeout   = 2 * time.Minute
	drainTimeout  = 10 * time.Second // for requests in flight when the server ends
	maxHeader     = 32 << 10         // bytes
)

// Options is what a Server is made of.
type Options struct {
	Listen         string         // host:port
	Listener       net.Listener   // bound there already; nil: it is to be bound
	PublicURL      string         // how browsers reach it; empty means http:// and the address it listens on
	Development    bool           // every request is logged, not only those that change or fail; kept mails can be read
	TrustedProxies []netip.Prefix // whose X-Forwarded-For and X-Forwarded-Proto count
	GitAddress     string         // host:port of the git server, as people reach it
	CORSOrigins    []string       // other origins whose pages may use the API with the cookie
	SigningKey     []byte         // of session tokens, at least 32 random bytes
	Logger         *slog.Logger
}

// Server is an HTTP server and its route table.
type Server struct {
	platform *paas.Platform
	options  Options
	public   *url.URL
	listener net.Listener
	echo     *echo.Echo
	tokens   *tokens // nil at the local server
	origins  *origins
	routes   []Route
	page     PageFunc
	local    bool
	log      *slog.Logger
	closing  context.Context // ends when the server begins to drain
	close    context.CancelCauseFunc
}

// New binds the server; Handle must declare its routes before Run serves them.
func New(platform *paas.Platform, options Options) (*Server, error) {
	tokens, err := newTokens(options.SigningKey)
	if err != nil {
		return nil, err
	}
	listener := options.Listener
	if listener == nil {
		if listener, err = net.Listen("tcp", options.Listen); err != nil {
			return nil, fmt.Errorf("listen for the dashboard and API: %w", err)
		}
	}
	server := newServer(platform, listener, options)
	server.tokens = tokens
	if err := server.prepare(); err != nil {
		listener.Close()
		return nil, err
	}
	return server, nil
}

func newServer(platform *paas.Platform, listener net.Listener, options Options) *Server {
	server := &Server{platform: platform, options: options, listener: listener, echo: echo.New(), log: options.Logger}
	server.closing, server.close = context.WithCancelCause(context.Background())
	server.echo.HTTPErrorHandler = server.answerError
	return server
}

// prepare sets up what stands before every route of the public server, outermost first.
func (s *Server) prepare() error {
	var err error
	if s.public, err = publicURL(s.options.PublicURL, s.listener.Addr()); err != nil {
		return err
	}
	if s.origins, err = newOrigins(s.public, s.options.CORSOrigins); err != nil {
		return err
	}
	s.echo.IPExtractor = clientAddress(s.options.TrustedProxies)
	s.echo.Use(s.watch, s.harden, s.origins.share)
	return nil
}

func publicURL(configured string, bound net.Addr) (*url.URL, error) {
	if configured == "" {
		return &url.URL{Scheme: "http", Host: reachable(bound)}, nil
	}
	public, err := url.Parse(configured)
	if err != nil || public.Scheme != "http" && public.Scheme != "https" || public.Host == "" || public.Path != "" && public.Path != "/" {
		return nil, fmt.Errorf("server.publicURL: %q is not an address like https://paas.example.com", configured)
	}
	return &url.URL{Scheme: public.Scheme, Host: public.Host}, nil
}

// reachable names the address that was bound; 0.0.0.0 is none to go to.
func reachable(bound net.Addr) string {
	at, err := netip.ParseAddrPort(bound.String())
	if err == nil && at.Addr().IsUnspecified() {
		return fmt.Sprintf("localhost:%d", at.Port())
	}
	return bound.String()
}

func clientAddress(trusted []netip.Prefix) echo.IPExtractor {
	if len(trusted) == 0 {
		return echo.ExtractIPDirect()
	}
	options := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, prefix := range trusted {
		prefix = prefix.Masked()
		options = append(options, echo.TrustIPRange(&net.IPNet{
			IP: prefix.Addr().AsSlice(), Mask: net.CIDRMask(prefix.Bits(), prefix.Addr().BitLen()),
		}))
	}
	return echo.ExtractIPFromXFFHeader(options...)
}

// Addr is where the server listens.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// PublicURL is how browsers reach the server, without a slash at its end.
func (s *Server) PublicURL() string { return s.public.String() }

// Development tells whether this is a server to develop with.
func (s *Server) Development() bool { return s.options.Development }

// Git is the address of the git server.
func (s *Server) Git() string { return gitAddress(s.options.GitAddress) }

// GitURL is where a project's repository is cloned from and pushed to. It has the project's id, which
// no change of a name makes wrong.
func (s *Server) GitURL(id paas.ProjectID) string { return fmt.Sprintf("%s/%s.git", s.Git(), id) }

func gitAddress(address string) string {
	return "ssh://git@" + strings.TrimSuffix(address, ":22")
}

// errClosing is what calls that only watch hear when the server ends.
var errClosing = paas.Errorf(paas.Unavailable, paas.EShuttingDown, "The platform is shutting down; try again in a moment.")

// Run serves until ctx ends; then it ends the streams, lets requests in flight finish for a while,
// and releases the address.
func (s *Server) Run(ctx context.Context) error {
	server := httpdrain.New(&http.Server{
		Handler:           s.echo,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	})
	served := make(chan error, 1)
	go func() { served <- server.Serve(s.listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve the dashboard and API: %w", err)
	case <-ctx.Done():
	}
	s.close(errClosing)
	s.listener.Close()
	if err := <-served; !errors.Is(err, net.ErrClosed) {
		s.log.WarnContext(ctx, "the dashboard and API took no more connections", "error", err)
	}
	draining, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if err := server.Shutdown(draining); err != nil {
		s.log.WarnContext(ctx, "requests were cut at the drain deadline", "server", s.listener.Addr())
		server.Close()
	}
	return nil
}
