package paas

import (
	"cmp"
	"maps"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"
)

// HTTP is what becomes of an application's requests on their way to it, and of its answers on theirs back.
type HTTP struct {
	Plain     bool              `json:"plain,omitempty"`    // requests without TLS reach it too; else they are sent to https
	Protocol  Protocol          `json:"protocol,omitempty"` // that it speaks; empty means HTTP/1.1
	Compress  bool              `json:"compress,omitempty"` // answers that it does not compress itself: zstd or gzip, as clients take it
	Redirects []PatternRedirect `json:"redirects,omitempty"`
	Headers   HeaderChanges     `json:"headers,omitzero"`
	Users     []Secret          `json:"users,omitempty"` // who may come in: name:hash, of bcrypt, as htpasswd -nB writes it
	Allow     []string          `json:"allow,omitempty"` // addresses or CIDRs; nobody else may come in
	Rate      Rate              `json:"rate,omitzero"`
}

// Protocol is what an application speaks.
type Protocol string

// The protocols of applications.
const (
	HTTP1 Protocol = "http1"
	H2C   Protocol = "h2c" // HTTP/2 without TLS, known beforehand (RFC 9113, 3.3); gRPC needs it
)

// PatternRedirect sends who comes to an address elsewhere.
type PatternRedirect struct {
	From      string `json:"from"` // a regular expression (RE2) for the whole address
	To        string `json:"to"`   // with $1 or ${1} for what its groups matched
	Permanent bool   `json:"permanent,omitempty"`
}

// HeaderChanges are set, and with an empty value removed.
type HeaderChanges struct {
	Request  map[string]string `json:"request,omitempty"`
	Response map[string]string `json:"response,omitempty"`
}

// Rate is how many requests each client may make.
type Rate struct {
	Average int      `json:"average,omitempty"` // a period; 0 is no bound
	Period  Duration `json:"period,omitempty"`  // default 1s
	Burst   int      `json:"burst,omitempty"`   // at once; default: the average
}

// Bounds of what an application may ask for of its requests.
const (
	maxRedirects   = 50
	maxHeaders     = 50
	maxHTTPUsers   = 100
	maxAllow       = 200
	maxPattern     = 500
	maxHeaderValue = 2000
)

var (
	fieldName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$") // RFC 9110, 5.1
	bcryptTag = regexp.MustCompile(`^[^:\x00-\x1f]{1,100}:\$2[aby]\$(0[4-9]|1[0-4])\$[./A-Za-z0-9]{53}$`)
)

// ownHeaders are those that say where a message goes, how it is framed, or where it came from: they are the
// ingress's, and changing them would let requests past it.
var ownHeaders = []string{
	"Host", "Connection", "Content-Length", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "Te", "Trailer",
	"Transfer-Encoding", "Upgrade", "Forwarded", "X-Real-Ip",
}

func (h HTTP) validate() error {
	if h.Protocol != "" && h.Protocol != HTTP1 && h.Protocol != H2C {
		return InvalidField("http.protocol", "An application speaks http1 or h2c.")
	}
	return cmp.Or(h.validateRedirects(), validateHeaders("http.headers.request", h.Headers.Request), validateHeaders("http.headers.response", h.Headers.Response), h.validateUsers(), h.validateAllow(), h.Rate.validate())
}

func (h HTTP) validateRedirects() error {
	if len(h.Redirects) > maxRedirects {
		return InvalidField("http.redirects", "An application has at most %d redirects.", maxRedirects)
	}
	for _, redirect := range h.Redirects {
		if redirect.From == "" || len(redirect.From) > maxPattern {
			return InvalidField("http.redirects.from", "A redirect's from is a pattern of at most %d characters, for the whole address.", maxPattern)
		}
		if _, err := regexp.Compile(redirect.From); err != nil {
			return InvalidField("http.redirects.from", "%q is no regular expression: %v.", redirect.From, err)
		}
		if redirect.To == "" || len(redirect.To) > maxHeaderValue || strings.ContainsFunc(redirect.To, isControl) {
			return InvalidField("http.redirects.to", "A redirect's to is an address, with $1 for what the pattern's first group matched.")
		}
	}
	return nil
}

func validateHeaders(field string, headers map[string]string) error {
	if len(headers) > maxHeaders {
		return InvalidField(field, "At most %d headers can be changed.", maxHeaders)
	}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		switch {
		case !fieldName.MatchString(name):
			return InvalidField(field, "%q is not the name of a header.", name)
		case isOwnHeader(name):
			return InvalidField(field, "%s is the platform's to say.", name)
		case len(headers[name]) > maxHeaderValue || strings.ContainsFunc(headers[name], isControl):
			return InvalidField(field, "%s: a header's value is one line of at most %d bytes.", name, maxHeaderValue)
		}
	}
	return nil
}

func isOwnHeader(name string) bool {
	return slices.ContainsFunc(ownHeaders, func(own string) bool { return strings.EqualFold(own, name) }) ||
		strings.HasPrefix(strings.ToLower(strings.ReplaceAll(name, "_", "-")), "x-forwarded-")
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

func (h HTTP) validateUsers() error {
	if len(h.Users) > maxHTTPUsers {
		return InvalidField("http.users", "At most %d users can be let in by password.", maxHTTPUsers)
	}
	for _, user := range h.Users {
		if !bcryptTag.MatchString(user.Reveal()) {
			return InvalidField("http.users", "A user is name:hash with a hash of bcrypt, at a cost from 4 to 14: write it with `htpasswd -nB name`.")
		}
	}
	return nil
}

func (h HTTP) validateAllow() error {
	if len(h.Allow) > maxAllow {
		return InvalidField("http.allow", "At most %d networks can be named.", maxAllow)
	}
	for _, text := range h.Allow {
		if _, err := ParseNetwork(text); err != nil {
			return InvalidField("http.allow", "%q is neither an address nor a network like 203.0.113.0/24.", text)
		}
	}
	return nil
}

func (r Rate) validate() error {
	switch {
	case r.Average < 0 || r.Average > 1_000_000 || r.Burst < 0 || r.Burst > 1_000_000:
		return InvalidField("http.rate", "average and burst are numbers of requests up to 1000000.")
	case r.Period < 0 || r.Period > Duration(24*time.Hour) || r.Period > 0 && r.Period < Duration(time.Millisecond):
		return InvalidField("http.rate.period", "A rate's period is from 1ms to 24h.")
	}
	return nil
}

// with lays what an owner set over what the source declares.
func (h HTTP) with(set HTTP) HTTP {
	h.Plain, h.Compress = set.Plain || h.Plain, set.Compress || h.Compress
	h.Protocol = cmp.Or(set.Protocol, h.Protocol)
	if set.Redirects != nil {
		h.Redirects = set.Redirects
	}
	if set.Headers.Request != nil {
		h.Headers.Request = set.Headers.Request
	}
	if set.Headers.Response != nil {
		h.Headers.Response = set.Headers.Response
	}
	if set.Users != nil {
		h.Users = set.Users
	}
	if set.Allow != nil {
		h.Allow = set.Allow
	}
	h.Rate = cmp.Or(set.Rate, h.Rate)
	return h
}

// steps are what is done to a request in order: who must not come in is refused first, and at the least cost.
func (h HTTP) steps() []Step {
	var steps []Step
	if len(h.Allow) > 0 {
		allowed := make([]netip.Prefix, 0, len(h.Allow))
		for _, text := range h.Allow {
			if network, err := ParseNetwork(text); err == nil { // it was validated
				allowed = append(allowed, network)
			}
		}
		steps = append(steps, Step{Allow: allowed})
	}
	if h.Rate.Average > 0 {
		steps = append(steps, Step{RateLimit: &RateLimit{
			Average: h.Rate.Average, Period: time.Duration(cmp.Or(h.Rate.Period, Duration(time.Second))), Burst: cmp.Or(h.Rate.Burst, h.Rate.Average),
		}})
	}
	for _, redirect := range h.Redirects {
		steps = append(steps, Step{Redirect: &Redirect{Pattern: redirect.From, Replacement: redirect.To, Permanent: redirect.Permanent}})
	}
	if len(h.Users) > 0 {
		steps = append(steps, Step{BasicAuth: &BasicAuth{Users: h.Users, Realm: "restricted", Hide: true}})
	}
	if len(h.Headers.Request)+len(h.Headers.Response) > 0 {
		steps = append(steps, Step{Headers: &Headers{Request: CanonicalHeaders(h.Headers.Request), Response: CanonicalHeaders(h.Headers.Response)}})
	}
	if h.Compress {
		steps = append(steps, Step{Compress: true})
	}
	return steps
}

// CanonicalHeaders are the same by the names as net/http writes them.
func CanonicalHeaders(headers map[string]string) map[string]string {
	all := make(map[string]string, len(headers))
	for name, value := range headers {
		all[http.CanonicalHeaderKey(name)] = value
	}
	return all
}
