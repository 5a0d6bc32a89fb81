package deployer

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// probeEvery is how long the prober rests: a refused connection costs next to nothing, and an
// application is to be found ready soon after its first good answer.
const probeEvery = 20 * time.Millisecond

// Bounds of one question: how long a connection may take, and how much of an answer is read, for how
// long. An answer that goes on beyond that, as a stream does, counts as complete.
const (
	connectTimeout = time.Second
	bodySize       = 1 << 20
	bodyTime       = 2 * time.Second
)

// prober asks a container whether it is well.
type prober struct {
	address netip.Addr
	host    paas.Hostname
	probe   paas.Probe
}

// run asks until a good answer has come or the context ends. Who has no port is ready by living on.
func (p prober) run(ctx context.Context) paas.Readiness {
	var seen paas.Readiness
	pause := probeEvery
	if len(p.probe.Ports) == 0 {
		pause = p.probe.Settle
	}
	for {
		if p.once(ctx, &seen); seen.Ready {
			return seen
		}
		select {
		case <-ctx.Done():
			return seen
		case <-time.After(pause):
			seen.Ready = len(p.probe.Ports) == 0
		}
	}
}

// once asks at the first port that is open, and notes what came.
func (p prober) once(ctx context.Context, seen *paas.Readiness) {
	for _, port := range p.probe.Ports {
		if open := p.ask(ctx, port, seen); open {
			return
		}
	}
}

// ask asks once at a port and notes what came; it tells whether the port is open.
func (p prober) ask(ctx context.Context, port int, seen *paas.Readiness) (open bool) {
	target := netip.AddrPortFrom(p.address, uint16(port))
	dialer := net.Dialer{Timeout: min(connectTimeout, p.probe.Timeout)}
	connection, err := dialer.DialContext(ctx, "tcp", target.String())
	if err != nil {
		return false
	}
	stop := context.AfterFunc(ctx, func() { _ = connection.Close() }) // ends what is being read
	defer func() {
		stop()
		_ = connection.Close() // nothing was written that could be lost
	}()
	seen.Connected = true
	if p.probe.TCP {
		seen.Ready, seen.Port = true, port
		return true
	}
	status, complete := p.exchange(connection, target)
	if status > 0 {
		seen.Status = status
	}
	if complete && p.good(status) {
		seen.Ready, seen.Port = true, port
	}
	return true
}

// good tells whether an answer says that all is well: at a path that was chosen for that, no error of
// any kind does.
func (p prober) good(status int) bool {
	if p.probe.Path != "" {
		return status >= http.StatusOK && status < http.StatusBadRequest
	}
	return status < http.StatusInternalServerError
}

// exchange sends a request and reads the whole answer.
func (p prober) exchange(connection net.Conn, target netip.AddrPort) (status int, complete bool) {
	request, err := http.NewRequest(http.MethodGet, "http://"+target.String()+"/"+strings.TrimPrefix(p.probe.Path, "/"), nil)
	if err != nil {
		return 0, false
	}
	if p.host != "" {
		request.Host = string(p.host)
	}
	request.Header.Set("User-Agent", "paastech-readiness")
	response, err := p.send(connection, request)
	if err != nil {
		return 0, false
	}
	if err := connection.SetDeadline(time.Now().Add(min(p.probe.Timeout, bodyTime))); err != nil {
		return response.StatusCode, false
	}
	_, err = io.CopyN(io.Discard, response.Body, bodySize)
	complete = err == nil || errors.Is(err, io.EOF) || errors.Is(err, os.ErrDeadlineExceeded)
	return response.StatusCode, complete
}

// send sends a request and reads the head of its answer, in the protocol that the application speaks.
func (p prober) send(connection net.Conn, request *http.Request) (*http.Response, error) {
	if err := connection.SetDeadline(time.Now().Add(p.probe.Timeout)); err != nil {
		return nil, err
	}
	if p.probe.H2C {
		transport := &http.Transport{Protocols: new(http.Protocols), DialContext: func(context.Context, string, string) (net.Conn, error) { return connection, nil }}
		transport.Protocols.SetUnencryptedHTTP2(true)
		return transport.RoundTrip(request) // ask closes the connection
	}
	request.Close = true
	if err := request.Write(connection); err != nil {
		return nil, err
	}
	return readResponse(bufio.NewReader(connection), request)
}

// readResponse reads the final answer: informational ones (1xx) come before it.
func readResponse(reader *bufio.Reader, request *http.Request) (*http.Response, error) {
	for {
		response, err := http.ReadResponse(reader, request)
		if err != nil || response.StatusCode >= 200 || response.StatusCode == http.StatusSwitchingProtocols {
			return response, err
		}
	}
}
