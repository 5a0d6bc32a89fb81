package ingress

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// TestHeldRequestsWakeOnce: requests of every kind that come together for an application that sleeps wait,
// wake it once, and are all answered, with their bodies.
func TestHeldRequestsWakeOnce(t *testing.T) {
	target := upstream(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %d", r.Method, r.URL.Path, len(body))
	})
	var i *Ingress
	var wakes atomic.Int64
	asked := make(chan struct{})
	i = running(t, Options{Wake: func(_ context.Context, id paas.ProjectID) error {
		wakes.Add(1)
		<-asked
		i.Replace(paas.Route{Host: app, Project: id, State: paas.RouteLive, Targets: live(target).Targets})
		return nil
	}})
	sleeping := paas.Route{Host: app, Project: "p", State: paas.RouteSleeping}
	i.Replace(sleeping)
	const requests = 60
	var clients sync.WaitGroup
	for n := range requests {
		clients.Go(func() {
			method, body := http.MethodGet, []byte(nil)
			if n%3 == 0 {
				method, body = http.MethodPost, bytes.Repeat([]byte("x"), 1<<(n%20))
			}
			request, err := http.NewRequestWithContext(t.Context(), method, fmt.Sprintf("http://%s/%d", i.Address(), n), bytes.NewReader(body))
			must(t, err)
			request.Host = string(app)
			client := newClient(t)
			answer, err := client.Do(request)
			if err != nil {
				t.Error(err)
				return
			}
			defer answer.Body.Close()
			said, err := io.ReadAll(answer.Body)
			if want := fmt.Sprintf("%s /%d %d", method, n, len(body)); err != nil || string(said) != want {
				t.Errorf("%d %s %v, not %s", answer.StatusCode, said, err, want)
			}
		})
	}
	awaitHeld(t, i, requests)
	close(asked)
	clients.Wait()
	awaitHeld(t, i, 0)
	if wakes.Load() != 1 {
		t.Errorf("woken %d times", wakes.Load())
	}
	rests(t, i, sleeping)
	if status, answer := ask(t, i.Address(), string(app)+" /again"); status != http.StatusOK || !strings.Contains(answer, "/again") {
		t.Errorf("woken again: %d %s", status, answer)
	}
}

// TestAWakeThatFailsIsExplained, and so is one that too many wait for.
func TestAWakeThatFailsIsExplained(t *testing.T) {
	i := running(t, Options{Wake: func(context.Context, paas.ProjectID) error {
		return paas.Errorf(paas.Rejected, "E_EXITED", "web.1 ended with exit code 3.")
	}})
	i.Replace(paas.Route{Host: app, Project: "p", State: paas.RouteSleeping})
	if status, answer := ask(t, i.Address(), string(app)+" /"); status != http.StatusServiceUnavailable || !strings.Contains(answer, "E_EXITED") || !strings.Contains(answer, "exit code 3") {
		t.Errorf("%d %s", status, answer)
	}
	i.waking.mu.Lock()
	i.waking.held = maxHeld
	i.waking.mu.Unlock()
	if status, answer := ask(t, i.Address(), string(app)+" /"); status != http.StatusServiceUnavailable || !strings.Contains(answer, "E_APP_ASLEEP") || !strings.Contains(answer, "Retry-After") {
		t.Errorf("%d %s", status, answer)
	}
}

// rests lets a route rest as soon as nothing is in flight any more: a client has its whole answer a moment
// before the ingress has counted the request as done.
func rests(t *testing.T, i *Ingress, route paas.Route) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !i.Rest(route); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it may not rest, although nothing is in flight")
		}
	}
}

// TestNothingRestsInUse: a route with a request in flight stays as it is.
func TestNothingRestsInUse(t *testing.T) {
	i := running(t, Options{})
	entered, leave := make(chan struct{}), make(chan struct{})
	target := upstream(t, func(http.ResponseWriter, *http.Request) {
		entered <- struct{}{}
		<-leave
	})
	i.Replace(live(target))
	answered := make(chan int, 1)
	go func() {
		status, _ := ask(t, i.Address(), string(app)+" /")
		answered <- status
	}()
	<-entered
	sleeping := live(target)
	sleeping.State, sleeping.Targets = paas.RouteSleeping, nil
	if i.Rest(sleeping) || i.Routes()[0].State != paas.RouteLive {
		t.Error("it rests under a request")
	}
	if seen := i.Traffic()[sleeping.Project]; seen.Busy != 1 {
		t.Errorf("traffic %+v", seen)
	}
	close(leave)
	if status := <-answered; status != http.StatusOK {
		t.Errorf("answered %d", status)
	}
	rests(t, i, sleeping)
	if i.Routes()[0].State != paas.RouteSleeping {
		t.Error("it rests, and its route does not say so")
	}
	if seen := i.Traffic()[sleeping.Project]; seen.Busy != 0 || time.Since(seen.Last) > 10*time.Second {
		t.Errorf("traffic %+v", seen)
	}
}

// TestSleepingRoutesAreCheap: 300 projects that sleep cost the ingress no goroutine each, and a
// few hundred bytes each.
func TestSleepingRoutesAreCheap(t *testing.T) {
	i := running(t, Options{Wake: func(context.Context, paas.ProjectID) error { return nil }})
	heap := func() int64 {
		runtime.GC()
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return int64(stats.HeapAlloc)
	}
	goroutines, before := runtime.NumGoroutine(), heap()
	const projects = 300
	for n := range projects {
		i.Replace(paas.Route{Host: paas.Hostname(fmt.Sprintf("p%d.example.com", n)), Project: paas.ProjectID(fmt.Sprint("p", n)), State: paas.RouteSleeping})
	}
	each := (heap() - before) / projects
	t.Logf("%d bytes each", each)
	if each > 10<<10 || runtime.NumGoroutine() > goroutines+projects/10 {
		t.Errorf("%d bytes each, %d goroutines more", each, runtime.NumGoroutine()-goroutines)
	}
}

// TestNobodyIsTurnedAwayWhileItGoesToSleep: requests on both roads come while their route goes to sleep and
// wakes all the time; every one is answered by the application.
func TestNobodyIsTurnedAwayWhileItGoesToSleep(t *testing.T) {
	target := upstream(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "here") })
	var i *Ingress
	i = running(t, Options{Wake: func(_ context.Context, id paas.ProjectID) error {
		i.Replace(paas.Route{Host: app, Project: id, State: paas.RouteLive, Targets: live(target).Targets})
		return nil
	}})
	sleeping := paas.Route{Host: app, Project: "p", State: paas.RouteSleeping}
	i.Replace(sleeping)
	var clients, tucking sync.WaitGroup
	var slept, answered atomic.Int64
	over := make(chan struct{})
	tucking.Go(func() {
		for {
			select {
			case <-over:
				return
			default:
			}
			if i.Rest(sleeping) {
				slept.Add(1)
			}
			runtime.Gosched()
		}
	})
	for n := range 4 {
		clients.Go(func() {
			client := newClient(t)
			for range 500 {
				request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://%s/", i.Address()), nil)
				must(t, err)
				request.Host = string(app)
				if n%2 == 0 {
					request.Header.Set("Expect", "100-continue") // the road of net/http
				}
				answer, err := client.Do(request)
				if err != nil {
					t.Error(err)
					return
				}
				said, err := io.ReadAll(answer.Body)
				answer.Body.Close()
				if err != nil || answer.StatusCode != http.StatusOK || string(said) != "here" {
					t.Errorf("%d %s %v", answer.StatusCode, said, err)
					return
				}
				answered.Add(1)
			}
		})
	}
	clients.Wait()
	close(over)
	tucking.Wait()
	t.Logf("%d answered, slept %d times", answered.Load(), slept.Load())
	if slept.Load() < 2 {
		t.Error("it hardly ever slept")
	}
}

// TestHoldsEnd: a wake that takes too long is not waited for, and one that a deployment was quicker than
// is not waited for to its end.
func TestHoldsEnd(t *testing.T) {
	target := upstream(t, func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "here") })
	end := make(chan struct{})
	i := running(t, Options{HoldTimeout: 300 * time.Millisecond, Wake: func(context.Context, paas.ProjectID) error {
		<-end
		return nil
	}})
	defer close(end)
	i.Replace(paas.Route{Host: app, Project: "p", State: paas.RouteSleeping})
	if status, answer := ask(t, i.Address(), string(app)+" /"); status != http.StatusServiceUnavailable || !strings.Contains(answer, "E_APP_ASLEEP") || !strings.Contains(answer, "Retry-After") {
		t.Errorf("%d %s", status, answer)
	}
	i.options.HoldTimeout = time.Minute
	time.AfterFunc(50*time.Millisecond, func() {
		i.Replace(paas.Route{Host: app, Project: "p", State: paas.RouteLive, Targets: live(target).Targets})
	})
	if status, answer := ask(t, i.Address(), string(app)+" /"); status != http.StatusOK {
		t.Errorf("%d %s", status, answer)
	}
}
