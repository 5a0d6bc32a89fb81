package templates

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/net/html"
)

func TestPrintedLines(t *testing.T) {
	for _, c := range []struct{ name, line, want string }{
		{"plain", "listening on 8080", "listening on 8080"},
		{"markup", `<script>alert("1" & '2')</script>`, "&lt;script&gt;alert(&#34;1&#34; &amp; &#39;2&#39;)&lt;/script&gt;"},
		{"colour", "\x1b[31mred\x1b[0m plain", `<span class="fg1">red</span> plain`},
		{"empty parameter resets", "\x1b[1;32mgo\x1b[m on", `<span class="fg2 bold">go</span> on`},
		{"bright", "\x1b[97;104mx", `<span class="fg15 bg12">x</span>`},
		{"weights", "\x1b[1ma\x1b[2mA\x1b[22;3mb\x1b[23;4mc\x1b[24;7md\x1b[27me", `<span class="bold">a</span><span class="bold dim">A</span><span class="italic">b</span><span class="under">c</span><span class="inverse">d</span>e`},
		{"underline off by a colon", "\x1b[4:3ma\x1b[4:0mb", `<span class="under">a</span>b`},
		{"inverse of colours", "\x1b[7;31mx", `<span class="bg1">x</span>`},
		{"same again makes no new span", "\x1b[31ma\x1b[31mb", `<span class="fg1">ab</span>`},
		{"256: of the sixteen", "\x1b[38;5;9mx", `<span class="fg9">x</span>`},
		{"256: cube", "\x1b[38;5;196mx", `<span class="fg9">x</span>`},
		{"256: gray", "\x1b[48;5;244mx", `<span class="bg8">x</span>`},
		{"truecolor", "\x1b[38;2;0;210;200mx", `<span class="fg6">x</span>`},
		{"truecolor, then more", "\x1b[38;2;0;210;200;1mx", `<span class="fg6 bold">x</span>`},
		{"truecolor with colons", "\x1b[38:2::255:255:0mx\x1b[38:2:255:255:0my\x1b[38:5:1mz", `<span class="fg11">xy</span><span class="fg1">z</span>`},
		{"truecolor that ends early", "\x1b[38;2mx\x1b[38;5mx\x1b[38mx", `<span class="fg0">xx</span>x`},
		{"colours that are none", "\x1b[38;5;999mx\x1b[999999999999999999999my", "xy"},
		{"no rendition", "\x1b[?31mx\x1b[>4my\x1b[ mz", "xyz"},
		{"cursor, screen, title", "\x1b[2J\x1b[1;1H\x1b[K\x1b]0;title\ax\x1b]2;other\x1b\\y", "xy"},
		{"hyperlink", "\x1b]8;;javascript:alert(1)\x1b\\click\x1b]8;;\x1b\\", "click"},
		{"device control, in seven and eight bits", "a\x1bP1$r0m\x1b\\b\u0090x\u009cc\u009b31md", `abc<span class="fg1">d</span>`},
		{"charset and reset", "\x1b(B\x1bca\x1b7b", "ab"},
		{"other C1", "a\u0085b\u008dc", "abc"},
		{"a string without end hides nothing", "\x1b]0;all of this", "0;all of this"},
		{"a sequence without end", "a\x1b[31", "a"},
		{"a sequence that breaks off", "\x1b[3\x1b[31mx\x1b", `<span class="fg1">x</span>`},
		{"NUL and others", "a\x00\x07b\x7f\tc\rd", "a<span class=\"ctl\">^@^G</span>b<span class=\"ctl\">^?</span>\tc<span class=\"ctl\">^M</span>d"},
		{"bidi", "a\u202eb\u2066c", `a<span class="ctl">⟨U+202E⟩</span>b<span class="ctl">⟨U+2066⟩</span>c`},
		{"zero width", "pass\u200bword\ufeff", `pass<span class="ctl">⟨U+200B⟩</span>word<span class="ctl">⟨U+FEFF⟩</span>`},
		{"tags and separators", "\U000e0041\u2028\u3164", `<span class="ctl">⟨U+E0041⟩⟨U+2028⟩⟨U+3164⟩</span>`},
		{"control inside of colour", "\x1b[31ma\x00b", `<span class="fg1">a</span><span class="ctl">^@</span><span class="fg1">b</span>`},
		{"text of others", "naïve 日本語 😀 שלום", "naïve 日本語 😀 שלום"},
		{"no UTF-8", "a\xffb", "a\uFFFDb"},
		{"end of line", "x\r\n", "x"},
		{"nothing", "", ""},
	} {
		if got := string(Printed(c.line)); got != c.want {
			t.Errorf("%s: %q became\n%s, not\n%s", c.name, c.line, got, c.want)
		}
	}
}

func TestPrintedLinesAreBounded(t *testing.T) {
	for name, line := range map[string]string{
		"long":                   strings.Repeat("x", 1<<20),
		"of controls":            strings.Repeat("\x00a", 1<<20),
		"of colours":             strings.Repeat("\x1b[31ma\x1b[32mb", 1<<18),
		"of strings without end": strings.Repeat("\x1b]\x1bP", 1<<18),
		"of overrides":           strings.Repeat("\u202e", 1<<18),
	} {
		got := string(Printed(line))
		if len(got) > maxPrinted+200 || !strings.HasSuffix(strings.TrimSuffix(got, "</span>"), "…") {
			t.Errorf("a line %s: %d bytes, end %q", name, len(got), got[max(0, len(got)-40):])
		}
	}
}

// knownClass is every class that a printed line may have.
var knownClass = regexp.MustCompile(`^(ctl|(((fg|bg)(1[0-5]|[0-9])|bold|dim|italic|under|inverse)( |$))+)$`)

// FuzzPrinted prints anything: what comes out is text and spans with known classes, of bounded length.
func FuzzPrinted(f *testing.F) {
	for _, seed := range []string{
		"", "plain", "\x1b[31mred\x1b[0m", "\x1b[38;5;1;48:2::1:2:3m<b>", "\x1b]8;;x\x1b\\y\x1b]8;;\a", "\u009b1m\u009dx\u009c", "\x1bP\x1b\\",
		"\u202e\u200b\x00\x7f", "\xff\xfe", "</span><script>", "\x1b[", "\x1b]", "&#60;", strings.Repeat("\x1b[7;1mx", 50), "e\u0301\u0301\u0301",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line string) {
		got := string(Printed(line))
		if len(got) > maxPrinted+200 || !utf8.ValidString(got) {
			t.Fatalf("%q became %d bytes: %q", line, len(got), got)
		}
		if err := onlySpans(got); err != nil {
			t.Errorf("%q became %q: %v", line, got, err)
		}
	})
}

// onlySpans tells what else than text and spans, one at a time, there is.
func onlySpans(text string) error {
	tokens, open := html.NewTokenizer(strings.NewReader(text)), false
	for {
		kind := tokens.Next()
		token := tokens.Token()
		switch {
		case kind == html.ErrorToken && open:
			return fmt.Errorf("a span is left open")
		case kind == html.ErrorToken:
			return nil
		case kind == html.TextToken:
			for _, r := range token.Data {
				if r != '\t' && unseen(r) || r >= 0x80 && r < 0xa0 {
					return fmt.Errorf("the text has U+%04X", r)
				}
			}
		case kind == html.StartTagToken && !open && token.Data == "span" && len(token.Attr) == 1 && token.Attr[0].Key == "class" && knownClass.MatchString(token.Attr[0].Val):
			open = true
		case kind == html.EndTagToken && open && token.Data == "span":
			open = false
		default:
			return fmt.Errorf("there is %s", token)
		}
	}
}

func BenchmarkPrinted(b *testing.B) {
	line := "2026-01-31T12:00:00Z \x1b[32mINFO\x1b[0m request \x1b[2mmethod=GET\x1b[0m path=/users status=200 took=12ms"
	b.ReportAllocs()
	for b.Loop() {
		Printed(line)
	}
}
