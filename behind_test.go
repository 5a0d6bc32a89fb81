package main

import (
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestWhatIsRemovedBehindItsBackComesBack removes, kills and stops an application's containers with
// Docker's own commands, as a person or a reboot would: it answers again without anybody, and what runs
// is what was asked for. A daemon that is killed meanwhile does the rest when it is back.
func TestWhatIsRemovedBehindItsBackComesBack(t *testing.T) {
	a := newEcho(t, time.Second)
	if status := a.call(http.MethodPatch, "/projects/"+a.id+"/scale", map[string]int{"web": 2, "worker": 1}, nil); status != http.StatusOK {
		t.Fatalf("scale: %d", status)
	}
	a.settled(3)
	for _, act := range []struct {
		name string
		do   func()
	}{
		{"all are removed", func() { a.docker("rm", "-f") }},
		{"all are killed", func() { a.docker("kill") }},
		{"all are stopped", func() { a.docker("stop", "-t", "1") }},
		{"one is removed", func() { a.docker1("rm", "-f") }},
		{"all are removed while the daemon is away", func() { a.kill(); a.docker("rm", "-f"); a.start() }},
	} {
		began := time.Now()
		act.do()
		a.until(act.name+": it answers again", a.answers)
		t.Logf("%s: answered %s after that", act.name, time.Since(began).Round(time.Millisecond))
		a.settled(3)
	}
	a.check()
}

// containers are the ids of the application's.
func (a *echo) containers() []string {
	a.t.Helper()
	return strings.Fields(docker(a.t, "ps", "-q", "--no-trunc", "--filter", "label=paastech.project="+a.id))
}

// docker is what Docker's command says.
func docker(t testing.TB, args ...string) string {
	t.Helper()
	var complaint strings.Builder
	command := exec.Command("docker", args...)
	command.Stderr = &complaint
	out, err := command.Output()
	if err != nil {
		t.Fatalf("docker %v: %v\n%s%s", args, err, out, &complaint)
	}
	return strings.TrimSpace(string(out))
}

// settled waits until so many containers run, and no more.
func (a *echo) settled(count int) {
	a.t.Helper()
	a.until("as many containers as asked for run", func() bool { return len(a.containers()) == count && a.answers() })
}

func (a *echo) docker(args ...string) {
	a.t.Helper()
	docker(a.t, append(args, a.containers()...)...)
}

func (a *echo) docker1(args ...string) {
	a.t.Helper()
	docker(a.t, append(args, a.containers()[0])...)
}

// answers tells whether the application does.
func (a *echo) answers() bool {
	request, err := http.NewRequest(http.MethodGet, "http://"+a.ingress+"/", nil)
	if err != nil {
		a.t.Fatal(err)
	}
	request.Host = a.host
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}
