package paas

import (
	"context"
	"sync"
	"time"
)

// lookAge is how old what the doctor found may be when an administrator's page shows it: looking reads
// all of the database and asks for every container.
const lookAge = 10 * time.Minute

// Look is what the doctor found, and when.
type Look struct {
	At time.Time
	Examination
}

// lastLook is the last one that anybody asked for.
type lastLook struct {
	looking sync.Mutex // held while LastLook looks: others wait for the same

	mu   sync.Mutex
	look Look // guarded by mu
}

func (l *lastLook) keep(look Look) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.look = look
}

func (l *lastLook) last() Look {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.look
}

// LastLook is what the doctor found last; when that is too long ago it looks.
func (p *Platform) LastLook(ctx context.Context) (Look, error) {
	p.looked.looking.Lock()
	defer p.looked.looking.Unlock()
	if last := p.looked.last(); p.now().Sub(last.At) < lookAge {
		return last, nil
	}
	if _, err := p.Examine(ctx); err != nil {
		return Look{}, err
	}
	return p.looked.last(), nil
}
