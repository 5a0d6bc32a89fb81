package ingress

import (
	"io"
	"maps"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// traffic counts the requests of one project since the start; it outlives its routes.
type traffic struct {
	requests, errors, sent atomic.Uint64
	last                   atomic.Int64 // when a request ended; Unix time in seconds
	latency                [len(paas.LatencyBounds) + 1]atomic.Uint64
}

// record counts one exchange that has ended.
func (t *traffic) record(began time.Time, failed, timed bool) {
	now := time.Now()
	took := now.Sub(began)
	t.requests.Add(1)
	if second := now.Unix(); t.last.Load() != second { // most requests only read it
		t.last.Store(second)
	}
	if failed {
		t.errors.Add(1)
	}
	if !timed {
		return
	}
	bucket := 0
	for bucket < len(paas.LatencyBounds) && took > paas.LatencyBounds[bucket] {
		bucket++
	}
	t.latency[bucket].Add(1)
}

func (t *traffic) read() paas.Traffic {
	read := paas.Traffic{Last: time.Unix(t.last.Load(), 0), Requests: t.requests.Load(), Errors: t.errors.Load(), Sent: t.sent.Load()}
	for i := range t.latency {
		read.Latency[i] = t.latency[i].Load()
	}
	return read
}

// Traffic counts the requests of each project since the start.
func (i *Ingress) Traffic() map[paas.ProjectID]paas.Traffic {
	i.changes.Lock()
	counters := maps.Clone(i.counters)
	i.changes.Unlock()
	all := make(map[paas.ProjectID]paas.Traffic, len(counters))
	for project, counter := range counters {
		all[project] = counter.read()
	}
	for host, entry := range i.table.Load().all() {
		if busy := entry.busy(); busy > 0 && host == entry.route.Host {
			seen := all[entry.route.Project]
			seen.Busy += busy
			all[entry.route.Project] = seen
		}
	}
	return all
}

// counter is a project's; i.changes is held.
func (i *Ingress) counter(project paas.ProjectID) *traffic {
	counter := i.counters[project]
	if counter == nil {
		counter = &traffic{}
		i.counters[project] = counter
	}
	return counter
}

// answer is what the application said to one request, as far as it is counted.
type answer struct {
	counter *traffic
	began   time.Time
	status  int
	whole   bool   // the body was read to its end
	strict  string // Strict-Transport-Security, when it does not say it
	offer   string // Alt-Svc; may be empty
}

// saw notes an answer's head, and counts its body as it goes by.
func (a *answer) saw(response *http.Response) error {
	a.status = response.StatusCode
	if a.strict != "" && response.Header.Get(strictTransport) == "" {
		response.Header.Set(strictTransport, a.strict)
	}
	if a.offer != "" {
		response.Header.Add("Alt-Svc", a.offer)
	}
	switch {
	case a.status == http.StatusSwitchingProtocols:
		a.whole = true // from here on it is a connection, not an answer
	case response.Body == nil || response.Body == http.NoBody:
		a.whole = true
	default:
		response.Body = &countedBody{ReadCloser: response.Body, answer: a}
	}
	return nil
}

// end counts the exchange. One that its client gave up is not the application's failure.
func (a *answer) end(abandoned bool) {
	failed := a.status >= 500 || !abandoned && (a.status == 0 || !a.whole)
	a.counter.record(a.began, failed, a.status != http.StatusSwitchingProtocols)
}

type countedBody struct {
	io.ReadCloser
	answer *answer
}

// Read counts.
func (b *countedBody) Read(into []byte) (int, error) {
	n, err := b.ReadCloser.Read(into)
	b.answer.counter.sent.Add(uint64(n))
	if err == io.EOF {
		b.answer.whole = true
	}
	return n, err
}
