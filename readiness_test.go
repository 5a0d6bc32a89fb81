package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestBrokenVersionsTakeNoTraffic (T3): a version that never listens, one that ends at once and one that
// answers 500 fail with their diagnosis and leave no container, while the version before answers every
// request. With PAASTECH_SOAK=1 the failure comes within the deadline and 2 s.
func TestBrokenVersionsTakeNoTraffic(t *testing.T) {
	soak := os.Getenv("PAASTECH_SOAK") == "1"
	const deadline = 5 * time.Second
	a := newEcho(t, time.Second)
	a.kill()
	a.env = append(a.env, "PAASTECH_DEPLOY_READYTIMEOUT="+deadline.String())
	a.start()
	a.until("the first version answers", a.answers)
	before := a.all()
	ctx, stop := context.WithCancel(t.Context())
	load := &load{t: t, host: a.host, ingress: a.ingress}
	var clients sync.WaitGroup
	clients.Go(func() { load.requests(ctx, 40) })
	for _, broken := range []struct{ how, code string }{
		{"never listens", "E_NO_PORT"}, {"exits", "E_CRASHED"}, {"answers 500", "E_UNHEALTHY"},
	} {
		said := a.refused("BROKEN=" + broken.how)
		failed := a.deployments()[0]
		if failed.EndedAt == nil {
			t.Fatalf("%s: the deployment has not ended: %+v", broken.how, failed)
		}
		took := failed.EndedAt.Sub(failed.CreatedAt)
		t.Logf("%s: failed after %s", broken.how, took.Round(time.Millisecond))
		if !strings.Contains(said, broken.code+": ") {
			t.Errorf("%s is not %s: %s", broken.how, broken.code, said)
		}
		if soak && took > deadline+2*time.Second {
			t.Errorf("%s: failed after %s", broken.how, took)
		}
		if left := a.all(); left != before {
			t.Errorf("%s: containers\n%sbecame\n%s", broken.how, before, left)
		}
	}
	stop()
	clients.Wait()
	t.Logf("%d requests, slowest %s", load.sent.Load(), time.Duration(load.slowest.Load()))
	if load.failed.Load() > 0 || load.sent.Load() == 0 {
		t.Errorf("%d of %d requests failed; the first: %s", load.failed.Load(), load.sent.Load(), load.first)
	}
	var all []struct {
		State     string
		Diagnosis *struct{ Code string }
	}
	if status := a.call(http.MethodGet, "/projects/"+a.id+"/deployments", nil, &all); status != http.StatusOK || len(all) != 4 {
		t.Fatalf("deployments: %d %+v", status, all)
	}
	for i, code := range []string{"E_UNHEALTHY", "E_CRASHED", "E_NO_PORT"} {
		if all[i].State != "failed" || all[i].Diagnosis == nil || all[i].Diagnosis.Code != code {
			t.Errorf("the deployment is %+v, not failed with %s", all[i], code)
		}
	}
}

// refused changes a variable in a way that makes no working version, and returns what is said of it.
func (a *echo) refused(variable string) string {
	a.t.Helper()
	command := exec.Command("paastech", "env", "set", variable)
	command.Env, command.Dir = a.env, a.dir
	out, err := command.CombinedOutput()
	if err == nil {
		a.t.Fatalf("%s went live:\n%s", variable, out)
	}
	return string(out)
}

// all are the ids of the application's containers, those that do not run too.
func (a *echo) all() string {
	a.t.Helper()
	out, err := exec.Command("docker", "ps", "-aq", "--no-trunc", "--filter", "label=paastech.project="+a.id).Output()
	if err != nil {
		a.t.Fatal(err)
	}
	return string(out)
}

var readyAt = regexp.MustCompile(`ready at (\d+)`)

// TestReadinessIsNoFixedSleep (T8): versions that take unequal times to listen are live soon after they do,
// never before. With PAASTECH_SOAK=1 the ingress leads to them within 100 ms at the median.
func TestReadinessIsNoFixedSleep(t *testing.T) {
	soak, rounds := os.Getenv("PAASTECH_SOAK") == "1", 3
	if soak {
		rounds = 15
	}
	a := newEcho(t, time.Second)
	var waits []time.Duration
	for n := range rounds {
		greeting := fmt.Sprintf("n%d", n)
		done := make(chan int, 1)
		go func() {
			change := map[string]any{"env": map[string]string{"GREETING": greeting, "START_PAUSE": fmt.Sprintf("%dms", 137*n%900)}}
			done <- a.call(http.MethodPatch, "/projects/"+a.id+"/env", change, nil)
		}()
		var seen time.Time
		a.until("version "+greeting+" answers", func() bool {
			for range 200 { // closer together than until looks
				if _, body, err := a.get("/"); err == nil && strings.Contains(body, greeting) {
					seen = time.Now()
					return true
				}
				time.Sleep(2 * time.Millisecond)
			}
			return false
		})
		if status := <-done; status != http.StatusOK {
			t.Fatalf("version %s: %d", greeting, status)
		}
		newest := a.deployments()[0]
		said := a.run("paastech", "logs", "--deployment", fmt.Sprint(newest.Number), "-g", "ready at")
		found := readyAt.FindStringSubmatch(said)
		if found == nil {
			t.Fatalf("version %s did not say when it was ready: %q", greeting, said)
		}
		micros, err := strconv.ParseInt(found[1], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		ready := time.UnixMicro(micros)
		if newest.LiveAt == nil || newest.LiveAt.Before(ready) || seen.Before(ready) {
			t.Errorf("version %s was live at %v and answered at %s, and was ready at %s", greeting, newest.LiveAt, seen, ready)
		}
		waits = append(waits, seen.Sub(ready))
	}
	slices.Sort(waits)
	t.Logf("%d versions answered %s after they were ready at the median, %s at the latest", len(waits), waits[len(waits)/2].Round(time.Millisecond), waits[len(waits)-1].Round(time.Millisecond))
	if soak && waits[len(waits)/2] > 100*time.Millisecond {
		t.Errorf("the median is more than 100 ms: %v", waits)
	}
	if len(waits) != rounds {
		t.Errorf("%d versions of %d went live", len(waits), rounds)
	}
}
