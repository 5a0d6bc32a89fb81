package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestFirstRequestsWakeOnce puts an application to sleep, stopped and then frozen, and sends many requests
// at once, a third of them with bodies, some that upgrade: all are answered, and it is woken once. With
// PAASTECH_SOAK=1 they are 200, and again and again.
func TestFirstRequestsWakeOnce(t *testing.T) {
	requests, rounds := 50, 1
	if os.Getenv("PAASTECH_SOAK") == "1" {
		requests, rounds = 200, 10
	}
	a := newEcho(t, time.Second)
	for range rounds {
		for _, depth := range []string{"", "?freeze=true"} {
			a.sleeps(depth)
			before := a.wakes()
			began := time.Now()
			answered := a.together(requests)
			t.Logf("%s%d of %d answered within %s", depth, answered, requests, time.Since(began).Round(time.Millisecond))
			if answered != int64(requests) {
				t.Errorf("%d of %d requests were answered", answered, requests)
			}
			a.until("it shows that it runs", func() bool { return a.status() == "running" })
			if woken := a.wakes() - before; woken != 1 {
				t.Errorf("it was woken %d times", woken)
			}
			a.settled(1)
		}
	}

	// A daemon later it sleeps still, and a version that does not start says why instead of hanging.
	a.sleeps("")
	a.kill()
	a.start()
	if status := a.status(); status != "sleeping" {
		t.Errorf("a daemon later it is %s", status)
	}
	if a.together(4) != 4 {
		t.Error("a daemon later it does not wake up")
	}
	a.until("it runs", func() bool { return a.status() == "running" })
	a.settled(1)
	a.sleeps("")
	gone, err := exec.Command("docker", "ps", "-aq", "--filter", "label=paastech.project="+a.id).Output()
	if err != nil || len(strings.Fields(string(gone))) != 1 {
		t.Fatalf("containers of what sleeps: %q %v", gone, err)
	}
	if out, err := exec.Command("docker", "rm", "-f", strings.TrimSpace(string(gone))).CombinedOutput(); err != nil {
		t.Fatalf("remove it: %v %s", err, out)
	}
	// Somebody took it away: the wake says so, and it is made anew.
	a.until("it answers again", a.answers)
	a.check()
}

// sleeps puts the application to sleep.
func (a *echo) sleeps(depth string) {
	a.t.Helper()
	a.until("it goes to sleep", func() bool {
		return a.call(http.MethodPost, "/projects/"+a.id+"/sleep"+depth, nil, nil) == http.StatusOK && a.status() == "sleeping"
	})
}

// status is the word that the project shows.
func (a *echo) status() string {
	a.t.Helper()
	var project struct{ Status string }
	if err := json.Unmarshal([]byte(a.run("paastech", "projects", "info", "--json")), &project); err != nil {
		a.t.Fatal(err)
	}
	return project.Status
}

// wakes counts the events of it.
func (a *echo) wakes() int {
	a.t.Helper()
	return strings.Count(a.run("paastech", "events", "--json", "-n", "200"), `"project.woke"`)
}

// together sends requests at once and counts those that were answered rightly.
func (a *echo) together(requests int) int64 {
	var good atomic.Int64
	var clients sync.WaitGroup
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	for n := range requests {
		clients.Go(func() {
			err := a.one(ctx, transport, n)
			if err != nil {
				a.t.Errorf("request %d: %v", n, err)
				return
			}
			good.Add(1)
		})
	}
	clients.Wait()
	return good.Load()
}

func (a *echo) one(ctx context.Context, transport http.RoundTripper, n int) error {
	if n%10 == 9 {
		l := &load{host: a.host, ingress: a.ingress}
		conn, reader, err := l.upgrade()
		if err != nil {
			return err
		}
		defer conn.Close()
		if _, err := conn.Write([]byte("x")); err != nil {
			return err
		}
		_, err = reader.ReadByte()
		return err
	}
	method, body := http.MethodGet, []byte(nil)
	if n%3 == 0 {
		method, body = http.MethodPost, bytes.Repeat([]byte("x"), 1<<(n%18))
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+a.ingress+"/size", bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Host = a.host
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || string(said) != fmt.Sprint(len(body)) {
		return fmt.Errorf("%s %q %w", answer.Status, said, err)
	}
	return nil
}

// BenchmarkWake measures the first request to an application that sleeps, stopped and frozen, against what
// Docker needs alone to start or unpause a copy of its container until its first 200 (trial T9).
func BenchmarkWake(b *testing.B) {
	a := newEcho(b, time.Second)
	bare := newBareDocker(b, a.containers()[0])
	id := bare.create()
	defer bare.remove(id)
	var ours, floor, thawed, thawFloor []time.Duration
	first := func(depth string) time.Duration {
		a.sleeps(depth)
		began := time.Now()
		if !a.answers() {
			b.Error("the first request was not answered")
		}
		took := time.Since(began)
		a.until("it runs", func() bool { return a.status() == "running" })
		return took
	}
	for b.Loop() {
		ours = append(ours, first(""))
		floor = append(floor, bare.startUntilAnswer(id, time.Now()))
		thawed = append(thawed, first("?freeze=true"))
		bare.call(http.MethodPost, "/containers/"+id+"/pause", nil, nil)
		address, began := bare.address(id), time.Now()
		bare.call(http.MethodPost, "/containers/"+id+"/unpause", nil, nil)
		thawFloor = append(thawFloor, bare.untilAnswer(address, began))
		bare.call(http.MethodPost, "/containers/"+id+"/kill", nil, nil)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(ours), "stopped-p50-ms")
	b.ReportMetric(median(floor), "docker-start-p50-ms")
	b.ReportMetric(median(ours)-median(floor), "ours-stopped-ms")
	b.ReportMetric(median(thawed), "frozen-p50-ms")
	b.ReportMetric(median(thawFloor), "docker-unpause-p50-ms")
	b.ReportMetric(median(thawed)-median(thawFloor), "ours-frozen-ms")
}
