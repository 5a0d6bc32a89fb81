package ingress

import (
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/paastech-cloud/paastech/paas"
)

// providerPath is where a proxy in front reads which names it is to ask here for.
const providerPath = "/.well-known/paastech/traefik"

// provide answers a trusted proxy that asks for itself, not for somebody else, which names there are; false when
// the request is another.
func (i *Ingress) provide(w http.ResponseWriter, r *http.Request) bool {
	if i.options.Provider == nil || r.URL.Path != providerPath || r.Method != http.MethodGet || !i.trusts(peerAddress(r)) || len(r.Header.Values("X-Forwarded-For")) > 0 {
		return false
	}
	text, err := i.options.Provider(i.names())
	if err != nil {
		i.options.Log.ErrorContext(r.Context(), "ingress: tell the proxy in front", "error", err)
		i.pages.refuse(w, r, http.StatusInternalServerError)
		return true
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	_, _ = w.Write(text) // one that is gone asks again
	return true
}

// names are all that lead somewhere, sorted.
func (i *Ingress) names() []paas.Hostname {
	return slices.Sorted(maps.Keys(maps.Collect(i.table.Load().all())))
}
