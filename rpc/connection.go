package rpc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/paastech-cloud/paastech/paas"
)

// instanceKey is the metadata of every call that says whose it is.
const instanceKey = "paastech-instance"

const (
	openTimeout   = 15 * time.Second // until the other side must have answered once: it may start at the same time
	messageSize   = 64 << 20
	silence       = 20 * time.Second // after which the other side is asked whether it is there
	firstPause    = 100 * time.Millisecond
	longestPause  = 2 * time.Second
	connectWithin = 5 * time.Second
)

// Address is where a module is, as grpc://host:port says it.
func Address(text string) (string, error) {
	parsed, err := url.Parse(text)
	if err != nil || parsed.Scheme != "grpc" || parsed.Path != "" || parsed.RawQuery != "" || parsed.User != nil {
		return "", fmt.Errorf("%q is no address of a module: write it like grpc://127.0.0.1:7070", text)
	}
	if _, port, err := net.SplitHostPort(parsed.Host); err != nil || port == "" {
		return "", fmt.Errorf("%q has no port: write it like grpc://127.0.0.1:7070", text)
	}
	return parsed.Host, nil
}

// Remote says where a module is and who asks it.
type Remote struct {
	Address     string // grpc://host:port
	Credentials *Credentials
	Instance    string       // of the data directory: a module of another refuses
	Log         *slog.Logger // that it went away
}

// connection is the hub's to a module.
type connection struct {
	*grpc.ClientConn
	module  Module
	address string
	log     *slog.Logger
}

// dial makes a connection, which is made anew whenever it breaks.
func dial(remote Remote, module Module) (*connection, error) {
	address, err := Address(remote.Address)
	if err != nil {
		return nil, err
	}
	c := &connection{module: module, address: address, log: cmp.Or(remote.Log, slog.New(slog.DiscardHandler))}
	c.ClientConn, err = grpc.NewClient("passthrough:///"+address,
		grpc.WithTransportCredentials(credentials.NewTLS(remote.Credentials.client(module))),
		grpc.WithConnectParams(grpc.ConnectParams{MinConnectTimeout: connectWithin, Backoff: backoff.Config{
			BaseDelay: firstPause, Multiplier: 1.6, Jitter: 0.2, MaxDelay: longestPause,
		}}),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: silence, Timeout: silence / 2, PermitWithoutStream: true}),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(messageSize), grpc.MaxCallSendMsgSize(messageSize)),
		grpc.WithDisableServiceConfig(),
		grpc.WithNoProxy(),
		grpc.WithUnaryInterceptor(c.call(remote.Instance)),
		grpc.WithStreamInterceptor(func(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, stream grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
			return stream(metadata.AppendToOutgoingContext(ctx, instanceKey, remote.Instance), desc, cc, method, opts...)
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("connect to the %s: %w", module, err)
	}
	return c, nil
}

// call says whose a call is, and reads the errors of the other side.
func (c *connection) call(instance string) grpc.UnaryClientInterceptor {
	return func(ctx context.Context, method string, request, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		err := invoke(metadata.AppendToOutgoingContext(ctx, instanceKey, instance), method, request, reply, cc, opts...)
		return c.fromStatus(ctx, err)
	}
}

// reach calls ask until the other side has answered, whatever it says. It may be about to begin; but whom it does not
// trust, or who is not trusted, does not wait.
func (c *connection) reach(ctx context.Context, ask func(context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	for {
		err := ask(bounded)
		if err == nil || ctx.Err() != nil {
			return err
		}
		way, failed := failedWay(err)
		if !failed {
			return fmt.Errorf("the %s module at %s: %w", c.module, c.address, err)
		}
		select {
		case <-time.After(firstPause):
		case <-bounded.Done():
		}
		if bounded.Err() != nil || strings.Contains(way, "tls: ") {
			return fmt.Errorf("the %s module at %s does not answer: %s. It runs with `paastech serve --only %s`, and both sides need credentials of one authority (rpc.credentials)",
				c.module, c.address, way, c.module)
		}
	}
}

// failedWay is what gRPC says when it was the way to the other side that failed, not what the other side did.
func failedWay(err error) (text string, failed bool) {
	public, is := errors.AsType[*paas.Error](err)
	if !is || public.Cause == nil {
		return "", false
	}
	told, is := status.FromError(public.Cause)
	return told.Message(), is && told.Code() == codes.Unavailable
}

// follow calls open again and again, which tells begun when the other side listens and returns when it does not any
// more, until ctx ends. failed hears why, once for an outage.
func follow(ctx context.Context, open func(ctx context.Context, begun func()) error, failed func(error)) {
	pause := firstPause
	for ctx.Err() == nil {
		opened, cancel := context.WithCancel(ctx)
		err := open(opened, func() { pause = firstPause })
		cancel()
		if pause == firstPause && ctx.Err() == nil {
			failed(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, longestPause)
	}
}
