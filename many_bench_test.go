package main

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/store"
)

// BenchmarkManyProjects starts a daemon with 500 projects, all but one stopped, and measures what they
// cost it beside what it needs with one: until it answers, in memory, in processor time, in a list.
func BenchmarkManyProjects(b *testing.B) {
	const many = 500
	a := newPlain(b, time.Second)
	a.restarted() // what building it took is none of the burden
	one := a.burden()
	a.multiply(many)
	a.start()
	a.until("the application answers", a.answers)
	all := a.burden()
	var starts []time.Duration
	for b.Loop() {
		starts = append(starts, a.restarted())
	}
	slices.Sort(starts)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(starts[len(starts)/2].Seconds()*1000, "start-p50-ms")
	b.ReportMetric(float64(one.pss), "one-pss-KiB")
	b.ReportMetric(float64(all.pss-one.pss)/many, "KiB/project")
	b.ReportMetric(one.cpu.Seconds()*1000, "one-cpu-ms/min")
	b.ReportMetric(float64((all.cpu-one.cpu).Microseconds())/many, "cpu-µs/project/min")
	b.ReportMetric(one.list.Seconds()*1000, "list-one-p50-ms")
	b.ReportMetric(all.list.Seconds()*1000, "list-500-p50-ms")
}

// restarted kills the daemon and returns how long a new one needs until it answers.
func (a *echo) restarted() time.Duration {
	a.t.Helper()
	a.kill()
	began := time.Now()
	a.start()
	took := time.Since(began)
	a.until("the application answers", a.answers)
	return took
}

// burden is what a daemon at rest takes.
type burden struct {
	pss  int           // KiB
	cpu  time.Duration // in a minute
	list time.Duration // median of listing one's projects
}

func (a *echo) burden() burden {
	a.t.Helper()
	time.Sleep(5 * time.Second)
	began := a.processorTime()
	time.Sleep(time.Minute) // a reconciliation and all other things that are done by the minute are in it
	seen := burden{cpu: a.processorTime() - began, pss: a.proc("smaps_rollup", "Pss:")}
	var took []time.Duration
	for range 51 {
		asked := time.Now()
		if status := a.call(http.MethodGet, "/projects/my", nil, nil); status != http.StatusOK {
			a.t.Fatalf("projects: %d", status)
		}
		took = append(took, time.Since(asked))
	}
	slices.Sort(took)
	seen.list = took[len(took)/2]
	return seen
}

// processorTime is what the daemon has used so far (proc(5): utime and stime, in hundredths of a second).
func (a *echo) processorTime() time.Duration {
	a.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", a.process.Process.Pid))
	if err != nil {
		a.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest) // the first is the third of the line
	var ticks int
	for _, field := range fields[11:13] {
		n, err := strconv.Atoi(field)
		if err != nil {
			a.t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// multiply makes so many projects like the application's, stopped, and leaves the daemon ended.
func (a *echo) multiply(many int) {
	a.t.Helper()
	ids := make([]paas.ProjectID, many-1)
	for n := range ids {
		var made struct{ ID paas.ProjectID }
		if status := a.call(http.MethodPost, "/projects", map[string]any{"name": fmt.Sprint("copy-", n)}, &made); status != http.StatusCreated {
			a.t.Fatalf("project %d: %d", n, status)
		}
		ids[n] = made.ID
	}
	a.kill()
	data := a.variable("PAASTECH_DATADIR")
	kept, err := store.Open(a.t.Context(), store.Options{DataDir: data})
	if err != nil {
		a.t.Fatal(err)
	}
	defer kept.Close()
	live, err := kept.LiveDeployment(a.t.Context(), paas.ProjectID(a.id))
	if err != nil {
		a.t.Fatal(err)
	}
	for _, id := range ids {
		live.Project = id
		if _, err := kept.CreateDeployment(a.t.Context(), live); err != nil {
			a.t.Fatal(err)
		}
		if _, err := kept.ChangeProject(a.t.Context(), id, func(p *paas.Project) error { p.Stopped = true; return nil }); err != nil {
			a.t.Fatal(err)
		}
	}
}
