package ui

import (
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

func TestTimelineAddsUpSteps(t *testing.T) {
	noon := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	sample := func(seconds, readings int, requests uint64) paas.Sample {
		return paas.Sample{At: noon.Add(time.Duration(seconds) * time.Second), Span: time.Minute, Readings: readings, CPU: float64(10 * readings), Memory: uint64(readings), Limit: 9,
			Restarts: 1, Traffic: paas.Traffic{Requests: requests, Errors: 1, Latency: [15]uint64{2: requests}}}
	}
	line := newTimeline([]paas.Sample{
		sample(-301, 6, 1), // before the first step
		sample(-240, 6, 60), sample(-180, 3, 30), sample(0, 6, 0), sample(60, 1, 10), sample(121, 6, 1),
	}, noon.Add(61*time.Second), 6*time.Minute, 2*time.Minute)
	if end := line.start.Add(3 * line.step); !line.start.Equal(noon.Add(-4*time.Minute)) || !end.Equal(noon.Add(2*time.Minute)) || len(line.steps) != 4 {
		t.Fatalf("from %s to %s in %d steps", line.start, end, len(line.steps))
	}
	rates := line.values(func(m moment) float64 { return float64(m.Traffic.Requests) / m.seconds })
	if want := []float64{1, 1, 0, 1}; !reflect.DeepEqual(rates, want) { // what was measured counts, not how long the step is
		t.Errorf("requests a second: %v, want %v", rates, want)
	}
	if cpu := line.running(func(m moment) float64 { return m.CPU }); !reflect.DeepEqual(cpu, []float64{60, 30, 60, 10}) {
		t.Errorf("CPU: %v", cpu)
	}
	slow := line.percentiles(95)
	if slow[0] != 0.005 || !math.IsNaN(slow[2]) {
		t.Errorf("percentiles: %v", slow)
	}
	if whole := line.whole(); whole.Traffic.Errors != 4 || whole.Restarts != 4 || whole.seconds != 60+30+60+10 {
		t.Errorf("whole: %+v", whole)
	}
	if line.now().Readings != 1 {
		t.Errorf("now: %+v", line.now())
	}
	none := newTimeline(nil, noon, time.Hour, time.Minute)
	if none.now().seconds != 0 || !math.IsNaN(none.values(func(moment) float64 { return 1 })[0]) {
		t.Error("nothing was measured, and yet there is something")
	}
}
