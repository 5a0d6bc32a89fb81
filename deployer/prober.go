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

// prober asks a starting container for an HTTP answer.
type prober struct {
	address  netip.Addr
	host     paas.Hostname
	ports    []int         // the second counts only while the first is closed
	patience time.Duration // for one answer
}

// run asks until a good answer has come or the context ends.
func (p prober) run(ctx context.Context) paas.Readiness {
	var seen paas.Readiness
	for {
		for _, port := range p.ports {
			if open := p.ask(ctx, port, &seen); open {
				break
			}
		}
		if seen.Ready {
			return seen
		}
		select {
		case <-ctx.Done():
			return seen
		case <-time.After(probeEvery):
		}
	}
}

// ask asks once at a port and notes what came; it tells whether the port is open.
func (p prober) ask(ctx context.Context, port int, seen *paas.Readiness) (open bool) {
	target := netip.AddrPortFrom(p.address, uint16(port))
	dialer := net.Dialer{Timeout: connectTimeout}
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
	status, complete := p.exchange(connection, target)
	if status > 0 {
		seen.Status = status
	}
	if complete && status < http.StatusInternalServerError {
		seen.Ready, seen.Port = true, port
	}
	return true
}

// exchange sends a request and reads the whole answer.
func (p prober) exchange(connection net.Conn, target netip.AddrPort) (status int, complete bool) {
	request, err := http.NewRequest(http.MethodGet, "http://"+target.String()+"/", nil)
	if err != nil {
		return 0, false
	}
	if p.host != "" {
		request.Host = string(p.host)
	}
	request.Header.Set("User-Agent", "paastech-readiness")
	request.Close = true
	if err := errors.Join(connection.SetDeadline(time.Now().Add(p.patience)), request.Write(connection)); err != nil {
		return 0, false
	}
	response, err := readResponse(bufio.NewReader(connection), request)
	if err != nil {
		return 0, false
	}
	if err := connection.SetDeadline(time.Now().Add(min(p.patience, bodyTime))); err != nil {
		return response.StatusCode, false
	}
	_, err = io.CopyN(io.Discard, response.Body, bodySize)
	complete = err == nil || errors.Is(err, io.EOF) || errors.Is(err, os.ErrDeadlineExceeded)
	return response.StatusCode, complete
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
