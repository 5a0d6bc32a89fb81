package store

import (
	"sync"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// mostAnswers bounds what is remembered of each kind; when it is full it begins anew.
const mostAnswers = 10_000

// memory remembers what was read. Everything in it was read under one generation, which the reader took
// before it began to read, and counts only while that is current.
//
// Why it is never stale: a write bumps the generation after its commit and before it returns. What
// was read before the commit was read under an earlier generation than any call made after the
// write returned, which therefore does not find it; what was read after the commit is true.
type memory[ID comparable, Noun any] struct {
	mu         sync.RWMutex
	generation uint64      // guarded by mu
	known      map[ID]Noun // guarded by mu
}

// find returns what is known and true in this generation.
func (m *memory[ID, Noun]) find(generation uint64, id ID) (noun Noun, known bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.generation != generation {
		return noun, false
	}
	noun, known = m.known[id]
	return noun, known
}

// keep remembers what was read under the generation, unless that is over.
func (m *memory[ID, Noun]) keep(generation uint64, id ID, noun Noun) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if generation < m.generation {
		return
	}
	if generation > m.generation || m.known == nil || len(m.known) >= mostAnswers {
		m.generation, m.known = generation, map[ID]Noun{}
	}
	m.known[id] = noun
}

// answers remembers who sessions or tokens belong to.
type answers[ID comparable, Noun any] struct {
	memory memory[ID, answer[Noun]]
}

type answer[Noun any] struct {
	noun    Noun
	user    paas.User
	expires time.Time // zero: never
}

// find returns what is known, true in this generation, and has not expired.
func (a *answers[ID, Noun]) find(generation uint64, id ID) (answer[Noun], bool) {
	found, there := a.memory.find(generation, id)
	if !there || !found.expires.IsZero() && !time.Now().Before(found.expires) {
		return answer[Noun]{}, false
	}
	found.user = ownUser(found.user)
	return found, true
}

// keep remembers what was read under the generation, unless that is over.
func (a *answers[ID, Noun]) keep(generation uint64, id ID, found answer[Noun]) {
	found.user = ownUser(found.user)
	a.memory.keep(generation, id, found)
}

// ownUser copies what a user points at, so that nobody changes what others are given.
func ownUser(user paas.User) paas.User {
	user.EmailNonce, user.PasswordNonce = own(user.EmailNonce), own(user.PasswordNonce)
	user.PendingNonce, user.Limits = own(user.PendingNonce), own(user.Limits)
	return user
}

func own[T any](value *T) *T {
	if value == nil {
		return nil
	}
	copied := *value
	return &copied
}
