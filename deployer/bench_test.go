package deployer

import (
	"context"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// BenchmarkDeployLaunch measures from Launch to the first good answer, and what of it Launch takes.
func BenchmarkDeployLaunch(b *testing.B) {
	options := Options{Instance: b.Name()}
	e, err := New(b.Context(), options)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := e.RemoveAll(context.Background()); err != nil {
			b.Error(err)
		}
	})
	s := spec()
	var launching time.Duration
	for b.Loop() {
		begun := time.Now()
		started, err := e.Launch(b.Context(), s)
		if err != nil {
			b.Fatal(err)
		}
		launching += time.Since(begun)
		if seen, err := e.Await(b.Context(), started.ID, paas.Probe{Ports: []int{s.Port}, Deadline: time.Minute}); err != nil || !seen.Ready {
			b.Fatal(seen, err)
		}
	}
	b.ReportMetric(float64(launching.Milliseconds())/float64(b.N), "launch-ms/op")
}
