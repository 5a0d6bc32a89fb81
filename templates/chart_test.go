package templates

import (
	"bytes"
	"flag"
	"html/template"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

var (
	gap  = math.NaN()
	noon = time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
)

// rendered is the partial of that name with data.
func rendered(t *testing.T, partial string, data any) string {
	t.Helper()
	parsed, err := template.New("").ParseFS(files, "html/part/chart.html")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := parsed.ExecuteTemplate(&out, partial, data); err != nil {
		t.Fatal(err)
	}
	return out.String() + "\n"
}

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is now\n%s", path, got)
	}
}

func TestChartsAreDrawnAsBefore(t *testing.T) {
	hour := Chart{
		ID: "memory", Title: "Memory", About: "highest in 10 minutes", Unit: Bytes, Start: noon, Step: 10 * time.Minute,
		Series: []Series{{Name: "used", Values: []float64{100 << 20, gap, 120 << 20, 200 << 20, 180 << 20, gap, gap}, Filled: true}},
		Limit:  &Limit{"limit", 256 << 20},
		Marks: []Mark{
			{noon.Add(-time.Minute), "v1", "before", "/1"}, {noon.Add(20 * time.Minute), "v2", "v2 went live", "/2"},
			{noon.Add(21 * time.Minute), "v3", "v3 went live", "/3"}, {noon.Add(time.Hour), "v4", "v4 went live", "/4"},
		},
	}
	compareGolden(t, "chart.golden.html", rendered(t, "chart", hour))
	empty := Chart{ID: "cpu", Title: "CPU", Unit: Percent, Start: noon, Step: time.Hour, Short: true, Soon: "Nothing yet.",
		Series: []Series{{Name: "used", Values: []float64{gap, gap, gap}}}, Limit: &Limit{"limit", 100}}
	compareGolden(t, "empty.golden.html", rendered(t, "chart", empty))
}

func TestSparklines(t *testing.T) {
	line := Sparkline{`CPU "<`, "the last 30 minutes", Percent, []float64{1, 2, gap, 50, 3}, "chart-a"}
	if want := template.HTML(`<p><svg class="spark chart-a" width="12" height="24" role="img" aria-label="CPU &#34;&lt; over the last 30 minutes: highest 50%"><path d="M0 22.6L3 22.2M9 1.9L12 21.7"/></svg><small>CPU &#34;&lt; 3%</small></p>`); line.HTML() != want {
		t.Errorf("got %s", line.HTML())
	}
	line.Values = []float64{gap, gap}
	if !line.Empty() || line.HTML() != "" {
		t.Errorf("nothing was measured, and yet: %s", line.HTML())
	}
}

func TestChartEscapesWhatPeopleWrite(t *testing.T) {
	evil := `"><script>alert(1)</script>`
	html := rendered(t, "chart", Chart{ID: "x", Title: evil, About: evil, Unit: Count, Start: noon, Step: time.Minute, Soon: evil,
		Series: []Series{{Name: evil, Values: []float64{1, 2}}}, Limit: &Limit{evil, 2}, Marks: []Mark{{noon, evil, evil, "javascript:alert(1)"}}})
	if strings.Contains(html, "<script") || strings.Contains(html, "javascript:") || strings.Contains(html, "style=") {
		t.Errorf("in the page: %s", html)
	}
}

func TestPathsAreInterruptedWhereNothingWasMeasured(t *testing.T) {
	for _, test := range []struct {
		values     []float64
		line, area string
	}{
		{[]float64{0, 5, 10}, "M0 10L50 5L100 0", "M0 10L0 10L50 5L100 0V10Z"},
		{[]float64{gap, 10, 0}, "M50 0L100 10", "M50 10L50 0L100 10V10Z"},
		{[]float64{10, gap, 10}, "M0 0h0M100 0h0", "M0 10L0 0V10ZM100 10L100 0V10Z"},
		{[]float64{gap, gap, gap}, "", ""},
		{[]float64{5}, "M0 5h0", "M0 10L0 5V10Z"},
		{nil, "", ""},
	} {
		if line, area := trace(test.values, 100, 10, 10); line != test.line || area != test.area {
			t.Errorf("%v: %s and %s", test.values, line, area)
		}
	}
}

func TestLimitFarAboveIsSaidAndNotDrawn(t *testing.T) {
	chart := Chart{Unit: Bytes, Start: noon, Step: time.Minute, Series: []Series{{Values: []float64{10 << 20, 20 << 20}}}, Limit: &Limit{"limit", 1 << 30}}
	d := chart.Draw()
	if d.Limited != nil || d.Above != "limit 1 GiB, above what is shown" {
		t.Errorf("%+v, %q", d.Limited, d.Above)
	}
	if top := d.Lines[len(d.Lines)-1]; top.Label != "24 MiB" {
		t.Errorf("the axis ends at %s", top.Label)
	}
	chart.Limit.Value = 64 << 20
	if d = chart.Draw(); d.Limited == nil || d.Limited.Label != "limit 64 MiB" || d.Above != "" {
		t.Errorf("%+v, %q", d.Limited, d.Above)
	}
}

func TestValueAxesAreRound(t *testing.T) {
	for _, test := range []struct {
		unit    Unit
		highest float64
		most    int
		want    string
	}{
		{Percent, 0, 4, "0% 1% 2% 3% 4%"},
		{Percent, 37, 4, "0% 10% 20% 30% 40%"},
		{Percent, 100, 4, "0% 50% 100%"},
		{Percent, 100, 2, "0% 50% 100%"},
		{Percent, 101, 2, "0% 100% 200%"},
		{Bytes, 512 << 20, 4, "0 B 128 MiB 256 MiB 384 MiB 512 MiB"},
		{Bytes, 700 << 20, 4, "0 B 256 MiB 512 MiB 768 MiB"},
		{Bytes, 5 << 30, 4, "0 B 2 GiB 4 GiB 6 GiB"},
		{BytesPerSecond, 0, 4, "0 B/s 1 KiB/s 2 KiB/s 3 KiB/s 4 KiB/s"},
		{PerSecond, 0.01, 4, "0/s 0.05/s 0.1/s 0.15/s 0.2/s"},
		{PerSecond, 54321, 4, "0/s 20k/s 40k/s 60k/s"},
		{Count, 1, 4, "0 1 2 3 4"},
		{Count, 5, 4, "0 2 4 6"},
		{Seconds, 0.3, 4, "0 ms 100 ms 200 ms 300 ms"},
		{Seconds, 2.5, 4, "0 ms 1 s 2 s 3 s"},
	} {
		var labels []string
		for _, value := range fitted(test.unit, test.highest, test.most).lines() {
			labels = append(labels, test.unit.Write(value))
		}
		if got := strings.Join(labels, " "); got != test.want {
			t.Errorf("%s up to %v: %s, want %s", test.unit, test.highest, got, test.want)
		}
	}
}

func TestTimeAxesAreRound(t *testing.T) {
	start := time.Date(2030, 1, 1, 21, 57, 40, 0, time.FixedZone("", 3600))
	for span, want := range map[time.Duration]string{
		30 * time.Minute: "21:00 21:05 21:10 21:15 21:20 21:25",
		time.Hour:        "21:00 21:10 21:20 21:30 21:40 21:50",
		day:              "2 Jan 04:00 08:00 12:00 16:00 20:00",
		7 * day:          "2 Jan 3 Jan 4 Jan 5 Jan 6 Jan 7 Jan 8 Jan",
		60 * day:         "7 Jan 14 Jan 21 Jan 28 Jan 4 Feb 11 Feb 18 Feb 25 Feb",
	} {
		var labels []string
		for _, moment := range moments(start, start.Add(span)) {
			labels = append(labels, moment.label)
		}
		if got := strings.Join(labels, " "); got != want {
			t.Errorf("%s: %s, want %s", span, got, want)
		}
	}
}

func TestValuesAreWrittenAsPeopleDo(t *testing.T) {
	for want, got := range map[string]string{
		"0%": Percent.Write(0), "0.0012%": Percent.Write(0.00123), "3.14%": Percent.Write(3.14159), "250%": Percent.Write(250.4), "10%": Percent.Write(9.997),
		"1 KiB": Bytes.Write(1023.7), "1023 B": Bytes.Write(1023), "43.5 MiB": Bytes.Write(43.5 * (1 << 20)), "1.5 GiB/s": BytesPerSecond.Write(1.5 * (1 << 30)),
		"2.4/s": PerSecond.Write(2.4), "12.3k/s": PerSecond.Write(12345), "7": Count.Write(7), "25 ms": Seconds.Write(0.025), "1 s": Seconds.Write(0.9999), "30 s": Seconds.Write(30),
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestFiguresOfASeries(t *testing.T) {
	if got, want := (Series{Values: []float64{4, gap, 2, gap, gap}}).figures(), (figures{last: 2, lowest: 2, mean: 3, highest: 4, measured: 2}); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	if f := (Series{Values: []float64{4, gap, gap, gap}}).figures(); !math.IsNaN(f.last) || f.highest != 4 {
		t.Errorf("what was measured long ago is now: %+v", f)
	}
}
