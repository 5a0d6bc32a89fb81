package ui

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"sync"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
	"github.com/paastech-cloud/paastech/web"
)

const (
	beatEvery  = 15 * time.Second
	batchEvery = 50 * time.Millisecond
	batchMost  = 128 << 10 // bytes of lines that wait for the others of their batch

	// patience is how long a browser may not read. One that sleeps is cut off, and goes on where it was.
	patience = 10 * time.Second
)

// The events of GET /dashboard/live and their data. None is kept: a page that was away asks for what it
// missed.
type (
	liveChange struct { // "change": something of a project is different
		Project paas.ProjectID `json:"project"`
		Kind    paas.EventKind `json:"kind"`
	}
	liveLines struct { // "lines": list items to add
		Topic string   `json:"topic"`
		HTML  []string `json:"html"`
	}
	liveEnd struct { // "end": nothing more comes
		Topic string `json:"topic"`
	}
	liveFailure struct { // "fail": a topic, or without one the log-in, is not there
		Topic   string `json:"topic,omitempty"`
		Message string `json:"message"`
	}
)

// live is everything that the open pages of one browser follow, over one connection: browsers open
// only six to a server without HTTP/2, and people open more pages. The server remembers nothing of it.
func (u *ui) live(call *web.Call) error {
	if !call.WantsStream() { // a browser asks whether it is still logged in
		return call.NoContent(http.StatusOK)
	}
	ctx, stop := call.Watching()
	topics, refused := u.topics(ctx, call)
	var others []paas.ProjectID
	for _, t := range topics {
		if t.kind == "project" {
			others = append(others, t.project)
		}
	}
	changes, err := u.platform.Watch(ctx, call.Caller, others...)
	if err != nil {
		stop(nil)
		return err
	}
	f := &follower{ui: u, call: call, topics: topics, changes: changes, news: make(chan news)}
	defer func() {
		stop(nil)
		f.reading.Wait()
	}()
	if f.stream, err = call.EventStream(); err != nil {
		return err
	}
	f.stream.Patience = patience
	for _, refusal := range refused {
		if err := f.stream.Event("fail", refusal); err != nil {
			return err
		}
	}
	return f.follow(ctx)
}

// topics are those that the call names and that its caller may follow, and a refusal for each other one.
func (u *ui) topics(ctx context.Context, call *web.Call) (topics []topic, refused []liveFailure) {
	seen := map[string]bool{}
	for _, text := range call.QueryParams()["topic"] {
		t, err := parseTopic(text)
		if seen[t.name] {
			continue
		}
		seen[t.name] = true
		if err == nil && len(topics) == maxTopics {
			err = paas.Errorf(paas.TooLarge, paas.ETooLarge, "Too many pages are open here to keep them all live: close some.")
		}
		if err == nil {
			err = u.mayFollow(ctx, call.Caller, t)
		}
		if err != nil {
			refused = append(refused, liveFailure{t.name, paas.Public(err).Message})
			continue
		}
		topics = append(topics, t)
	}
	return topics, refused
}

// mayFollow answers for a project that is somebody else's as for one that is not there.
func (u *ui) mayFollow(ctx context.Context, caller paas.User, t topic) error {
	if t.kind == "build" {
		_, err := u.platform.Deployment(ctx, caller, t.project, t.number)
		return err
	}
	_, err := u.platform.Project(ctx, caller, t.project)
	return err
}

// follower is one browser that is being told.
type follower struct {
	ui      *ui
	call    *web.Call
	stream  *web.Stream
	topics  []topic
	changes <-chan paas.Event
	news    chan news
	reading sync.WaitGroup
	waiting []liveLines // of a batch
	size    int         // of what is waiting
}

// news is a line of a topic, or its end.
type news struct {
	topic string
	html  string
	end   bool
	err   error
}

var errSlow = errors.New("the browser reads too slowly")

// follow tells until the browser, its log-in or the server ends. Nobody waits for it: while the browser
// reads nothing, the logs go on without it.
func (f *follower) follow(ctx context.Context) error {
	caller := f.call.Caller // a beat may change it
	for _, t := range f.topics {
		if t.kind != "project" {
			f.reading.Go(func() { f.read(ctx, f.ui.lines(ctx, caller, t), t.name) })
		}
	}
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	batch := time.NewTimer(batchEvery)
	defer batch.Stop()
	batch.Stop()
	for {
		var err error
		select {
		case event, open := <-f.changes:
			switch {
			case open:
				err = f.stream.Event("change", liveChange{event.Project, event.Kind})
			case ctx.Err() == nil:
				err = errSlow
			}
		case piece := <-f.news:
			if len(f.waiting) == 0 {
				batch.Reset(batchEvery)
			}
			err = f.take(piece)
		case <-batch.C:
			err = f.flush()
		case <-beat.C:
			err = f.beat(ctx)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if err != nil {
			return err
		}
	}
}

// read passes a topic's lines on, one at a time.
func (f *follower) read(ctx context.Context, log iter.Seq2[templates.Line, error], name string) {
	tell := func(n news) bool {
		select {
		case f.news <- n:
			return true
		case <-ctx.Done():
			return false
		}
	}
	for line, err := range log {
		if err != nil {
			tell(news{topic: name, err: err})
			return
		}
		if !tell(news{topic: name, html: string(line.HTML())}) {
			return
		}
	}
	if ctx.Err() == nil {
		tell(news{topic: name, end: true})
	}
}

// take puts a line with those of its topic that wait.
func (f *follower) take(n news) error {
	if n.err != nil || n.end {
		if err := f.flush(); err != nil {
			return err
		}
		if n.err != nil {
			return f.stream.Event("fail", liveFailure{n.topic, paas.Public(n.err).Message})
		}
		return f.stream.Event("end", liveEnd{n.topic})
	}
	at := 0
	for at < len(f.waiting) && f.waiting[at].Topic != n.topic {
		at++
	}
	if at == len(f.waiting) {
		f.waiting = append(f.waiting, liveLines{Topic: n.topic})
	}
	f.waiting[at].HTML = append(f.waiting[at].HTML, n.html)
	if f.size += len(n.html); f.size >= batchMost {
		return f.flush()
	}
	return nil
}

func (f *follower) flush() error {
	for _, batch := range f.waiting {
		if err := f.stream.Event("lines", batch); err != nil {
			return err
		}
	}
	f.waiting, f.size = nil, 0
	return nil
}

// beat shows that the connection is alive, and ends it when what the caller may follow has changed: the
// browser then asks anew, and hears of each topic.
func (f *follower) beat(ctx context.Context) error {
	if err := f.call.Again(); err != nil {
		if !paas.IsKind(err, paas.Unauthenticated) {
			return err
		}
		return errors.Join(err, f.stream.Event("fail", liveFailure{Message: paas.Public(err).Message}))
	}
	for _, t := range f.topics {
		if err := f.ui.mayFollow(ctx, f.call.Caller, t); err != nil {
			return fmt.Errorf("topic %s: %w", t.name, err)
		}
	}
	return f.stream.Beat()
}
