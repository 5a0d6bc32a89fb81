package ingress

import (
	"context"
	"fmt"
	"net/http"
	"sync"

	"github.com/paastech-cloud/paastech/paas"
)

var _ paas.Resolver = (*Ingress)(nil)

// LeadsHere says why requests for a name do not come to this ingress; nil when they do.
func (i *Ingress) LeadsHere(ctx context.Context, host paas.Hostname) error {
	return i.reach.LeadsHere(ctx, host)
}

// TXT lists the texts of a name in the DNS.
func (i *Ingress) TXT(ctx context.Context, name string) ([]string, error) {
	return i.reach.resolver.LookupTXT(ctx, name)
}

// sendElsewhere sends a visitor to the same page of another name.
func (i *Ingress) sendElsewhere(w http.ResponseWriter, r *http.Request, to paas.Hostname) {
	moved := *r
	moved.Host = string(to)
	address := scheme(r) + "://" + moved.Host + r.URL.RequestURI()
	if i.options.TLS != nil {
		address = i.secureAddress(&moved)
	}
	http.Redirect(w, r, address, http.StatusPermanentRedirect)
}

// maxBelow is how many names below one wildcard get certificates of their own: whoever makes names up must
// not spend the CA's patience.
const maxBelow = 50

// below remembers which names below wildcards may have certificates.
type below struct {
	mu    sync.Mutex
	names map[paas.Hostname]map[paas.Hostname]bool // by wildcard; guarded by mu
}

// mayAdd refuses names below a wildcard beyond the first few.
func (i *Ingress) mayAdd(host paas.Hostname) error {
	table := i.table.Load()
	if table.get(host) != nil {
		return nil
	}
	wildcard := wildcardOf(host)
	b := &i.below
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.names == nil {
		b.names = map[paas.Hostname]map[paas.Hostname]bool{}
	}
	names := b.names[wildcard]
	if names == nil {
		names = map[paas.Hostname]bool{}
		b.names[wildcard] = names
	}
	if !names[host] && len(names) >= maxBelow {
		return fmt.Errorf("%d names below %s have certificates already", len(names), wildcard)
	}
	names[host] = true
	return nil
}
