package paas_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// deafEngine does not let anybody read, until it does.
type deafEngine struct {
	*fakeEngine
	refuses atomic.Bool
}

func (e *deafEngine) Output(ctx context.Context, id paas.ContainerID, since time.Time, each func(paas.LogLine) error) error {
	if e.refuses.Load() {
		return paas.Errorf(paas.Unavailable, paas.EUnavailable, "the engine does not answer")
	}
	return e.fakeEngine.Output(ctx, id, since, each)
}

// TestALogIsReadOnAfterAnOutage has the engine refuse to be read, as one does whose process has ended: the same
// container is read when it is back.
func TestALogIsReadOnAfterAnOutage(t *testing.T) {
	w := newWorld(t)
	w.halt()
	engine := &deafEngine{fakeEngine: w.engine}
	engine.refuses.Store(true)
	w.wrapped = engine
	w.serve(t.TempDir())
	w.mustPush("one")
	lines := func() (n int) {
		for line, err := range w.logbook.Read(t.Context(), w.project.ID, paas.LogQuery{}) {
			if err == nil && line.Stream == paas.Stdout {
				n++
			}
		}
		return n
	}
	if lines() > 0 {
		t.Fatal("it was read")
	}
	engine.refuses.Store(false)
	w.eventually("the log is read on", func() bool {
		if err := w.Reconcile(t.Context()); err != nil {
			t.Fatal(err)
		}
		return lines() > 0
	})
}
