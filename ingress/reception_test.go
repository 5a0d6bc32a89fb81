package ingress

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// received is a route whose visitors are received in some way.
func received(route paas.Route, admission paas.Admission, notice string) paas.Route {
	route.Reception = paas.Reception{Admission: admission, Notice: notice}
	return route
}

// awaitHeld waits until so many requests wait.
func awaitHeld(t *testing.T, i *Ingress, want int) {
	t.Helper()
	held := func() int {
		i.waking.mu.Lock()
		defer i.waking.mu.Unlock()
		return i.waking.held
	}
	for deadline := time.Now().Add(20 * time.Second); held() != want; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d requests wait, not %d", held(), want)
		}
	}
}

func TestMaintenance(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	i := running(t, Options{Wake: func(context.Context, paas.ProjectID) error {
		t.Error("it was woken for a page")
		return nil
	}})
	route := live(upstream(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			close(entered)
			<-leave
		}
		fmt.Fprint(w, "the application")
	}))
	i.Replace(route)
	slow := make(chan string)
	go func() {
		_, answer := ask(t, i.Address(), string(app)+" /slow")
		slow <- answer
	}()
	<-entered
	i.Replace(received(route, paas.AdmissionMaintenance, "Back at <b>nine</b>."))
	sleeping := received(route, paas.AdmissionMaintenance, "")
	sleeping.Host, sleeping.Targets, sleeping.State = "asleep.example.com", nil, paas.RouteSleeping
	i.Replace(sleeping)
	stopped := sleeping
	stopped.Host, stopped.State = "stopped.example.com", paas.RouteStopped
	i.Replace(stopped)
	for _, c := range []struct{ request, want string }{
		{"app.example.com /", `"code":"E_APP_MAINTENANCE"`}, {"app.example.com / Accept=text/html", "Back at &lt;b&gt;nine&lt;/b&gt;."}, {"app.example.com / Expect=100-continue", "Retry-After: 60"},
		{"asleep.example.com /", "It will be back soon."}, {"stopped.example.com /", "E_APP_STOPPED"},
	} {
		if status, answer := ask(t, i.Address(), c.request); status != http.StatusServiceUnavailable || !strings.Contains(answer, c.want) || strings.Contains(answer, "the application") {
			t.Errorf("%s: %d, without %q: %s", c.request, status, c.want, answer)
		}
	}
	close(leave)
	if answer := <-slow; !strings.Contains(answer, "the application") {
		t.Errorf("a request in flight was cut: %s", answer)
	}
	i.Replace(route)
	if status, answer := ask(t, i.Address(), "app.example.com /"); status != http.StatusOK {
		t.Errorf("afterwards: %d %s", status, answer)
	}
}

// TestPausedRequestsWait, whatever they are, also while a new version takes over; all go on when they may, to it.
func TestPausedRequestsWait(t *testing.T) {
	const requests = 150
	answer := func(name string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/ws" {
				everything(w, r)
				return
			}
			body, err := io.ReadAll(r.Body)
			fmt.Fprintf(w, "%s %s %d %v", name, r.Method, len(body), err)
		}
	}
	var woken atomic.Int64
	var i *Ingress
	next := live(upstream(t, answer("next")))
	i = running(t, Options{Wake: func(context.Context, paas.ProjectID) error {
		woken.Add(1)
		i.Replace(next)
		return nil
	}})
	first := live(upstream(t, answer("first")))
	for _, asleep := range []bool{false, true} {
		woken.Store(0)
		i.Replace(first)
		i.Replace(received(first, paas.AdmissionPaused, ""))
		var clients sync.WaitGroup
		for n := range requests {
			clients.Go(func() {
				if n%10 == 9 {
					if err := (&mixed{t: t, plain: i}).talk(func() (net.Conn, error) { return net.Dial("tcp", i.Address()) }); err != nil {
						t.Error(err)
					}
					return
				}
				method, body, length := http.MethodGet, io.Reader(nil), 0
				if n%3 == 0 {
					length = 1 << (n % 18)
					method, body = http.MethodPost, bytes.NewReader(make([]byte, length))
				}
				request, err := http.NewRequestWithContext(t.Context(), method, "http://"+i.Address(), body)
				must(t, err)
				request.Host = string(app)
				answer, err := newClient(t).Do(request)
				if err != nil {
					t.Error(err)
					return
				}
				defer answer.Body.Close()
				said, err := io.ReadAll(answer.Body)
				if want := fmt.Sprintf("next %s %d <nil>", method, length); err != nil || string(said) != want {
					t.Errorf("%d %q %v, not %q", answer.StatusCode, said, err, want)
				}
			})
		}
		awaitHeld(t, i, requests)
		resumed := next
		if asleep {
			resumed.State, resumed.Targets = paas.RouteSleeping, nil
		}
		i.Replace(received(resumed, paas.AdmissionPaused, "")) // a new version, or its sleep
		awaitHeld(t, i, requests)
		if woken.Load() != 0 {
			t.Error("it was woken while it was paused")
		}
		i.Replace(resumed)
		clients.Wait()
		awaitHeld(t, i, 0)
		if want := map[bool]int64{true: 1}[asleep]; woken.Load() != want {
			t.Errorf("woken %d times, not %d", woken.Load(), want)
		}
	}
}

// TestPausesHaveBounds: of how many wait, and how long; who waits is told when the application is closed or goes.
func TestPausesHaveBounds(t *testing.T) {
	i := running(t, Options{HoldTimeout: 200 * time.Millisecond})
	patient := running(t, Options{})
	route := received(live(upstream(t, says("here"))), paas.AdmissionPaused, "")
	for _, request := range []string{"app.example.com /", "app.example.com / Expect=100-continue"} {
		i.Replace(route)
		if status, answer := ask(t, i.Address(), request); status != http.StatusServiceUnavailable || !strings.Contains(answer, "E_APP_PAUSED") || !strings.Contains(answer, "Retry-After") {
			t.Errorf("%s: %d %s", request, status, answer)
		}
	}
	for name, c := range map[string]struct {
		change func()
		want   string
	}{
		"maintenance": {func() { patient.Replace(received(route, paas.AdmissionMaintenance, "")) }, "E_APP_MAINTENANCE"},
		"removal":     {func() { patient.Remove(app) }, "E_UNKNOWN_HOST"},
	} {
		patient.Replace(route)
		answers := make(chan string, 2)
		for _, request := range []string{"app.example.com /", "app.example.com / Expect=100-continue"} {
			go func() {
				_, answer := ask(t, patient.Address(), request)
				answers <- answer
			}()
		}
		awaitHeld(t, patient, 2)
		c.change()
		for range 2 {
			if answer := <-answers; !strings.Contains(answer, c.want) {
				t.Errorf("%s: %s", name, answer)
			}
		}
	}
	patient.Replace(route)
	gone, cancel := context.WithCancel(t.Context())
	go func() {
		request, err := http.NewRequestWithContext(gone, http.MethodGet, "http://"+patient.Address(), nil)
		if err != nil {
			t.Error(err)
			return
		}
		request.Host = string(app)
		if answer, err := newClient(t).Do(request); err == nil {
			t.Errorf("answered %s", answer.Status)
			answer.Body.Close()
		}
	}()
	awaitHeld(t, patient, 1)
	cancel()
	awaitHeld(t, patient, 0)
	patient.waking.mu.Lock()
	if len(patient.waking.calls) != 0 {
		t.Error("a wait for nobody is remembered")
	}
	patient.waking.held = maxHeld
	patient.waking.mu.Unlock()
	if status, answer := ask(t, patient.Address(), "app.example.com /"); status != http.StatusServiceUnavailable || !strings.Contains(answer, "E_APP_PAUSED") {
		t.Errorf("one too many: %d %s", status, answer)
	}
}
