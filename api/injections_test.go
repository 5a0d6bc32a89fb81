package api_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
)

// canaryFile is what injected commands would make, somewhere.
const canaryFile = "CANARY-7f3a"

// injections are texts that have broken into platforms like this one: shells, templates, paths,
// headers, databases, Unicode, sizes.
func injections() []string {
	return []string{
		"", " ", "a", "0", "-1", "true", "null", "undefined", "NaN", "9999999999999999999999", "1e400", "--help", "-x",
		"$(touch " + canaryFile + ")", "`touch " + canaryFile + "`", "; touch " + canaryFile + ";", "| touch " + canaryFile, "&& touch " + canaryFile, "a\ntouch " + canaryFile + "\n", "\";touch " + canaryFile + ";\"", "';touch " + canaryFile + ";'", "${IFS}touch${IFS}" + canaryFile, "--upload-pack=touch " + canaryFile, "ext::sh -c touch% " + canaryFile, "--output=" + canaryFile,
		"{{.}}", "{{7*7}}", "${7*7}", "<%= 7*7 %>", "#{7*7}", "{{printf \"%s\" .Secret}}", "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "%s%s%n%d", "${jndi:ldap://127.0.0.1/a}",
		"../../../../" + canaryFile, "..\\..\\" + canaryFile, "/etc/passwd", "/tmp/" + canaryFile, "file:///etc/passwd", "....//....//etc/passwd", "a/../../b", ".git/config", "CON", "a\x00.txt", "%2e%2e%2f%2e%2e%2f", "%00", "..%c0%af..",
		"x\r\nX-Injected: 1", "x\nSet-Cookie: access=planted", "x%0d%0aX-Injected:%201", "\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
		"' OR '1'='1", "'; DROP TABLE users; --", "\" OR 1=1 --", "' UNION SELECT * FROM users --", "1; SELECT pg_sleep(9)", "\\'", "%' --", "x') ON CONFLICT DO NOTHING --", "_%",
		"\u202Egnp.exe", "\u200B\u200D\uFEFF", "a\u0300\u0301\u0302\u0303\u0304", "ａｄａ", "ada\u00AD", "\u0130\u0131\u017F\u212A", "\U0001F468\u200D\U0001F469\u200D\U0001F467", "\u0627\u0644\u0633\u0644\u0627\u0645", "\xff\xfe", "\xc0\xaf", "\xed\xa0\x80", "\u0000", "\u0001\u001b[31m", "\uFFFD\uFFFF", "\u2028\u2029",
		"ada@example.com", "ada@example.com\r\nBcc: eve@example.com", "<ada@example.com>", "\"a b\"@example.com", "ada@[127.0.0.1]", "a@b", strings.Repeat("a", 65) + "@example.com",
		"ssh-ed25519 AAAA", "command=\"touch " + canaryFile + "\" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMS2xLtxxxkq6qhkGQ0v9VX0mhM0hV3a2jQvZ7o2bFYl", "-----BEGIN OPENSSH PRIVATE KEY-----", "pt_", "00000000-0000-4000-8000-000000000000", "0000-01-01T00:00:00Z", "9999-12-31T23:59:60Z",
		strings.Repeat("a", 257), strings.Repeat("é", 20000), strings.Repeat("x", 100<<10),
	}
}

// wrongJSON is what a field should not be, as it is written.
func wrongJSON() []string {
	return []string{
		"null", "true", "false", "0", "-1", "0.5", "1e400", "-0", "9223372036854775808", "1" + strings.Repeat("0", 400), "NaN", "Infinity", "0x10", "[]", "{}", "[null]", `[{"a":[]}]`, `{"":null}`, `{"$ne":null}`, `{"__proto__":{"isAdmin":true}}`,
		`"\ud800"`, `"\udc00\ud800"`, `"\u0000"`, `"\x"`, `'a'`, "a", "", "\"a", "[1,]", "//", deep("[", "]", 10000), deep(`{"a":`, "}", 10000), deep("[", "", 10000),
		`"` + strings.Repeat("a", 1<<20) + `"`, `[` + strings.TrimSuffix(strings.Repeat(`"a",`, 20000), ",") + `]`,
	}
}

func deep(open, shut string, n int) string {
	return strings.Repeat(open, n) + "1" + strings.Repeat(shut, n)
}

// quoted is a text as JSON, byte for byte where that is no Unicode.
func quoted(text string) string {
	escaped, _ := json.Marshal(text)
	if strings.Contains(string(escaped), `\ufffd`) && !strings.Contains(text, "\uFFFD") {
		return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
	}
	return string(escaped)
}

// fields are the paths to every field of a body's schema; "*" stands for any name.
func fields(schema map[string]any, at []string) [][]string {
	var all [][]string
	properties, _ := schema["properties"].(map[string]any)
	for name, one := range properties {
		path := append(append([]string{}, at...), name)
		all = append(all, path)
		if below, ok := one.(map[string]any); ok {
			all = append(all, fields(below, path)...)
		}
	}
	if _, open := schema["additionalProperties"].(map[string]any); open {
		all = append(all, append(append([]string{}, at...), "*"), append(append([]string{}, at...), "A"))
	}
	for _, choice := range []string{"anyOf", "allOf"} {
		list, _ := schema[choice].([]any)
		for _, one := range list {
			all = append(all, fields(one.(map[string]any), at)...)
		}
	}
	return all
}

// placed is an object with JSON put where a path leads; for "*" the JSON, a text, becomes a name.
func placed(object map[string]any, path []string, value string) string {
	var pairs []string
	name, last := path[0], len(path) == 1
	for key, one := range object {
		if key != name {
			text, _ := json.Marshal(one)
			pairs = append(pairs, fmt.Sprintf("%q:%s", key, text))
		}
	}
	switch {
	case last && name == "*":
		pairs = append(pairs, value+`:"x"`)
	case last:
		pairs = append(pairs, quoted(name)+":"+value)
	default:
		below, _ := object[name].(map[string]any)
		pairs = append(pairs, quoted(name)+":"+placed(below, path[1:], value))
	}
	return "{" + strings.Join(pairs, ",") + "}"
}

// mutated is a body with a few bytes changed, removed, doubled, or an injection put in.
func mutated(random *rand.Rand, body string) string {
	text := []byte(body)
	for range 1 + random.IntN(4) {
		if len(text) == 0 {
			text = []byte("{}")
		}
		at := random.IntN(len(text))
		switch random.IntN(5) {
		case 0:
			text[at] = byte(random.IntN(256))
		case 1:
			text = append(text[:at:at], text[min(len(text), at+1+random.IntN(8)):]...)
		case 2:
			text = append(text[:at:at], append([]byte{`"{}[]:,\0n1-`[random.IntN(12)]}, text[at:]...)...)
		case 3:
			to := min(len(text), at+1+random.IntN(20))
			text = append(text[:to:to], text[at:]...)
		case 4:
			all := injections()
			text = append(text[:at:at], append([]byte(all[random.IntN(len(all)-3)]), text[at:]...)...)
		}
	}
	return string(text)
}
