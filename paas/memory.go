package paas

import (
	"context"
	"runtime/debug"
	"time"
)

// memoryQuiet is how long nobody has logged in before memory is given back.
const memoryQuiet = 3 * time.Second

// memoryLoop gives memory back to the system a while after the start and after log-ins: each takes 19 MiB
// to hash a password, which the runtime would keep for minutes in a daemon that has nothing else to do.
func (p *Platform) memoryLoop(ctx context.Context) error {
	quiet := time.NewTimer(memoryQuiet)
	defer quiet.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.hashed:
			quiet.Reset(memoryQuiet)
		case <-quiet.C:
			debug.FreeOSMemory()
		}
	}
}
