package paas_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

func TestPhasesOfDeployments(t *testing.T) {
	noon := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	at := func(seconds int) *time.Time {
		then := noon.Add(time.Duration(seconds) * time.Second)
		return &then
	}
	phase := func(state paas.State, from, to *time.Time) paas.Phase {
		return paas.Phase{State: state, From: *from, To: to}
	}
	for name, test := range map[string]struct {
		d    paas.Deployment
		want []paas.Phase
	}{
		"waits":    {paas.Deployment{State: paas.Queued, Reason: paas.ReasonPush}, []paas.Phase{phase(paas.Queued, at(0), nil)}},
		"builds":   {paas.Deployment{State: paas.Building, Reason: paas.ReasonPush, BegunAt: at(1)}, []paas.Phase{phase(paas.Queued, at(0), at(1)), phase(paas.Building, at(1), nil)}},
		"canceled": {paas.Deployment{State: paas.Aborted, Reason: paas.ReasonPush, BegunAt: at(1), EndedAt: at(9)}, []paas.Phase{phase(paas.Queued, at(0), at(1)), phase(paas.Building, at(1), at(9))}},
		"ran": {paas.Deployment{State: paas.Superseded, Reason: paas.ReasonPush, BegunAt: at(1), BuiltAt: at(5), LiveAt: at(7), EndedAt: at(99)},
			[]paas.Phase{phase(paas.Queued, at(0), at(1)), phase(paas.Building, at(1), at(5)), phase(paas.Starting, at(5), at(7)), phase(paas.Live, at(7), at(99))}},
		"of an earlier schema": {paas.Deployment{State: paas.Live, Reason: paas.ReasonPush, BuiltAt: at(5), LiveAt: at(7)},
			[]paas.Phase{phase(paas.Queued, at(0), at(0)), phase(paas.Building, at(0), at(5)), phase(paas.Starting, at(5), at(7)), phase(paas.Live, at(7), nil)}},
		"without a build": {paas.Deployment{State: paas.Failed, Reason: paas.ReasonRestart, BuiltAt: at(2), EndedAt: at(3)},
			[]paas.Phase{phase(paas.Queued, at(0), at(2)), phase(paas.Starting, at(2), at(3))}},
	} {
		test.d.CreatedAt = noon
		if got := test.d.Phases(); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %+v, want %+v", name, got, test.want)
		}
	}
	if lasted := phase(paas.Live, at(7), nil).Lasted(*at(10)); lasted != 3*time.Second {
		t.Errorf("it has been live for %s", lasted)
	}
}

func TestADeploymentKeepsWhatItsCommitSaysAndWhenItBegan(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	again, err := w.Restart(t.Context(), w.ada, w.project.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	pushed, err := w.Deployment(t.Context(), w.ada, w.project.ID, 1)
	if err != nil {
		t.Fatal(err)
	}
	note := paas.CommitNote{Subject: "Say hello", Author: "Ada"}
	if pushed.Note != note || again.Note != note || pushed.BegunAt == nil || again.BegunAt != nil {
		t.Errorf("got %+v and %+v", pushed, again)
	}
}
