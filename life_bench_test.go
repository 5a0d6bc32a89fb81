package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"testing"
	"time"
)

// BenchmarkRollback measures a deployment without a build, from the call to the answer that the version
// is live, against what Docker needs to create and start the same container until its first 200.
func BenchmarkRollback(b *testing.B) {
	a := newEcho(b, time.Second)
	if status := a.call(http.MethodPatch, "/projects/"+a.id+"/env", map[string]any{"env": map[string]string{"N": "1"}}, nil); status != http.StatusOK {
		b.Fatalf("a second version: %d", status)
	}
	bare := newBareDocker(b, a.containers()[0])
	var ours, floor []time.Duration
	for b.Loop() {
		a.settled(1) // the version before has drained
		began := time.Now()
		if status := a.call(http.MethodPost, "/projects/"+a.id+"/deployments/"+a.newest(1)+"/rollback", nil, nil); status != http.StatusOK {
			b.Fatalf("rollback: %d", status)
		}
		ours = append(ours, time.Since(began))
		if !a.answers() {
			b.Error("it is live and does not answer")
		}
		a.settled(1)
		floor = append(floor, bare.run())
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(ours), "rollback-p50-ms")
	b.ReportMetric(median(floor), "docker-p50-ms")
	b.ReportMetric(median(ours)-median(floor), "ours-ms")
}

// median is of milliseconds.
func median(all []time.Duration) float64 {
	slices.Sort(all)
	return float64(all[len(all)/2]) / float64(time.Millisecond)
}

// bareDocker makes copies of a container with Docker's API alone.
type bareDocker struct {
	b    *testing.B
	http *http.Client
	body []byte // of the call that creates one
}

func newBareDocker(b *testing.B, like string) *bareDocker {
	b.Helper()
	d := &bareDocker{b: b, http: &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", "/var/run/docker.sock")
	}}}}
	b.Cleanup(d.http.CloseIdleConnections)
	var found struct {
		Config, HostConfig map[string]any
	}
	d.call(http.MethodGet, "/containers/"+like+"/json", nil, &found)
	delete(found.Config, "Labels") // the daemon must not take the copy for its own
	delete(found.Config, "Hostname")
	found.Config["HostConfig"] = found.HostConfig
	var err error
	if d.body, err = json.Marshal(found.Config); err != nil {
		b.Fatal(err)
	}
	return d
}

func (d *bareDocker) call(method, path string, body []byte, into any) {
	d.b.Helper()
	request, err := http.NewRequest(method, "http://docker"+path, bytes.NewReader(body))
	if err != nil {
		d.b.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := d.http.Do(request)
	if err != nil {
		d.b.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode >= 300 {
		d.b.Fatalf("%s %s: %s %s %v", method, path, response.Status, answer, err)
	}
	if into != nil {
		if err := json.Unmarshal(answer, into); err != nil {
			d.b.Fatal(err)
		}
	}
}

// run creates and starts a copy, and returns how long that took until its first 200.
func (d *bareDocker) run() time.Duration {
	d.b.Helper()
	began := time.Now()
	id := d.create()
	defer d.remove(id)
	return d.startUntilAnswer(id, began)
}

func (d *bareDocker) create() string {
	d.b.Helper()
	var made struct{ ID string }
	d.call(http.MethodPost, "/containers/create", d.body, &made)
	return made.ID
}

func (d *bareDocker) remove(id string) {
	d.b.Helper()
	d.call(http.MethodDelete, "/containers/"+id+"?force=true", nil, nil)
}

// startUntilAnswer starts a container and returns how long after began it answers.
func (d *bareDocker) startUntilAnswer(id string, began time.Time) time.Duration {
	d.b.Helper()
	d.call(http.MethodPost, "/containers/"+id+"/start", nil, nil)
	return d.untilAnswer(d.address(id), began)
}

// address is where a container answers.
func (d *bareDocker) address(id string) string {
	d.b.Helper()
	var found struct {
		NetworkSettings struct {
			Networks map[string]struct{ IPAddress string }
		}
	}
	d.call(http.MethodGet, "/containers/"+id+"/json", nil, &found)
	for _, network := range found.NetworkSettings.Networks {
		return fmt.Sprintf("http://%s:8080/", network.IPAddress)
	}
	d.b.Fatal("the copy has no address")
	return ""
}

func (d *bareDocker) untilAnswer(address string, began time.Time) time.Duration {
	d.b.Helper()
	for time.Since(began) < 30*time.Second {
		response, err := http.Get(address)
		if err == nil {
			response.Body.Close()
			return time.Since(began)
		}
		time.Sleep(time.Millisecond)
	}
	d.b.Fatal("the copy never answered")
	return 0
}
