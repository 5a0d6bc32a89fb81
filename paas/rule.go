package paas

import (
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// Rule tells whether a request is meant.
type Rule interface {
	Match(request RuleRequest) bool
}

// RuleRequest is what rules look at.
type RuleRequest struct {
	Host   Hostname
	Path   string // as it came, not decoded
	Method string
	Header http.Header
	Query  map[string][]string
	Client netip.Addr
}

// The rules there are. All and Any of nothing match everything and nothing.
type (
	// AllOf matches when each of them does.
	AllOf []Rule
	// AnyOf matches when one of them does.
	AnyOf []Rule
	// Not matches when the other does not.
	Not struct{ Rule Rule }
	// HostIs matches a hostname.
	HostIs Hostname
	// HostLike matches hostnames that fit.
	HostLike struct{ Pattern *regexp.Regexp }
	// PathIs matches one path.
	PathIs string
	// PathBelow matches paths that begin so.
	PathBelow string
	// PathLike matches paths that fit.
	PathLike struct{ Pattern *regexp.Regexp }
	// MethodIs matches a method.
	MethodIs string
	// HeaderIs matches a header with that value among its own.
	HeaderIs struct{ Name, Value string }
	// QueryIs matches a parameter with that value; an empty one matches any.
	QueryIs struct{ Name, Value string }
	// ClientIn matches clients of a network.
	ClientIn netip.Prefix
)

// Match tells whether each of them matches.
func (r AllOf) Match(request RuleRequest) bool {
	return !slices.ContainsFunc(r, func(rule Rule) bool { return !rule.Match(request) })
}

// Match tells whether one of them matches.
func (r AnyOf) Match(request RuleRequest) bool {
	return slices.ContainsFunc(r, func(rule Rule) bool { return rule.Match(request) })
}

// Match tells whether the other does not.
func (r Not) Match(request RuleRequest) bool { return !r.Rule.Match(request) }

// Match compares the hostname.
func (r HostIs) Match(request RuleRequest) bool { return request.Host == Hostname(r) }

// Match tries the pattern.
func (r HostLike) Match(request RuleRequest) bool { return r.Pattern.MatchString(string(request.Host)) }

// Match compares the path.
func (r PathIs) Match(request RuleRequest) bool { return request.Path == string(r) }

// Match compares the path's beginning.
func (r PathBelow) Match(request RuleRequest) bool { return strings.HasPrefix(request.Path, string(r)) }

// Match tries the pattern.
func (r PathLike) Match(request RuleRequest) bool { return r.Pattern.MatchString(request.Path) }

// Match compares the method.
func (r MethodIs) Match(request RuleRequest) bool { return request.Method == string(r) }

// Match looks for the header.
func (r HeaderIs) Match(request RuleRequest) bool {
	return slices.Contains(request.Header.Values(r.Name), r.Value)
}

// Match looks for the parameter.
func (r QueryIs) Match(request RuleRequest) bool {
	values, there := request.Query[r.Name]
	return there && (r.Value == "" || slices.Contains(values, r.Value))
}

// Match looks whether the client is of the network.
func (r ClientIn) Match(request RuleRequest) bool { return netip.Prefix(r).Contains(request.Client) }

// RuleHosts lists the hostnames that a rule needs one of; not whole when it may match others too.
func RuleHosts(rule Rule) (hosts []Hostname, whole bool) {
	switch rule := rule.(type) {
	case HostIs:
		return []Hostname{Hostname(rule)}, true
	case AllOf:
		for _, one := range rule {
			if hosts, whole := RuleHosts(one); whole {
				return hosts, true
			}
		}
	case AnyOf:
		for _, one := range rule {
			some, whole := RuleHosts(one)
			if !whole {
				return nil, false
			}
			hosts = append(hosts, some...)
		}
		return hosts, len(rule) > 0
	}
	return nil, false
}
