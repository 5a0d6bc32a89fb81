package ingress

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// quicFront takes clients' connections by QUIC, on the UDP port of the number that TLS is on (RFC 9114).
type quicFront struct {
	socket   net.PacketConn
	listener *quic.EarlyListener
	server   *http3.Server
	serving  sync.WaitGroup
	busy     atomic.Int64 // requests in flight
}

// altSvcAge is how long browsers remember that there is HTTP/3, in seconds (RFC 7838).
const altSvcAge = 24 * 60 * 60

// listenHTTP3 binds the UDP port. Without it everything works, over TCP: that is a warning in the log.
func (i *Ingress) listenHTTP3(ctx context.Context) error {
	socket := i.options.TLS.Packets
	if socket == nil {
		var err error
		if socket, err = new(net.ListenConfig).ListenPacket(ctx, "udp", i.secure.Addr().String()); err != nil {
			i.options.Log.WarnContext(ctx, "ingress: no HTTP/3", "error", err)
			return nil
		}
	}
	q := &quicFront{socket: socket}
	q.server = &http3.Server{
		Handler: q.counting(i.logged(i)), MaxHeaderBytes: maxHeaderBytes, IdleTimeout: idleTimeout, Logger: i.options.Log,
		ConnContext: func(ctx context.Context, _ *quic.Conn) context.Context {
			// ReverseProxy breaks answers off only for a server of net/http's; from others they would look whole.
			return context.WithValue(context.WithValue(ctx, secureKey{}, true), http.ServerContextKey, i.secure.server.Server)
		},
	}
	var err error
	q.listener, err = quic.ListenEarly(socket, http3.ConfigureTLSConfig(i.keeper.TLSConfig()), &quic.Config{
		MaxIncomingStreams: maxStreams, MaxIdleTimeout: idleTimeout, HandshakeIdleTimeout: i.options.ReadHeaderTimeout,
		Allow0RTT: false, // such requests can be played again by whoever saw them (RFC 8470)
	})
	if err != nil {
		_ = socket.Close()
		return fmt.Errorf("open the ingress listener for HTTP/3: %w", err)
	}
	i.quic = q
	return nil
}

func (q *quicFront) counting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q.busy.Add(1)
		defer q.busy.Add(-1)
		next.ServeHTTP(w, r)
	})
}

// offersHTTP3 is the value of Alt-Svc for a client; empty when there is nothing to offer. Those behind a proxy
// of ours would look for it there.
func (i *Ingress) offersHTTP3(client netip.Addr) string {
	if i.quic == nil || i.trusts(client) {
		return ""
	}
	port := i.options.TLS.Port
	if port == 0 {
		port = 443
	}
	return `h3=":` + strconv.Itoa(port) + `"; ma=` + strconv.Itoa(altSvcAge)
}

// welcomeQUIC takes connections until the listener is closed.
func (i *Ingress) welcomeQUIC() error {
	q := i.quic
	defer q.serving.Wait()
	for {
		conn, err := q.listener.Accept(context.Background())
		if err != nil {
			return http.ErrServerClosed
		}
		client := addressIn(conn.RemoteAddr().String())
		if most := i.options.ConnectionsPerAddress; most > 0 && !i.trusts(client) {
			if !i.seats.take(client, most) {
				_ = conn.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeExcessiveLoad), "")
				continue
			}
			context.AfterFunc(conn.Context(), func() { i.seats.release(client) })
		}
		q.serving.Go(func() {
			_ = q.server.ServeQUICConn(conn) // it ends with the connection, for whatever reason
			_ = conn.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeNoError), "")
		})
	}
}

// lastAnswers is how long the answers that were made last may take to reach their clients: closing a QUIC connection
// drops what is still on its way (RFC 9000, 10.2).
const lastAnswers = time.Second

// shutdown tells the clients to go (GOAWAY) and lets requests in flight finish until ctx ends. The server alone
// would wait for clients that go when they like.
func (q *quicFront) shutdown(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	gone := make(chan error, 1)
	go func() { gone <- q.server.Shutdown(ctx) }()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	busy := time.Now()
	for {
		select {
		case err := <-gone:
			return err
		case now := <-tick.C:
			if q.busy.Load() > 0 {
				busy = now
			} else if now.Sub(busy) > lastAnswers {
				cancel()
				<-gone
				return nil
			}
		}
	}
}

// cut ends all that is left.
func (q *quicFront) cut() {
	_ = q.server.Close()
	_ = q.listener.Close()
	_ = q.socket.Close()
}
