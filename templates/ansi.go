package templates

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of one printed line in bytes: what is read of it, and what becomes of that.
const (
	maxPrintable = 16 << 10
	maxPrinted   = 64 << 10
)

// Printed is one line that a program wrote for a terminal, as a page shows it: colours and weights
// (ECMA-48, "select graphic rendition") are spans with the classes of the style sheet, every other
// escape sequence is gone, and what would hide or reorder text is visible. Every line begins plain.
func Printed(line string) template.HTML {
	p := printer{rest: strings.TrimRight(line, "\r\n")}
	cut := len(p.rest) > maxPrintable
	if cut {
		p.rest = p.rest[:maxPrintable]
	}
	for p.rest != "" && p.out.Len() < maxPrinted {
		p.step()
	}
	if cut || p.rest != "" {
		p.put(pen{}, "…")
	}
	p.end()
	return template.HTML(p.out.String())
}

// printer goes through a line.
type printer struct {
	out  strings.Builder
	rest string
	pen  pen // what text is written with from here on
	held pen // what the last text was written with; a span is open unless it is plain

	endless, endlessBell bool // nothing in rest ends a control string, or one that a bell ends, too
}

// step takes plain characters, or another one, or an escape sequence.
func (p *printer) step() {
	if length := plainLength(p.rest); length > 0 {
		p.put(p.pen, p.rest[:length])
		p.rest = p.rest[length:]
		return
	}
	r, size := utf8.DecodeRuneInString(p.rest)
	switch {
	case r == 0x1b:
		p.rest = p.rest[size:]
		p.escape()
	case r >= 0x80 && r < 0xa0:
		p.rest = p.rest[size:]
		p.control(byte(r - 0x40))
	case r == '\t' || !unseen(r):
		p.rest = p.rest[size:]
		p.putRune(r)
	default:
		p.rest = p.rest[size:]
		p.put(pen{control: true}, visible(r)) // none of which is markup
	}
}

// plainLength is how many bytes at the beginning are ASCII that means nothing else.
func plainLength(text string) (length int) {
	for length < len(text) {
		switch c := text[length]; {
		case c < 0x20, c >= 0x7f, c == '<', c == '>', c == '&', c == '"', c == '\'':
			return length
		}
		length++
	}
	return length
}

// escape takes what follows an escape character.
func (p *printer) escape() {
	length := 0
	for length < len(p.rest) && p.rest[length] >= 0x20 && p.rest[length] < 0x30 {
		length++
	}
	if length == len(p.rest) || p.rest[length] < 0x30 || p.rest[length] > 0x7e {
		p.rest = p.rest[length:]
		return
	}
	final := p.rest[length]
	p.rest = p.rest[length+1:]
	if length == 0 {
		p.control(final)
	}
}

// control takes what follows a C1 control, which is named by its second byte in seven bits.
func (p *printer) control(name byte) {
	switch name {
	case '[':
		p.controlSequence()
	case ']':
		p.controlString(&p.endlessBell, "\a", "\x1b\\", "\u009c")
	case 'P', 'X', '^', '_':
		p.controlString(&p.endless, "\x1b\\", "\u009c")
	}
}

func (p *printer) controlSequence() {
	length := 0
	for length < len(p.rest) && p.rest[length] >= 0x20 && p.rest[length] < 0x40 {
		length++
	}
	parameters := p.rest[:length]
	p.rest = p.rest[length:]
	if p.rest == "" || p.rest[0] < 0x40 || p.rest[0] > 0x7e {
		return
	}
	if p.rest[0] == 'm' {
		p.pen.render(parameters)
	}
	p.rest = p.rest[1:]
}

// controlString takes everything to what ends the string. One without an end hides nothing: only its
// beginning is gone.
func (p *printer) controlString(endless *bool, ends ...string) {
	if *endless {
		return
	}
	first, length := len(p.rest), 0
	for _, end := range ends {
		if at := strings.Index(p.rest, end); at >= 0 && at < first {
			first, length = at, len(end)
		}
	}
	if *endless = length == 0; !*endless {
		p.rest = p.rest[first+length:]
	}
}

func (p *printer) putRune(r rune) {
	switch r {
	case '<':
		p.put(p.pen, "&lt;")
	case '>':
		p.put(p.pen, "&gt;")
	case '&':
		p.put(p.pen, "&amp;")
	case '"':
		p.put(p.pen, "&#34;")
	case '\'':
		p.put(p.pen, "&#39;")
	default:
		p.put(p.pen, "")
		p.out.WriteRune(r)
	}
}

// put writes what is HTML already.
func (p *printer) put(with pen, html string) {
	if with != p.held {
		p.end()
		if p.held = with; with != (pen{}) {
			p.out.WriteString(`<span class="` + with.classes() + `">`)
		}
	}
	p.out.WriteString(html)
}

func (p *printer) end() {
	if p.held != (pen{}) {
		p.out.WriteString("</span>")
	}
	p.held = pen{}
}

// unseen tells whether a character shows nothing, or changes the order of those around it.
func unseen(r rune) bool {
	switch r {
	case 0x034f, 0x115f, 0x1160, 0x2800, 0x3164, 0xffa0: // joiners, fillers and blanks that count as letters or symbols
		return true
	}
	return r < 0x20 || r == 0x7f || r > 0x7f && unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}

// visible is what stands for a character that shows nothing: as terminals echo it, or its number.
func visible(r rune) string {
	if r < 0x20 || r == 0x7f {
		return "^" + string(r^0x40)
	}
	return fmt.Sprintf("⟨U+%04X⟩", r)
}

// pen is how text is written. Colours count from 1, so that 0 is none.
type pen struct {
	ink, paper                            uint8
	bold, dim, italic, underline, inverse bool
	control                               bool
}

func (p pen) classes() string {
	if p.control {
		return "ctl"
	}
	if p.inverse && (p.ink != 0 || p.paper != 0) {
		p.ink, p.paper, p.inverse = p.paper, p.ink, false
	}
	var names []string
	if p.ink != 0 {
		names = append(names, "fg"+strconv.Itoa(int(p.ink-1)))
	}
	if p.paper != 0 {
		names = append(names, "bg"+strconv.Itoa(int(p.paper-1)))
	}
	for _, is := range []struct {
		so   bool
		name string
	}{{p.bold, "bold"}, {p.dim, "dim"}, {p.italic, "italic"}, {p.underline, "under"}, {p.inverse, "inverse"}} {
		if is.so {
			names = append(names, is.name)
		}
	}
	return strings.Join(names, " ")
}

// render obeys the parameters of one sequence; those that are not known change nothing.
func (p *pen) render(parameters string) {
	if strings.ContainsFunc(parameters, func(r rune) bool { return (r < '0' || r > '9') && r != ';' && r != ':' }) {
		return
	}
	list := strings.Split(parameters, ";")
	for len(list) > 0 {
		n := number(list[0])
		if n == 38 || n == 48 {
			var color uint8
			color, list = extended(list)
			if n == 38 {
				p.ink = color
			} else {
				p.paper = color
			}
			continue
		}
		p.set(n, list[0])
		list = list[1:]
	}
}

func (p *pen) set(n int, parameter string) {
	switch {
	case n == 0:
		*p = pen{}
	case n == 1:
		p.bold = true
	case n == 2:
		p.dim = true
	case n == 3:
		p.italic = true
	case n == 4:
		p.underline = !strings.HasSuffix(parameter, ":0")
	case n == 21:
		p.underline = true
	case n == 7:
		p.inverse = true
	case n == 22:
		p.bold, p.dim = false, false
	case n == 23:
		p.italic = false
	case n == 24:
		p.underline = false
	case n == 27:
		p.inverse = false
	case n >= 30 && n <= 37:
		p.ink = uint8(n - 30 + 1)
	case n == 39:
		p.ink = 0
	case n >= 40 && n <= 47:
		p.paper = uint8(n - 40 + 1)
	case n == 49:
		p.paper = 0
	case n >= 90 && n <= 97:
		p.ink = uint8(n - 90 + 9)
	case n >= 100 && n <= 107:
		p.paper = uint8(n - 100 + 9)
	}
}

// number is a parameter's, -1 when it is none that counts.
func number(parameter string) int {
	first, _, _ := strings.Cut(parameter, ":")
	if first == "" {
		return 0
	}
	if n, err := strconv.Atoi(first); err == nil {
		return n
	}
	return -1
}
