package deployer

import (
	"context"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// What ends by itself is told, with how; what was asked to end is not.
func TestEndingsThatNobodyAskedForAreTold(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	ctx, cancel := context.WithCancel(t.Context())
	watching, err := New(ctx, e.options)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- watching.Watch(ctx) }()
	defer func() { cancel(); <-served }()
	changes, endings := watching.Changes(ctx), watching.Endings(ctx)
	<-changes // it listens now

	next := func(started paas.Container) paas.Container {
		t.Helper()
		select {
		case ended := <-endings:
			if ended.ID != started.ID || ended.Project != started.Project || ended.Process != "web" || ended.Index != 1 || time.Since(ended.EndedAt) > time.Minute {
				t.Fatalf("told of %+v, not %+v", ended, started)
			}
			return ended
		case <-time.After(20 * time.Second):
			t.Fatal("not told")
			return paas.Container{}
		}
	}
	if ended := next(launch(t, watching, spec("MODE", "exit", "CODE", "3"))); ended.ExitCode != 3 || ended.OOMKilled {
		t.Errorf("exit 3: %+v", ended)
	}
	hungry := spec("MODE", "hungry")
	hungry.Limits.Memory = 32 << 20
	if ended := next(launch(t, watching, hungry)); ended.ExitCode != 137 || !ended.OOMKilled {
		t.Errorf("out of memory: %+v", ended)
	}

	asked, removed := run(t, watching, spec()), run(t, watching, spec())
	if err := watching.Stop(t.Context(), asked.ID, time.Second); err != nil {
		t.Fatal(err)
	}
	if err := watching.Remove(t.Context(), removed.ID); err != nil {
		t.Fatal(err)
	}
	if err := watching.Start(t.Context(), asked.ID); err != nil {
		t.Fatal(err)
	}
	if err := watching.docker.ContainerKill(t.Context(), string(asked.ID), "KILL"); err != nil {
		t.Fatal(err)
	}
	if ended := next(asked); ended.ExitCode != 137 || ended.OOMKilled {
		t.Errorf("started again and killed: %+v", ended)
	}
}
