package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestNothingGrows is trial T18: after many deployments and requests the daemon has as many goroutines and
// open files as before. With PAASTECH_SOAK=1 there are 200 and a million, and its memory is held too.
func TestNothingGrows(t *testing.T) {
	deploys, requests := 6, 6_000
	soak := os.Getenv("PAASTECH_SOAK") == "1"
	if soak {
		deploys, requests = 200, 1_000_000
	}
	a := newEcho(t, 20*time.Second)     // nothing is cut on a machine that stands still for a moment
	a.churn(t, deploys/5+1, requests/5) // what is made once and kept is there then
	before := a.rest()
	a.churn(t, deploys, requests)
	after := a.rest()
	t.Logf("%d deployments, %d requests: %+v before, %+v after", deploys, requests, before, after)
	const few = 5 // connections to Docker and files that come and go
	if after.goroutines > before.goroutines*11/10+2*few || after.files > before.files*11/10+few {
		t.Errorf("the daemon grew: %+v before, %+v after", before, after)
	}
	if soak && after.resident > before.resident*11/10 {
		t.Errorf("its memory grew from %d to %d KiB", before.resident, after.resident)
	}
}

// churn restarts the application and asks it, both at the same time.
func (a *echo) churn(t *testing.T, deploys, requests int) {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: 32, DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, a.ingress)
	}}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	var left, failed atomic.Int64
	left.Store(int64(requests))
	var first sync.Once
	fails := func(how any) {
		failed.Add(1)
		first.Do(func() { t.Errorf("the first request that failed: %v", how) })
	}
	var asking sync.WaitGroup
	for range 32 {
		asking.Go(func() {
			for left.Add(-1) >= 0 {
				response, err := client.Get("http://" + a.host + "/")
				if err != nil {
					fails(err)
					continue
				}
				text, err := io.ReadAll(response.Body)
				response.Body.Close()
				if err != nil || response.StatusCode != http.StatusOK {
					fails(fmt.Sprintf("%s, %v: %s", response.Status, err, text))
				}
			}
		})
	}
	for range deploys {
		if status := a.call(http.MethodPost, "/projects/"+a.id+"/restart", nil, nil); status != http.StatusOK {
			t.Errorf("restart: %d", status)
		}
	}
	asking.Wait()
	if failed.Load() > 0 {
		t.Errorf("%d of %d requests failed", failed.Load(), requests)
	}
}

// extent is what a daemon takes.
type extent struct{ goroutines, files, resident int }

// rest waits until a daemon has nothing to do and says what it takes then; resident is in KiB.
func (a *echo) rest() extent {
	a.t.Helper()
	a.settled(1)
	http.DefaultClient.CloseIdleConnections()
	var seen extent
	for range 5 { // the least of some looks: connections come and go
		time.Sleep(2 * time.Second)
		one := a.extent()
		if seen == (extent{}) {
			seen = one
		}
		seen = extent{min(seen.goroutines, one.goroutines), min(seen.files, one.files), min(seen.resident, one.resident)}
	}
	return seen
}

func (a *echo) extent() extent {
	a.t.Helper()
	process := filepath.Join("/proc", fmt.Sprint(a.process.Process.Pid))
	files, err := os.ReadDir(filepath.Join(process, "fd"))
	if err != nil {
		a.t.Fatal(err)
	}
	return extent{a.metric("go_goroutines"), len(files), a.proc("status", "VmRSS:")}
}

// proc is a number of a file of the process in /proc.
func (a *echo) proc(file, name string) int {
	a.t.Helper()
	text, err := os.ReadFile(filepath.Join("/proc", fmt.Sprint(a.process.Process.Pid), file))
	if err != nil {
		a.t.Fatal(err)
	}
	return number(a.t, string(text), name)
}

// metric is what Prometheus is told.
func (a *echo) metric(name string) int {
	a.t.Helper()
	request, err := http.NewRequest(http.MethodGet, "http://"+a.address+"/metrics", nil)
	if err != nil {
		a.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+a.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		a.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		a.t.Fatalf("metrics: %s %v", response.Status, err)
	}
	return number(a.t, string(text), name+" ")
}

// number finds the number that follows a name at the beginning of a line.
func number(t testing.TB, text, name string) int {
	t.Helper()
	for line := range strings.Lines(text) {
		if rest, is := strings.CutPrefix(line, name); is {
			n, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("no %s in\n%s", name, text)
	return 0
}
