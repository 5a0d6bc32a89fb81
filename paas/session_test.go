package paas

import (
	"net/netip"
	"strings"
	"testing"
)

func TestOriginsAreBoundedLines(t *testing.T) {
	for name, c := range map[string]struct {
		from  string
		agent string
		want  Origin
	}{
		"a browser":     {"192.0.2.1", "Mozilla/5.0 (X11)", Origin{"192.0.2.1", "Mozilla/5.0 (X11)"}},
		"mapped":        {"::ffff:192.0.2.1", "", Origin{"192.0.2.1", ""}},
		"zone":          {"fe80::1%eth0", "", Origin{"fe80::1", ""}},
		"nowhere":       {"", "x", Origin{"", "x"}},
		"terminal":      {"192.0.2.1", "a\x1b[31mb\r\n\tc\x00\u009bd", Origin{"192.0.2.1", "a [31mb c d"}},
		"not UTF-8":     {"192.0.2.1", "a\xffb", Origin{"192.0.2.1", "a b"}},
		"without bound": {"192.0.2.1", strings.Repeat("é", 100_000), Origin{"192.0.2.1", strings.Repeat("é", maxAgent)}},
	} {
		from, _ := netip.ParseAddr(c.from)
		if got := NewOrigin(from, c.agent); got != c.want {
			t.Errorf("%s: %.300q", name, got)
		}
	}
}
