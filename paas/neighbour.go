package paas

import (
	"net/netip"
	"time"
)

// Neighbour is a way to containers that a person runs beside the platform's, as their labels say it: the
// ingress serves them too, for names that are no project's.
type Neighbour struct {
	Name     string // of the router in the labels
	Rule     Rule
	Priority int  // the greater is asked first
	Plain    bool // it takes requests without TLS
	Secure   bool // it takes requests over TLS
	Steps    []Step
	Scheme   string // of the containers: http, https or h2c
	Targets  []netip.AddrPort
	KeepHost bool // the containers see the Host that the client sent
}

// Step is something done to a request or its answer on the way, in the words of Traefik's middlewares.
// Exactly one of its fields is set.
type Step struct {
	Redirect    *Redirect
	Headers     *Headers
	BasicAuth   *BasicAuth
	RateLimit   *RateLimit
	Allow       []netip.Prefix // clients of other addresses are refused
	Compress    bool
	StripPrefix []string // the first of them that fits is taken from the path
	AddPrefix   string
}

// Redirect sends a client elsewhere: to the same address with another scheme, or where the pattern says.
type Redirect struct {
	Scheme      string // empty: Pattern says
	Port        string
	Pattern     string // a regular expression (RE2) for the whole address
	Replacement string // with $1 or ${1} for what the pattern's groups matched
	Permanent   bool
}

// Headers are set, and with an empty value removed.
type Headers struct {
	Request  map[string]string // by canonical name
	Response map[string]string
	Strict   time.Duration // Strict-Transport-Security over TLS; 0: not told
	Domains  bool          // its includeSubDomains
	Preload  bool
}

// BasicAuth lets those in who know a password (RFC 7617).
type BasicAuth struct {
	Users []Secret // "name:hash", hashed with bcrypt, SHA-1 or Apache's MD5
	Realm string
	Hide  bool // the application does not see the Authorization header
}

// RateLimit refuses a client's requests above a rate with 429.
type RateLimit struct {
	Average int // a Period; 0 is no limit
	Period  time.Duration
	Burst   int // at once; at least 1
}
