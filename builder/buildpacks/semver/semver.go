// Package semver reads the version numbers and version ranges of the npm world.
package semver

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// Version is a released version; pre-releases are told apart but never chosen.
type Version struct {
	Major, Minor, Patch int
	Pre                 string // what follows the dash, "" for a release
}

// Parse reads "v1.2.3", "1.2.3-rc.1" and "1.2.3+build".
func Parse(text string) (Version, error) {
	p, err := parsePartial(text)
	if err != nil || p.known != 3 {
		return Version{}, fmt.Errorf("%q is not a version like 1.2.3", text)
	}
	return p.Version, nil
}

// String is the version without a leading v.
func (v Version) String() string {
	text := fmt.Sprintf("%d.%d.%d", v.Major, v.Minor, v.Patch)
	if v.Pre != "" {
		text += "-" + v.Pre
	}
	return text
}

// Compare is negative, zero or positive as v is older than, equal to or newer than w. A
// pre-release is older than its release; two pre-releases compare as text.
func (v Version) Compare(w Version) int {
	if c := cmp.Or(cmp.Compare(v.Major, w.Major), cmp.Compare(v.Minor, w.Minor), cmp.Compare(v.Patch, w.Patch)); c != 0 {
		return c
	}
	switch {
	case v.Pre == w.Pre:
		return 0
	case v.Pre == "":
		return 1
	case w.Pre == "":
		return -1
	}
	return strings.Compare(v.Pre, w.Pre)
}

// partial is a version of which only the first known numbers are given: "20", "20.x", "*".
type partial struct {
	Version
	known int
}

func parsePartial(text string) (partial, error) {
	text = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(text), "="), "v")
	text, _, _ = strings.Cut(text, "+")
	numbers, pre, _ := strings.Cut(text, "-")
	p := partial{Version: Version{Pre: pre}}
	fields := strings.Split(numbers, ".")
	if len(fields) > 3 {
		return p, fmt.Errorf("%q has too many numbers", text)
	}
	for i, field := range fields {
		if field == "x" || field == "X" || field == "*" {
			return p, nil
		}
		n, err := strconv.Atoi(field)
		if err != nil || n < 0 {
			return p, fmt.Errorf("%q is not a version", text)
		}
		*[]*int{&p.Major, &p.Minor, &p.Patch}[i] = n
		p.known = i + 1
	}
	return p, nil
}

// first is the oldest version that p stands for.
func (p partial) first() Version { return p.Version }

// next is the oldest version after all those that p stands for, when its first keep numbers
// (at least one, at most those known) are what must not change.
func (p partial) next(keep int) Version {
	switch min(keep, p.known) {
	case 1:
		return Version{Major: p.Major + 1}
	case 2:
		return Version{Major: p.Major, Minor: p.Minor + 1}
	}
	return Version{Major: p.Major, Minor: p.Minor, Patch: p.Patch + 1}
}
