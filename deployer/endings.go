package deployer

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/docker/docker/api/types/events"

	"github.com/paastech-cloud/paastech/paas"
)

const (
	endingsUnread = 256 // that a listener may be behind; what comes then is not told
	oomMemory     = 10 * time.Second
	killedCode    = 137 // 128 and SIGKILL, as the kernel ends what uses too much memory
)

// endings tells listeners of containers that ended by themselves. The zero value is ready.
type endings struct {
	heard broadcast[paas.Container]

	mutex sync.Mutex
	asked map[string]bool      // guarded by mutex: the engine was asked to end them
	oom   map[string]time.Time // guarded by mutex: the kernel killed something in them
}

// Endings tells of containers that ended although nobody asked this engine for it. It needs Watch.
func (e *Engine) Endings(ctx context.Context) <-chan paas.Container {
	return e.endings.heard.listen(ctx, endingsUnread)
}

// expect notes that the end of a container is asked for.
func (e *endings) expect(id string) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if e.asked == nil {
		e.asked = map[string]bool{}
	}
	e.asked[id] = true
}

// take looks at one of Docker's events.
func (e *endings) take(message events.Message) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	id := message.Actor.ID
	switch message.Action {
	case events.ActionOOM:
		if e.oom == nil {
			e.oom = map[string]time.Time{}
		}
		e.oom[id] = time.Now()
	case events.ActionStart:
		delete(e.asked, id)
	case events.ActionDie:
		e.died(message)
		delete(e.oom, id)
	case events.ActionDestroy:
		delete(e.asked, id)
		delete(e.oom, id)
	}
}

// died is called with the mutex.
func (e *endings) died(message events.Message) {
	told, err := decodeLabels(message.Actor.Attributes)
	if err != nil || told.OneOff || told.Process == "" || e.asked[message.Actor.ID] {
		return
	}
	code, err := strconv.Atoi(message.Actor.Attributes["exitCode"])
	if err != nil {
		return
	}
	killed, is := e.oom[message.Actor.ID]
	ended := paas.Container{
		ID: paas.ContainerID(message.Actor.ID), Project: paas.ProjectID(told.Project), Deployment: told.Deployment, Process: told.Process, Index: told.Index,
		Port: told.Port, ExitCode: code, OOMKilled: is && code == killedCode && time.Since(killed) < oomMemory, EndedAt: time.Unix(0, message.TimeNano).UTC(),
	}
	e.heard.tell(ended)
}
