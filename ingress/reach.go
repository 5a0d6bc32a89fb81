package ingress

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// reach finds out whether names lead to this ingress: by where they lead, or, behind an address that is
// not this host's own, by a question that only this process can answer.
type reach struct {
	secret    []byte
	resolver  *net.Resolver
	addresses []netip.Addr
	port      string
}

// herePath is where the question is asked.
const herePath = "/.well-known/paastech/here/"

// reachTimeout bounds one question.
const reachTimeout = 5 * time.Second

func newReach(options Options) reach {
	r := reach{secret: make([]byte, 32), resolver: net.DefaultResolver, port: "80"}
	_, _ = rand.Read(r.secret) // never fails (crypto/rand)
	server := options.Resolver
	if options.TLS != nil {
		r.addresses = options.TLS.Addresses
		server = cmp.Or(options.TLS.Resolver, server)
		if options.TLS.PlainPort != 0 {
			r.port = strconv.Itoa(options.TLS.PlainPort)
		}
	}
	if server != "" {
		r.resolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, server)
		}}
	}
	return r
}

// LeadsHere says why requests for a name do not come to this ingress; nil when they do.
func (r reach) LeadsHere(ctx context.Context, host paas.Hostname) error {
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	found, own, err := r.find(ctx, host)
	if err != nil || own {
		return err
	}
	if err := r.ask(ctx, host, found); err != nil {
		return fmt.Errorf("%s leads to %s, where this PaaSTech does not answer: %w", host, listed(found), err)
	}
	return nil
}

// find looks a name up, and tells whether an address of this host is among what it finds.
func (r reach) find(ctx context.Context, host paas.Hostname) (found []netip.Addr, own bool, err error) {
	found, err = r.resolver.LookupNetIP(ctx, "ip", string(host))
	if err != nil || len(found) == 0 {
		return nil, false, fmt.Errorf("no address was found for %s in the DNS: %w", host, err)
	}
	addresses, err := r.own()
	return found, err == nil && slices.ContainsFunc(found, func(a netip.Addr) bool { return slices.Contains(addresses, a.Unmap()) }), nil
}

// Elsewhere says why a name does not lead to an address of this host, also while no ingress serves; nil when it does.
func Elsewhere(ctx context.Context, options Options, host paas.Hostname) error {
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	found, own, err := newReach(options).find(ctx, host)
	if err == nil && !own {
		err = fmt.Errorf("%s leads to %s, which is no address of this host", host, listed(found))
	}
	return err
}

func listed(addresses []netip.Addr) string {
	var texts []string
	for _, address := range addresses {
		texts = append(texts, address.Unmap().String())
	}
	return strings.Join(texts, ", ")
}

// own are this host's addresses.
func (r reach) own() ([]netip.Addr, error) {
	own := slices.Clone(r.addresses)
	addresses, err := net.InterfaceAddrs()
	for _, address := range addresses {
		if prefix, err := netip.ParsePrefix(address.String()); err == nil {
			own = append(own, prefix.Addr().Unmap())
		}
	}
	return own, err
}

// ask sends the question to the addresses of a host.
func (r reach) ask(ctx context.Context, host paas.Hostname, addresses []netip.Addr) error {
	nonce := make([]byte, 16)
	_, _ = rand.Read(nonce) // never fails
	question := hex.EncodeToString(nonce)
	dialer := &net.Dialer{}
	client := &http.Client{
		Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var errs []error
			for _, address := range addresses {
				connection, err := dialer.DialContext(ctx, network, net.JoinHostPort(address.Unmap().String(), r.port))
				if err == nil {
					return connection, nil
				}
				errs = append(errs, err)
			}
			return nil, errors.Join(errs...)
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+string(host)+herePath+question, nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 2*sha256.Size))
	if err == nil && !hmac.Equal(text, r.proof(question)) {
		err = errors.New("somebody else answers")
	}
	return err
}

// proof is what only this process can answer.
func (r reach) proof(question string) []byte {
	mac := hmac.New(sha256.New, r.secret)
	mac.Write([]byte(question))
	return []byte(hex.EncodeToString(mac.Sum(nil)))
}

// answer answers the question, when r is one.
func (r reach) answer(w http.ResponseWriter, request *http.Request) bool {
	question, asked := strings.CutPrefix(request.URL.Path, herePath)
	if !asked || len(question) != 32 {
		return false
	}
	w.Header().Set("Content-Type", "text/plain")
	_, _ = w.Write(r.proof(question)) // a client that is gone needs no answer
	return true
}
