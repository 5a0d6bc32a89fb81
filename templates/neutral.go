package templates

import (
	"bytes"
	"fmt"
	"html/template"
	"strings"
	"unicode/utf8"
)

// neutral makes visible what text does to its surroundings: control characters, and those that turn
// the direction of reading around (Unicode Bidirectional Algorithm, UAX #9), with which a text can pass
// for another one. It is applied to whole pages, so that no template can forget it.
func neutral(page []byte) []byte {
	if !anyDisturbs(page) {
		return page
	}
	return bytes.Map(func(r rune) rune {
		switch {
		case !disturbs(r):
			return r
		case r < ' ':
			return '\u2400' + r // its picture
		case r == 0x7f:
			return '\u2421'
		}
		return '\ufffd'
	}, page)
}

// anyDisturbs is bytes.IndexFunc for pages, which are ASCII nearly throughout and long.
func anyDisturbs(page []byte) bool {
	for at := 0; at < len(page); {
		if b := page[at]; b >= ' ' && b < 0x7f || b == '\n' {
			at++
			continue
		}
		r, size := utf8.DecodeRune(page[at:])
		if disturbs(r) {
			return true
		}
		at += size
	}
	return false
}

func disturbs(r rune) bool {
	switch {
	case r == '\n', r == '\t', r == '\r':
		return false
	case r < ' ', r >= 0x7f && r < 0xa0:
		return true
	case r == 0x61c, r == 0x200e, r == 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069:
		return true
	}
	return false
}

// exactly is a text in a form that must come back as it is, whatever is in it.
func exactly(text string) template.HTML {
	var out strings.Builder
	for _, r := range text {
		if disturbs(r) {
			fmt.Fprintf(&out, "&#%d;", r)
		} else {
			out.WriteString(template.HTMLEscapeString(string(r)))
		}
	}
	return template.HTML(out.String())
}
