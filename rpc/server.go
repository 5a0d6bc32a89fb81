package rpc

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/rpc/contracts/gitrepomanager"
	"github.com/paastech-cloud/paastech/rpc/contracts/paastechv1"
	"github.com/paastech-cloud/paastech/rpc/contracts/pomegranate"
)

// endTimeout is how long calls may take that are in flight when a module ends.
const endTimeout = 10 * time.Second

// Server serves a module to the hub.
type Server struct {
	listener net.Listener
	server   *grpc.Server
	ending   context.Context // done when Run is about to return
	end      func()
}

// Offer says what a server needs beside the module itself.
type Offer struct {
	Listener    net.Listener
	Credentials *Credentials
	Instance    string       // of the data directory: who asks for another's is refused
	Log         *slog.Logger // what goes wrong after its caller has gone
}

func newServer(offer Offer) *Server {
	offer.Log = cmp.Or(offer.Log, slog.New(slog.DiscardHandler))
	s := &Server{listener: offer.Listener}
	s.ending, s.end = context.WithCancel(context.Background())
	s.server = grpc.NewServer(
		grpc.Creds(credentials.NewTLS(offer.Credentials.server())),
		grpc.MaxRecvMsgSize(messageSize), grpc.MaxSendMsgSize(messageSize),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: silence / 2, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: silence, Timeout: silence / 2}),
		grpc.UnaryInterceptor(func(ctx context.Context, request any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
			if err := checkInstance(ctx, info.FullMethod, offer.Instance); err != nil {
				return nil, toStatus(err)
			}
			reply, err := handle(ctx, request)
			offer.unheard(ctx, info.FullMethod, err)
			return reply, toStatus(err)
		}),
		grpc.StreamInterceptor(func(service any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
			if err := checkInstance(stream.Context(), info.FullMethod, offer.Instance); err != nil {
				return toStatus(err)
			}
			err := handle(service, stream)
			offer.unheard(stream.Context(), info.FullMethod, err)
			return toStatus(err)
		}),
	)
	return s
}

// unheard logs an error that nobody waits for any more, but that it was ended.
func (o Offer) unheard(ctx context.Context, method string, err error) {
	if err != nil && ctx.Err() != nil && !errors.Is(err, ctx.Err()) {
		o.Log.WarnContext(ctx, "a call whose caller has gone", "method", method, "error", err)
	}
}

// OfferEngine serves an engine, also by the first PaaSTech's contract.
func OfferEngine(engine Engine, domain string, offer Offer) *Server {
	s := newServer(offer)
	paastechv1.RegisterEngineServiceServer(s.server, &engineServer{engine: engine, ending: s.ending})
	pomegranate.RegisterPomegranateServer(s.server, &pomegranateServer{engine: engine, domain: domain})
	return s
}

// OfferRepositories serves repositories, also by the first PaaSTech's contract.
func OfferRepositories(repositories paas.Repositories, offer Offer) *Server {
	s := newServer(offer)
	paastechv1.RegisterRepositoriesServiceServer(s.server, &repositoriesServer{repositories: repositories})
	gitrepomanager.RegisterGitRepoManagerServer(s.server, &gitRepoManagerServer{repositories: repositories})
	return s
}

// Addr is where it listens.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Run serves until ctx ends, and lets the calls in flight end for a bounded time.
func (s *Server) Run(ctx context.Context) error {
	served := make(chan error, 1)
	go func() { served <- s.server.Serve(s.listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve %s: %w", s.listener.Addr(), err)
	case <-ctx.Done():
	}
	s.end()
	stop := time.AfterFunc(endTimeout, s.server.Stop)
	defer stop.Stop()
	s.server.GracefulStop()
	if err := <-served; err != nil {
		return fmt.Errorf("serve %s: %w", s.listener.Addr(), err)
	}
	return nil
}

// firsts are the first PaaSTech's contracts, whose callers know no instance.
var firsts = []string{pomegranate.Pomegranate_ServiceDesc.ServiceName, gitrepomanager.GitRepoManager_ServiceDesc.ServiceName}

func checkInstance(ctx context.Context, method, instance string) error {
	service, _, _ := strings.Cut(strings.TrimPrefix(method, "/"), "/")
	if slices.Contains(firsts, service) {
		return nil
	}
	told := metadata.ValueFromIncomingContext(ctx, instanceKey)
	if len(told) == 1 && subtle.ConstantTimeCompare([]byte(told[0]), []byte(instance)) == 1 {
		return nil
	}
	return paas.Errorf(paas.Unavailable, paas.EUnavailable, "This module is of another installation than the one that asks: both need the same data directory (dataDir).")
}
