package http1

import "bytes"

// Verdict says what was found at the beginning of a buffer.
type Verdict int

// The verdicts.
const (
	Partial Verdict = iota // a head that does not end yet, and is usual as far as it goes
	Whole                  // a head that ends
	Unusual                // something that net/http has to decide about
)

// field is a line of a head: both lie in the buffer, as does line, which has the CRLF too.
type field struct{ name, value, line []byte }

// nextField reads the line at the beginning of rest. The empty line that ends a head has no name.
func nextField(rest []byte) (field, Verdict) {
	end := bytes.IndexByte(rest, '\n')
	if end < 0 {
		return field{}, Partial
	}
	line := rest[:end+1]
	if end == 0 || line[end-1] != '\r' {
		return field{}, Unusual
	}
	if end == 1 {
		return field{line: line}, Whole
	}
	colon := 0
	for colon < end && isToken[line[colon]] {
		colon++
	}
	if colon == 0 || line[colon] != ':' {
		return field{}, Unusual // a folded line too
	}
	value := line[colon+1 : end-1]
	for _, c := range value {
		if !isText[c] {
			return field{}, Unusual
		}
	}
	return field{name: line[:colon], value: trim(value), line: line}, Whole
}

// trim takes blanks off both ends (OWS; RFC 9110, 5.6.3).
func trim(value []byte) []byte {
	for len(value) > 0 && (value[0] == ' ' || value[0] == '\t') {
		value = value[1:]
	}
	for n := len(value); n > 0 && (value[n-1] == ' ' || value[n-1] == '\t'); n-- {
		value = value[:n-1]
	}
	return value
}

// is compares regardless of case; lower is in lower case.
func is(text []byte, lower string) bool {
	if len(text) != len(lower) {
		return false
	}
	for i := range text {
		c := text[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// startsWith is is for the beginning of text, and takes _ for -: many applications see no difference.
func startsWith(text []byte, lower string) bool {
	if len(text) < len(lower) {
		return false
	}
	for i := range len(lower) {
		c := text[i]
		switch {
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		case c == '_':
			c = '-'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// maxDigits keeps a length below 2^63.
const maxDigits = 18

// number reads a length; -1 when it is not written as everybody writes it.
func number(text []byte) int64 {
	if len(text) == 0 || len(text) > maxDigits || text[0] == '0' && len(text) > 1 {
		return -1
	}
	n := int64(0)
	for _, c := range text {
		if c < '0' || c > '9' {
			return -1
		}
		n = n*10 + int64(c-'0')
	}
	return n
}

// Classes of characters.
var (
	isToken = class("!#$%&'*+-.^_`|~", alphanumeric)      // RFC 9110, 5.6.2
	isPath  = class("/-_.~!$&'()*+,;=:@%", alphanumeric)  // RFC 3986, 3.3: what net/url sends on as it is
	isQuery = class("/-_.~!$&'()*+,;=:@%?", alphanumeric) // RFC 3986, 3.4
	isHost  = class("-._:", alphanumeric)                 // names, IPv4 and ports
	isText  = class("\t !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", alphanumeric, obsText)
)

const alphanumeric = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// obsText is every byte from 0x80 (RFC 9110, 5.5).
var obsText = func() string {
	high := make([]byte, 0, 128)
	for c := 0x80; c <= 0xff; c++ {
		high = append(high, byte(c))
	}
	return string(high)
}()

func class(members ...string) (set [256]bool) {
	for _, some := range members {
		for _, c := range []byte(some) {
			set[c] = true
		}
	}
	return set
}

// all tells whether text is of one class.
func all(text []byte, set *[256]bool) bool {
	for _, c := range text {
		if !set[c] {
			return false
		}
	}
	return true
}
