package semver

import (
	"fmt"
	"regexp"
	"strings"
)

// Range is a set of versions: "^20.1", ">=18 <21", "18 || 20", "20.x", "1.2 - 2.3".
type Range struct {
	text         string
	alternatives []interval
}

// interval is from <= version < to; without an upper end when open.
type interval struct {
	from, to Version
	open     bool
}

// spacedOperator joins an operator to its version, as in ">= 18".
var spacedOperator = regexp.MustCompile(`([<>=~^])\s+`)

// hyphenated is "1.2 - 2.3".
var hyphenated = regexp.MustCompile(`^\s*(\S+)\s+-\s+(\S+)\s*$`)

// ParseRange reads a range as package.json has it.
func ParseRange(text string) (Range, error) {
	r := Range{text: strings.TrimSpace(text)}
	for alternative := range strings.SplitSeq(text, "||") {
		in, err := parseAlternative(alternative)
		if err != nil {
			return Range{}, fmt.Errorf("read version range %q: %w", text, err)
		}
		r.alternatives = append(r.alternatives, in)
	}
	return r, nil
}

// String is the range as it was written.
func (r Range) String() string { return r.text }

// Exact says whether the range is one version only, and which.
func (r Range) Exact() (Version, bool) {
	version, err := Parse(r.text)
	return version, err == nil
}

// Contains says whether v satisfies the range. A pre-release only satisfies a range that names it.
func (r Range) Contains(v Version) bool {
	if v.Pre != "" {
		exact, ok := r.Exact()
		return ok && exact == v
	}
	for _, in := range r.alternatives {
		if v.Compare(in.from) >= 0 && (in.open || v.Compare(in.to) < 0) {
			return true
		}
	}
	return false
}

// Newest is the newest of versions that satisfies the range.
func (r Range) Newest(versions []Version) (Version, bool) {
	var best Version
	found := false
	for _, v := range versions {
		if r.Contains(v) && (!found || v.Compare(best) > 0) {
			best, found = v, true
		}
	}
	return best, found
}

func parseAlternative(text string) (interval, error) {
	if ends := hyphenated.FindStringSubmatch(text); ends != nil {
		text = ">=" + ends[1] + " <=" + ends[2]
	}
	whole := interval{open: true}
	for word := range strings.FieldsSeq(spacedOperator.ReplaceAllString(text, "$1")) {
		in, err := parseComparator(word)
		if err != nil {
			return interval{}, err
		}
		whole = whole.and(in)
	}
	return whole, nil
}

func (a interval) and(b interval) interval {
	if b.from.Compare(a.from) > 0 {
		a.from = b.from
	}
	if !b.open && (a.open || b.to.Compare(a.to) < 0) {
		a.to, a.open = b.to, false
	}
	return a
}

func parseComparator(word string) (interval, error) {
	number := strings.TrimLeft(word, "<>=~^")
	operator := strings.TrimSuffix(word, number)
	p, err := parsePartial(number)
	if err != nil {
		return interval{}, err
	}
	if p.known == 0 {
		return interval{open: true}, nil
	}
	switch operator {
	case ">=":
		return interval{from: p.first(), open: true}, nil
	case ">":
		return interval{from: p.next(3), open: true}, nil
	case "<":
		return interval{to: p.first()}, nil
	case "<=":
		return interval{to: p.next(3)}, nil
	case "~", "~>":
		return interval{from: p.first(), to: p.next(2)}, nil
	case "^":
		return interval{from: p.first(), to: p.next(p.caret())}, nil
	case "", "=":
		return interval{from: p.first(), to: p.next(3)}, nil
	}
	return interval{}, fmt.Errorf("%q is not an operator", operator)
}

// caret is how many leading numbers ^ holds fast: up to the first that is not zero.
func (p partial) caret() int {
	switch {
	case p.Major > 0:
		return 1
	case p.Minor > 0:
		return 2
	}
	return 3
}
