package traefik

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// Middleware is one of Traefik's, exactly one of which is set.
type Middleware struct {
	AddPrefix      *AddPrefix
	BasicAuth      *BasicAuth
	Chain          *Chain
	Compress       *struct{} `label:"allowEmpty"`
	Headers        *Headers
	IPAllowList    *IPAllowList
	IPWhiteList    *IPAllowList // as it is called in Traefik 2
	RateLimit      *RateLimit
	RedirectRegex  *RedirectRegex
	RedirectScheme *RedirectScheme
	StripPrefix    *StripPrefix
}

// The middlewares, as Traefik documents them.
type (
	// AddPrefix puts something before the path.
	AddPrefix struct{ Prefix string }
	// BasicAuth wants a password: users are "name:hash".
	BasicAuth struct {
		Users        []string
		Realm        string
		RemoveHeader bool
	}
	// Chain is several in a row.
	Chain struct{ Middlewares []string }
	// IPAllowList refuses others.
	IPAllowList struct{ SourceRange []string }
	// RateLimit is Average requests a Period, a second unless it says another, and Burst at once.
	RateLimit struct {
		Average int
		Period  string
		Burst   int
	}
	// RedirectRegex sends addresses that fit elsewhere.
	RedirectRegex struct {
		Regex       string
		Replacement string
		Permanent   bool
	}
	// RedirectScheme sends clients to the same address with another scheme.
	RedirectScheme struct {
		Scheme    string
		Port      string
		Permanent bool
	}
	// StripPrefix takes the first that fits from the path.
	StripPrefix struct{ Prefixes []string }
	// Headers sets headers, or with an empty value removes them.
	Headers struct {
		CustomRequestHeaders    map[string]string
		CustomResponseHeaders   map[string]string
		STSSeconds              int
		STSIncludeSubdomains    bool
		STSPreload              bool
		FrameDeny               bool
		CustomFrameOptionsValue string
		ContentTypeNosniff      bool
		BrowserXSSFilter        bool
		ContentSecurityPolicy   string
		ReferrerPolicy          string
		PermissionsPolicy       string
	}
)

// steps translates a middleware; those of a chain are looked up.
func (m Middleware) steps(find func(name string, depth int) ([]paas.Step, error), depth int) ([]paas.Step, error) {
	switch {
	case m.AddPrefix != nil:
		return []paas.Step{{AddPrefix: m.AddPrefix.Prefix}}, nil
	case m.BasicAuth != nil:
		return m.BasicAuth.steps()
	case m.Chain != nil:
		var all []paas.Step
		for _, name := range m.Chain.Middlewares {
			some, err := find(name, depth+1)
			if err != nil {
				return nil, err
			}
			all = append(all, some...)
		}
		return all, nil
	case m.Compress != nil:
		return []paas.Step{{Compress: true}}, nil
	case m.Headers != nil:
		return []paas.Step{{Headers: m.Headers.values()}}, nil
	case m.IPAllowList != nil:
		return m.IPAllowList.steps()
	case m.IPWhiteList != nil:
		return m.IPWhiteList.steps()
	case m.RateLimit != nil:
		return m.RateLimit.steps()
	case m.RedirectRegex != nil:
		return m.RedirectRegex.steps()
	case m.RedirectScheme != nil:
		return m.RedirectScheme.steps()
	case m.StripPrefix != nil:
		return []paas.Step{{StripPrefix: m.StripPrefix.Prefixes}}, nil
	}
	return nil, errors.New("it does nothing")
}

func (m BasicAuth) steps() ([]paas.Step, error) {
	auth := &paas.BasicAuth{Realm: m.Realm, Hide: m.RemoveHeader}
	for _, user := range m.Users {
		auth.Users = append(auth.Users, paas.Secret(user))
	}
	if len(auth.Users) == 0 {
		return nil, errors.New("basicauth.users is empty: nobody could come in")
	}
	if auth.Realm == "" {
		auth.Realm = "traefik"
	}
	return []paas.Step{{BasicAuth: auth}}, nil
}

func (m IPAllowList) steps() ([]paas.Step, error) {
	var allowed []netip.Prefix
	for _, text := range m.SourceRange {
		prefix, err := paas.ParseNetwork(text)
		if err != nil {
			return nil, err
		}
		allowed = append(allowed, prefix)
	}
	if len(allowed) == 0 {
		return nil, errors.New("sourcerange is empty: nobody could come in")
	}
	return []paas.Step{{Allow: allowed}}, nil
}

func (m RateLimit) steps() ([]paas.Step, error) {
	limit := &paas.RateLimit{Average: m.Average, Period: time.Second, Burst: max(m.Burst, 1)}
	if m.Period != "" {
		period, err := parsePeriod(m.Period)
		if err != nil {
			return nil, err
		}
		limit.Period = period
	}
	if m.Average < 0 {
		return nil, fmt.Errorf("ratelimit.average is %d: give how many requests a period may have", m.Average)
	}
	return []paas.Step{{RateLimit: limit}}, nil
}

// parsePeriod reads a span of time; a bare number is seconds.
func parsePeriod(text string) (time.Duration, error) {
	if seconds, err := strconv.Atoi(text); err == nil {
		text = fmt.Sprintf("%ds", seconds)
	}
	period, err := time.ParseDuration(text)
	if err != nil || period <= 0 {
		return 0, fmt.Errorf("%q is no span of time, such as 1m", text)
	}
	return period, nil
}

func (m RedirectRegex) steps() ([]paas.Step, error) {
	if _, err := regexp.Compile(m.Regex); err != nil || m.Regex == "" {
		return nil, fmt.Errorf("redirectregex.regex %q is no regular expression", m.Regex)
	}
	return []paas.Step{{Redirect: &paas.Redirect{Pattern: m.Regex, Replacement: m.Replacement, Permanent: m.Permanent}}}, nil
}

func (m RedirectScheme) steps() ([]paas.Step, error) {
	if m.Scheme != "http" && m.Scheme != "https" {
		return nil, fmt.Errorf("redirectscheme.scheme %q: http or https", m.Scheme)
	}
	return []paas.Step{{Redirect: &paas.Redirect{Scheme: m.Scheme, Port: m.Port, Permanent: m.Permanent}}}, nil
}

// values are the headers that the settings stand for.
func (m Headers) values() *paas.Headers {
	headers := &paas.Headers{
		Request: paas.CanonicalHeaders(m.CustomRequestHeaders), Response: paas.CanonicalHeaders(m.CustomResponseHeaders),
		Strict: time.Duration(m.STSSeconds) * time.Second, Domains: m.STSIncludeSubdomains, Preload: m.STSPreload,
	}
	set := func(name, value string) {
		if value != "" {
			headers.Response[name] = value
		}
	}
	if m.FrameDeny {
		set("X-Frame-Options", "DENY")
	}
	set("X-Frame-Options", m.CustomFrameOptionsValue)
	if m.ContentTypeNosniff {
		set("X-Content-Type-Options", "nosniff")
	}
	if m.BrowserXSSFilter {
		set("X-Xss-Protection", "1; mode=block")
	}
	set("Content-Security-Policy", m.ContentSecurityPolicy)
	set("Referrer-Policy", m.ReferrerPolicy)
	set("Permissions-Policy", m.PermissionsPolicy)
	return headers
}
