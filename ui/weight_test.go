package ui_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/ui"
	"github.com/paastech-cloud/paastech/ui/browsertest"
)

// mostBytes is what a first visit may transfer, with all that a page can ask for.
const mostBytes = 60 << 10

// TestFirstVisitIsLight adds up what a browser that has nothing yet is sent for the list of a hundred projects.
func TestFirstVisitIsLight(t *testing.T) {
	v := newVisitor(t)
	v.inhabit(100)
	v.login()
	page, sent := v.weigh("/dashboard")
	style := regexp.MustCompile(`/static/\w+/`).FindString(page)
	total := sent
	names, err := ui.AssetNames()
	v.must(err)
	for _, name := range names {
		_, size := v.weigh(style + name)
		total += size
	}
	t.Logf("a page with 100 projects is %d bytes of %d, with every script and style %d", sent, len(page), total)
	if total > mostBytes {
		t.Errorf("a first visit transfers %d bytes, %d are allowed", total, mostBytes)
	}
}

// inhabit makes so many projects that have run for an hour, each in its own way.
func (v *visitor) inhabit(projects int) {
	v.t.Helper()
	now := time.Now().Truncate(time.Minute)
	var samples []paas.Sample
	for n := range projects {
		project := v.project(fmt.Sprintf("project-%d", n))
		v.deployment(project, paas.Live, nil)
		for minute := range 60 {
			samples = append(samples, paas.Sample{
				Project: project.ID, At: now.Add(-time.Duration(minute) * time.Minute), Span: time.Minute, Readings: 6,
				CPU: 50 * rand.Float64(), Memory: uint64(100+rand.IntN(20)) << 20, Limit: 512 << 20,
			})
		}
	}
	v.must(v.store.AppendSamples(v.t.Context(), samples))
}

// weigh asks as browsers do and returns the text and the size of what was sent.
func (v *visitor) weigh(path string) (string, int) {
	v.t.Helper()
	size := 0
	for _, coding := range []string{"gzip", "identity"} {
		request, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, v.base+path, nil)
		v.must(err)
		request.Header.Set("Accept-Encoding", coding)
		response, err := v.Do(request)
		v.must(err)
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		v.must(err)
		if response.StatusCode != http.StatusOK {
			v.t.Fatalf("%s: %s", path, response.Status)
		}
		if coding == "identity" {
			return string(body), size
		}
		size = len(body)
	}
	return "", size
}

// BenchmarkProjectList measures the first byte of the list of a hundred projects, over a connection that is kept.
func BenchmarkProjectList(b *testing.B) {
	v := newVisitor(b)
	v.inhabit(100)
	v.login()
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		response, err := v.Get(v.base + "/dashboard") // returns with the header
		v.must(err)
		took = append(took, time.Since(began))
		_, err = io.Copy(io.Discard, response.Body)
		v.must(err)
		response.Body.Close()
	}
	slices.Sort(took)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(took[len(took)/2].Seconds()*1000, "first-byte-p50-ms")
	b.ReportMetric(took[len(took)*99/100].Seconds()*1000, "first-byte-p99-ms")
}

// TestPagesDoNotShift: what a person is about to click stays where it is while a page loads and follows
// what happens (the web's Layout Instability API; 0.1 counts as good there).
func TestPagesDoNotShift(t *testing.T) {
	h := newInhabited(t, plainWords)
	tab := browsertest.New(t).Tab()
	h.everyPage(tab, func(_, path string) {
		for _, wide := range []int64{1280, 360} {
			tab.Look(wide, false)
			tab.Visit(h.base + path)
			tab.Until("the page has settled", `performance.now() > 1500`)
			if shift := browsertest.Ask[float64](tab, `new Promise(done => {
				let sum = 0
				new PerformanceObserver(list => { for (const e of list.getEntries()) sum += e.value }).observe({type: "layout-shift", buffered: true})
				setTimeout(() => done(sum), 100)
			})`); shift > 0.01 {
				t.Errorf("%s at %d shifted by %.3f", path, wide, shift)
			}
		}
	})
}
