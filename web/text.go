package web

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/paastech-cloud/paastech/paas"
)

var errNotText = paas.Errorf(paas.Invalid, paas.EInvalid, "The request has text with NUL or that is not valid Unicode (UTF-8).")

// checkQuery refuses what no database keeps as text.
func checkQuery(address *url.URL) error {
	query, err := url.ParseQuery(address.RawQuery)
	if err != nil {
		return paas.Errorf(paas.Invalid, paas.EInvalid, "What follows the ? of the address cannot be read.").Because(err)
	}
	return checkValues(query)
}

func checkValues(values url.Values) error {
	for name, all := range values {
		if !isText(name) || !isText(strings.Join(all, "")) {
			return errNotText
		}
	}
	return nil
}

func isText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// checkJSONText refuses JSON whose strings the standard library would change silently, as halves of
// surrogate pairs, and NUL, which databases do not keep.
func checkJSONText(body []byte) error {
	if !utf8.Valid(body) {
		return errNotText
	}
	for {
		at := bytes.IndexByte(body, '\\')
		if at < 0 || at+1 >= len(body) {
			return nil
		}
		body = body[at:]
		if body[1] != 'u' {
			body = body[2:]
			continue
		}
		unit := escaped(body)
		body = body[2:]
		if unit == 0 {
			return errNotText
		}
		if !utf16.IsSurrogate(unit) {
			continue
		}
		body = body[min(4, len(body)):]
		if utf16.DecodeRune(unit, escaped(body)) == utf8.RuneError {
			return errNotText
		}
		body = body[6:]
	}
}

// escaped is the UTF-16 unit that text begins with as \uXXXX, or -1; what is not JSON shows later.
func escaped(text []byte) rune {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return -1
	}
	unit, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(unit)
}
