package templates

import (
	"html"
	"html/template"
	"strings"
	"testing"
)

func TestTextDoesNothingToItsSurroundings(t *testing.T) {
	for text, want := range map[string]string{
		"plain\n\ttext":      "plain\n\ttext",
		"\x1b[31mred\x1b[0m": "␛[31mred␛[0m",
		"a\x00b\x7fc":        "a␀b␡c",
		"invoice\u202etxt.exe\u202c and \u2066\u200f": "invoice\ufffdtxt.exe\ufffd and \ufffd\ufffd",
		"👩\u200d🚀 é":                                  "👩\u200d🚀 é",
		"\u009b31m":                                   "\ufffd31m",
	} {
		if got := string(neutral([]byte(text))); got != want {
			t.Errorf("%q became %q, not %q", text, got, want)
		}
	}
}

// TestFormsGiveBackExactly what was put into them.
func TestFormsGiveBackExactly(t *testing.T) {
	form := template.Must(template.New("").Funcs(template.FuncMap{"exactly": exactly}).Parse(`<input value="{{exactly .}}"><textarea>{{exactly .}}</textarea>`))
	for _, text := range []string{`<b>"bold" & 'quoted'</b></textarea>`, "\x1b[31mred\u202e", "&lt; &#27; é 👩\u200d🚀"} {
		var out strings.Builder
		if err := form.Execute(&out, text); err != nil {
			t.Fatal(err)
		}
		page := string(neutral([]byte(out.String())))
		_, value, _ := strings.Cut(page, `value="`)
		value, area, _ := strings.Cut(value, `"><textarea>`)
		area = strings.TrimSuffix(area, `</textarea>`)
		if html.UnescapeString(value) != text || html.UnescapeString(area) != text {
			t.Errorf("%q became %q and %q", text, value, area)
		}
	}
}
