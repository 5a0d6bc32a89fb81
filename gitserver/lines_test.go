package gitserver

import (
	"strings"
	"testing"
)

func TestLines(t *testing.T) {
	for name, c := range map[string]struct {
		pieces []string
		want   string
	}{
		"whole lines":       {[]string{"a\nb\n"}, "a\nb\n"},
		"pieces":            {[]string{"a", "b", "\nc"}, "ab\nc\n"},
		"windows":           {[]string{"a\r", "\nb\r\n"}, "a\nb\n"},
		"progress":          {[]string{"10%\r20%\r100%\n"}, "10%\n20%\n100%\n"},
		"empty lines":       {[]string{"a\n\nb"}, "a\n\nb\n"},
		"colours":           {[]string{"\x1b[1;31mred\x1b[0m\n"}, "red\n"},
		"title and link":    {[]string{"\x1b]0;title\x07x\x1b]8;;http://a\x1b\\y\n"}, "xy\n"},
		"a broken sequence": {[]string{"\x1b[31"}, "31\n"},
		"control":           {[]string{"a\x00\x07\x08\u009bb\tc\n"}, "ab\tc\n"},
		"not UTF-8":         {[]string{"a\xffb\n"}, "a\ufffdb\n"},
		"endless":           {[]string{strings.Repeat("x", maxLine+1)}, strings.Repeat("x", maxLine) + "\nx\n"},
	} {
		var got strings.Builder
		l := &lines{out: &got}
		for _, piece := range c.pieces {
			l.Write([]byte(piece))
		}
		l.Flush()
		if got.String() != c.want {
			t.Errorf("%s: %q, want %q", name, got.String(), c.want)
		}
	}
}
