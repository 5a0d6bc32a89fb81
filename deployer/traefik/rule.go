package traefik

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
)

// maxRule bounds the text of a rule, and with it how deep it nests.
const maxRule = 4096

// ParseRule reads a router's rule, such as Host(`a.example.com`) && (PathPrefix(`/api`) || Method(`GET`)).
// Names of matchers are those of Traefik 3, and of Traefik 2 where one takes several values. && binds
// more than ||.
func ParseRule(text string) (paas.Rule, error) {
	if len(text) > maxRule {
		return nil, fmt.Errorf("the rule is longer than %d bytes", maxRule)
	}
	p := &ruleParser{rest: text}
	rule, err := p.any()
	if err != nil {
		return nil, fmt.Errorf("rule %s: %w", text, err)
	}
	if p.space(); p.rest != "" {
		return nil, fmt.Errorf("rule %s: %q is left over", text, p.rest)
	}
	return rule, nil
}

// ruleParser reads a rule from its beginning.
type ruleParser struct{ rest string }

func (p *ruleParser) space() { p.rest = strings.TrimLeft(p.rest, " \t\r\n") }

// take goes past a mark, when it is next.
func (p *ruleParser) take(mark string) bool {
	p.space()
	rest, found := strings.CutPrefix(p.rest, mark)
	p.rest = rest
	return found
}

func (p *ruleParser) any() (paas.Rule, error) {
	var all paas.AnyOf
	for {
		one, err := p.all()
		if err != nil {
			return nil, err
		}
		if all = append(all, one); !p.take("||") {
			break
		}
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return all, nil
}

func (p *ruleParser) all() (paas.Rule, error) {
	var all paas.AllOf
	for {
		one, err := p.one()
		if err != nil {
			return nil, err
		}
		if all = append(all, one); !p.take("&&") {
			break
		}
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return all, nil
}

func (p *ruleParser) one() (paas.Rule, error) {
	if p.take("!") {
		rule, err := p.one()
		return paas.Not{Rule: rule}, err
	}
	if p.take("(") {
		rule, err := p.any()
		if err == nil && !p.take(")") {
			err = fmt.Errorf("a ) is missing before %q", p.rest)
		}
		return rule, err
	}
	name := p.name()
	if name == "" {
		return nil, fmt.Errorf("a matcher, such as Host(`example.com`), is missing at %q", p.rest)
	}
	values, err := p.values()
	if err != nil {
		return nil, err
	}
	return matcher(name, values)
}

func (p *ruleParser) name() string {
	p.space()
	end := 0
	for end < len(p.rest) && (p.rest[end]|0x20 >= 'a' && p.rest[end]|0x20 <= 'z') {
		end++
	}
	name := p.rest[:end]
	p.rest = p.rest[end:]
	return name
}

// values reads (`a`, `b`); a value is in backticks or quotes.
func (p *ruleParser) values() ([]string, error) {
	if !p.take("(") {
		return nil, fmt.Errorf("a ( is missing at %q", p.rest)
	}
	var values []string
	for {
		p.space()
		if p.rest == "" || p.rest[0] != '`' && p.rest[0] != '"' {
			return nil, fmt.Errorf("a value in backticks is missing at %q", p.rest)
		}
		value, rest, closed := strings.Cut(p.rest[1:], p.rest[:1])
		if !closed {
			return nil, fmt.Errorf("the value that begins at %q does not end", p.rest)
		}
		p.rest = rest
		values = append(values, value)
		if p.take(")") {
			return values, nil
		}
		if !p.take(",") {
			return nil, fmt.Errorf("a ) is missing at %q", p.rest)
		}
	}
}

// matcher makes the rule of one matcher. Those of one value match when one of several does, as in Traefik 2.
func matcher(name string, values []string) (paas.Rule, error) {
	switch strings.ToLower(name) {
	case "header", "headers":
		return pair(name, values, func(key, value string) paas.Rule { return paas.HeaderIs{Name: key, Value: value} })
	case "query":
		return query(name, values)
	}
	var any paas.AnyOf
	for _, value := range values {
		one, err := single(name, value)
		if err != nil {
			return nil, err
		}
		any = append(any, one)
	}
	if len(any) == 1 {
		return any[0], nil
	}
	return any, nil
}

func single(name, value string) (paas.Rule, error) {
	switch strings.ToLower(name) {
	case "host":
		return paas.HostIs(strings.TrimSuffix(strings.ToLower(value), ".")), nil
	case "path":
		return paas.PathIs(value), nil
	case "pathprefix":
		return paas.PathBelow(value), nil
	case "method":
		return paas.MethodIs(strings.ToUpper(value)), nil
	case "clientip":
		prefix, err := paas.ParseNetwork(value)
		return paas.ClientIn(prefix), err
	case "hostregexp":
		pattern, err := pattern("(?i)", value)
		return paas.HostLike{Pattern: pattern}, err
	case "pathregexp":
		pattern, err := pattern("", value)
		return paas.PathLike{Pattern: pattern}, err
	}
	return nil, fmt.Errorf("there is no matcher %s here: use Host, HostRegexp, Path, PathPrefix, PathRegexp, Method, Header, Query or ClientIP", name)
}

// pattern compiles a regular expression; the {name:…} of Traefik 2 is another language.
func pattern(flags, value string) (*regexp.Regexp, error) {
	if strings.Contains(value, "{") && strings.Contains(value, ":") {
		return nil, fmt.Errorf("%q is a pattern of Traefik 2: write a regular expression, such as ^.+\\.example\\.com$", value)
	}
	compiled, err := regexp.Compile(flags + value)
	if err != nil {
		return nil, fmt.Errorf("%q is no regular expression: %w", value, err)
	}
	return compiled, nil
}

func pair(name string, values []string, make func(key, value string) paas.Rule) (paas.Rule, error) {
	if len(values) != 2 {
		return nil, fmt.Errorf("%s wants a name and a value", name)
	}
	return make(values[0], values[1]), nil
}

// query reads Query(`a`, `b`), and Query(`a=b`) as in Traefik 2.
func query(name string, values []string) (paas.Rule, error) {
	if len(values) == 1 {
		key, value, _ := strings.Cut(values[0], "=")
		values = []string{key, value}
	}
	return pair(name, values, func(key, value string) paas.Rule { return paas.QueryIs{Name: key, Value: value} })
}
