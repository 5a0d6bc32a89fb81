package traefik

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
)

// Provider tells a Traefik in front of the platform's own ingress, by its HTTP provider
// (https://doc.traefik.io/traefik/providers/http/), for which names it is to ask there. It has the ports and the
// certificates then; which containers are well, and when a new version takes over, stays the ingress's.
type Provider struct {
	Version      int      // of Traefik: 2 or 3, which write patterns of names differently
	EntryPoints  []string // empty: all of them
	CertResolver string   // empty: routers without TLS
	Server       string   // where the ingress listens: http://127.0.0.1:8080
}

// service is what all routers of a document lead to.
const service = "paastech"

type document struct {
	HTTP documentHTTP `json:"http"`
}

type documentHTTP struct {
	Routers  map[string]documentRouter  `json:"routers,omitempty"` // Traefik refuses an empty one
	Services map[string]documentService `json:"services"`
}

type documentRouter struct {
	EntryPoints []string     `json:"entryPoints,omitempty"`
	Rule        string       `json:"rule"`
	Service     string       `json:"service"`
	TLS         *documentTLS `json:"tls,omitempty"`
}

type documentTLS struct {
	CertResolver string            `json:"certResolver"`
	Domains      []documentDomains `json:"domains,omitempty"`
}

type documentDomains struct {
	Main string `json:"main"`
}

type documentService struct {
	LoadBalancer documentBalancer `json:"loadBalancer"`
}

type documentBalancer struct {
	Servers        []documentServer `json:"servers"`
	PassHostHeader bool             `json:"passHostHeader"`
}

type documentServer struct {
	URL string `json:"url"`
}

// Document is the dynamic configuration for some names, in JSON.
func (p Provider) Document(names []paas.Hostname) ([]byte, error) {
	all := document{documentHTTP{Services: map[string]documentService{
		service: {documentBalancer{Servers: []documentServer{{p.Server}}, PassHostHeader: true}},
	}}}
	for _, name := range names {
		if all.HTTP.Routers == nil {
			all.HTTP.Routers = map[string]documentRouter{}
		}
		router := documentRouter{EntryPoints: p.EntryPoints, Rule: p.rule(name), Service: service}
		if p.CertResolver != "" {
			router.TLS = &documentTLS{CertResolver: p.CertResolver}
			if strings.HasPrefix(string(name), "*.") { // a pattern does not say it
				router.TLS.Domains = []documentDomains{{string(name)}}
			}
		}
		all.HTTP.Routers[service+"-"+strings.NewReplacer(".", "-", "*", "any").Replace(string(name))] = router
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the configuration for Traefik: %w", err)
	}
	return append(text, '\n'), nil
}

func (p Provider) rule(name paas.Hostname) string {
	parent, wildcard := strings.CutPrefix(string(name), "*.")
	switch {
	case !wildcard:
		return fmt.Sprintf("Host(`%s`)", name)
	case p.Version == 2:
		return fmt.Sprintf("HostRegexp(`{any:[a-z0-9-]+}.%s`)", parent)
	}
	return fmt.Sprintf("HostRegexp(`^[a-z0-9-]+\\.%s$`)", regexp.QuoteMeta(parent))
}
