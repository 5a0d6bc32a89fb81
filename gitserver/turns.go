package gitserver

import (
	"context"
	"sync"

	"github.com/paastech-cloud/paastech/paas"
)

// turns lets the pushes to one project follow each other.
type turns struct {
	mu       sync.Mutex
	projects map[paas.ProjectID]*turn // guarded by mu
}

// turn is the right to push to one project.
type turn struct {
	held  chan struct{} // holds one value while somebody has the turn
	wants int           // who has it or waits for it; guarded by turns.mu
}

func newTurns() *turns { return &turns{projects: map[paas.ProjectID]*turn{}} }

// take waits for the project's turn, first come first served, and returns the function that gives it
// back. waiting is called when it is not free at once.
func (t *turns) take(ctx context.Context, project paas.ProjectID, waiting func()) (func(), error) {
	own := t.join(project)
	release := func() {
		<-own.held
		t.leave(project, own)
	}
	select {
	case own.held <- struct{}{}:
		return release, nil
	default:
	}
	waiting()
	select {
	case own.held <- struct{}{}:
		return release, nil
	case <-ctx.Done():
		t.leave(project, own)
		return nil, context.Cause(ctx)
	}
}

func (t *turns) join(project paas.ProjectID) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	own := t.projects[project]
	if own == nil {
		own = &turn{held: make(chan struct{}, 1)}
		t.projects[project] = own
	}
	own.wants++
	return own
}

func (t *turns) leave(project paas.ProjectID, own *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	own.wants--
	if own.wants == 0 {
		delete(t.projects, project)
	}
}
