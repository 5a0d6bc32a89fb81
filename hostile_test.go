package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestHostileApplication is trials T30 and T31: an application tries to get out of its container, to
// reach others and to eat the host. Nothing of it works, and the neighbour's requests are all answered.
// With PAASTECH_SOAK=1 their p99 may at most double; beside a flood of lines, which Docker writes down with
// a processor of its own, it may be half as much again as beside one that only Docker knows of.
func TestHostileApplication(t *testing.T) {
	neighbour := newEcho(t, time.Second)
	neighbour.kill()
	const quota = 8 << 20
	neighbour.env = append(neighbour.env, "PAASTECH_LIMITS_APP_LOGS="+strconv.Itoa(quota>>20)+"MiB")
	neighbour.start()
	neighbour.until("the neighbour answers", neighbour.answers)
	evil := neighbour.beside("hostile", "hostile")
	victim, gateway := neighbour.surroundings(neighbour.containers()[0])
	_, own := evil.surroundings(evil.containers()[0])
	listener, err := net.Listen("tcp", own+":0") // a service of the host, where the application could see it
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if conn, err := net.DialTimeout("tcp", victim+":8080", 5*time.Second); err != nil {
		t.Fatalf("the neighbour is not where it is attacked: %v", err)
	} else {
		conn.Close()
	}
	_, port, _ := net.SplitHostPort(neighbour.address)
	refused := func(answer string) bool { return strings.HasPrefix(answer, "refused: ") }
	atMost := func(most int) func(string) bool {
		return func(answer string) bool {
			count, err := strconv.Atoi(answer)
			return err == nil && count > 0 && count <= most || refused(answer)
		}
	}
	for _, attempt := range []struct {
		what, of string
		fails    func(answer string) bool
	}{
		{"mount", "/mnt", refused}, {"mount", "/tmp", refused}, {"device", "/tmp/disk", refused}, {"root", "", refused},
		{"read", "/var/run/docker.sock", refused}, {"read", "/run/docker.sock", refused}, {"read", "/etc/shadow", refused}, {"read", "/dev/mem", refused}, {"read", "/proc/kcore", refused},
		{"dial", "169.254.169.254:80", refused}, {"dial", "127.0.0.1:" + port, refused}, {"dial", own + ":" + port, refused},
		{"dial", listener.Addr().String(), refused}, {"dial", gateway + ":" + port, refused}, {"dial", victim + ":8080", refused}, {"dial", "172.17.0.1:22", refused},
		{"fork", "", atMost(64)}, {"fill", "/", refused}, {"fill", "/tmp", atMost(16 << 20)}, {"fill", "/var/cache", atMost(16 << 20)}, {"fill", "/data", atMost(32 << 20)},
		{"log", "3", func(answer string) bool { return answer == "done" }},
		{"memory", "", func(answer string) bool { return !strings.HasPrefix(answer, "8") }},
	} {
		name := strings.TrimSpace(attempt.what + " " + attempt.of)
		before := neighbour.watched(func() { time.Sleep(time.Second) })
		answer := ""
		during := neighbour.watched(func() { answer = evil.try(attempt.what, attempt.of) })
		bound := max(2*before.p99, 5*time.Millisecond)
		t.Logf("%-30s %-70.70s neighbour: p99 %s, before %s, %d requests", name, answer, during.p99, before.p99, during.sent)
		if !attempt.fails(answer) {
			t.Errorf("%s: %q", name, answer)
		}
		if before.failed+during.failed > 0 {
			t.Errorf("%s: %d requests of the neighbour failed", name, before.failed+during.failed)
		}
		soak := os.Getenv("PAASTECH_SOAK") == "1"
		if soak && attempt.what == "log" {
			floor := neighbour.watched(func() { evil.tryAlone(attempt.what, attempt.of) })
			t.Logf("%-30s %-70s neighbour: p99 %s, %d requests", "", "the same in a container that only Docker knows of", floor.p99, floor.sent)
			bound = max(bound, 3*floor.p99/2)
		}
		if soak && during.sent > 50 && during.p99 > bound {
			t.Errorf("%s: the neighbour's p99 was %s, %s before", name, during.p99, before.p99)
		}
		evil.until("the hostile application is back", evil.answers)
	}
	if size := evil.logSize(); size == 0 || size > quota+quota/4 {
		t.Errorf("its log takes %d bytes of %d", size, quota)
	}
	neighbour.settled(1)
	neighbour.check()
}

// beside deploys another application to the same daemon.
func (a *echo) beside(application, name string) *echo {
	a.t.Helper()
	b := &echo{doomed: a.doomed, ingress: a.ingress, dir: filepath.Join(a.t.TempDir(), name)}
	if err := os.CopyFS(b.dir, os.DirFS("testdata/apps/"+application)); err != nil {
		a.t.Fatal(err)
	}
	b.run("git", "init", "-q", "-b", "main")
	b.run("git", "add", ".")
	b.run("git", "commit", "-qm", "first")
	b.run("paastech", "init", name, "--yes")
	b.run("git", "push", "-q", "paastech", "main")
	var project struct{ ID string }
	if err := json.Unmarshal([]byte(b.run("paastech", "projects", "info", "--json")), &project); err != nil {
		a.t.Fatal(err)
	}
	b.id, b.host = project.ID, project.ID+".user-app.localhost"
	return b
}

// surroundings are a container's address, and that of the host in its network.
func (a *echo) surroundings(container string) (address, gateway string) {
	a.t.Helper()
	address, network, _ := strings.Cut(docker(a.t, "inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{.NetworkID}}{{end}}", container), " ")
	return address, docker(a.t, "network", "inspect", "-f", "{{range .IPAM.Config}}{{.Gateway}}{{end}}", network)
}

// get asks the application over the ingress.
func (a *echo) get(path string) (int, string, error) {
	request, err := http.NewRequest(http.MethodGet, "http://"+a.ingress+path, nil)
	if err != nil {
		return 0, "", err
	}
	request.Host = a.host
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}

// try has the hostile application try something; one that died of it answers nothing sensible.
func (a *echo) try(what, of string) string {
	_, body, err := a.get("/try?" + url.Values{"what": {what}, "of": {of}}.Encode())
	if err != nil {
		return err.Error()
	}
	return body
}

// tryAlone has the hostile application try something in a container that the daemon does not know of.
func (a *echo) tryAlone(what, of string) {
	a.t.Helper()
	image, cores, _ := strings.Cut(docker(a.t, "inspect", "-f", "{{.Image}} {{.HostConfig.NanoCpus}}", a.containers()[0]), " ")
	nano, err := strconv.ParseFloat(cores, 64)
	if err != nil {
		a.t.Fatal(err)
	}
	id := docker(a.t, "run", "-d", "-e", "PORT=8080", "--cpus", fmt.Sprint(nano/1e9), "--log-opt", "max-size=5m", "--log-opt", "max-file=2", image)
	defer docker(a.t, "rm", "-f", id)
	address := docker(a.t, "inspect", "-f", "{{.NetworkSettings.IPAddress}}", id)
	query := url.Values{"what": {what}, "of": {of}}.Encode()
	a.until("the container alone has tried", func() bool {
		response, err := http.Get("http://" + address + ":8080/try?" + query)
		if err != nil {
			return false
		}
		defer response.Body.Close()
		return true
	})
}

// watch is how an application answered meanwhile.
type watch struct {
	sent, failed int
	p99          time.Duration
}

// watched asks the application 50 times a second while something is done.
func (a *echo) watched(do func()) (seen watch) {
	ctx, stop := context.WithCancel(a.t.Context())
	var asking sync.WaitGroup
	var mu sync.Mutex
	var took []time.Duration
	asking.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			asking.Go(func() {
				began := time.Now()
				status, _, err := a.get("/")
				mu.Lock()
				defer mu.Unlock()
				if took = append(took, time.Since(began)); err != nil || status != http.StatusOK {
					seen.failed++
				}
			})
		}
	})
	do()
	stop()
	asking.Wait()
	slices.Sort(took)
	if seen.sent = len(took); seen.sent > 0 {
		seen.p99 = took[len(took)*99/100]
	}
	return seen
}

// logSize is how many bytes of disk the application's log takes.
func (a *echo) logSize() (size int64) {
	a.t.Helper()
	for _, variable := range a.env {
		data, is := strings.CutPrefix(variable, "PAASTECH_DATADIR=")
		if !is {
			continue
		}
		err := filepath.WalkDir(filepath.Join(data, "applogs"), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.Contains(path, a.id) {
				return err
			}
			info, err := entry.Info()
			if err == nil {
				size += info.Size()
			}
			return nil // it may have been rotated away meanwhile
		})
		if err != nil {
			a.t.Fatal(err)
		}
	}
	return size
}
