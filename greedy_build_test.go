package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestGreedyBuild pushes an application whose build asks for four times its memory, and one whose build
// never ends: the first dies with its diagnosis, the second is canceled and leaves nothing. Meanwhile the
// neighbour's requests are answered, with PAASTECH_SOAK=1 in twice the time and the cancel in 2 s.
func TestGreedyBuild(t *testing.T) {
	soak := os.Getenv("PAASTECH_SOAK") == "1"
	neighbour := newPlain(t, time.Second)
	neighbour.kill()
	neighbour.env = append(neighbour.env, "PAASTECH_BUILDER_MEMORY=384MiB")
	neighbour.start()
	neighbour.until("the neighbour answers", neighbour.answers)
	greedy := &echo{doomed: neighbour.doomed, ingress: neighbour.ingress, dir: filepath.Join(t.TempDir(), "greedy")}
	if err := os.Mkdir(greedy.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, greedy.dir, "package.json", `{"name": "app", "version": "1.0.0", "scripts": {"build": "node build.js", "start": "node build.js"}}`)
	write(t, greedy.dir, "build.js", `const all = []; for (let n = 0; n < 4 * 384; n++) all.push(Buffer.alloc(1 << 20, 1))`)
	greedy.run("git", "init", "-q", "-b", "main")
	greedy.run("git", "add", ".")
	greedy.run("git", "commit", "-qm", "greedy")
	greedy.run("paastech", "init", "greedy", "--yes")
	greedy.id = neighbour.projectID("greedy")

	before := neighbour.watched(func() { time.Sleep(3 * time.Second) })
	var out []byte
	var err error
	during := neighbour.watched(func() { out, err = greedy.push() })
	t.Logf("neighbour: p99 %s during the build out of memory, %s before, %d requests", during.p99, before.p99, during.sent)
	if err == nil || !strings.Contains(string(out), "E_BUILD_OUT_OF_MEMORY") {
		t.Errorf("a build out of memory: %v\n%s", err, out)
	}
	if before.failed+during.failed > 0 {
		t.Errorf("%d of the neighbour's requests failed", before.failed+during.failed)
	}
	if soak && during.p99 > max(2*before.p99, 5*time.Millisecond) {
		t.Errorf("the neighbour's p99 was %s, %s before", during.p99, before.p99)
	}

	write(t, greedy.dir, "build.js", `console.log("building for ever"); setInterval(() => {}, 1000)`)
	greedy.run("git", "commit", "-qam", "endless")
	pushed := make(chan string)
	go func() {
		out, _ := greedy.push() // it fails: it is canceled
		pushed <- string(out)
	}()
	greedy.until("it is being built", func() bool { return len(greedy.leftovers()) > 0 })
	time.Sleep(2 * time.Second) // into the build script, or on the way to it: both must end
	began := time.Now()
	if status := greedy.call(http.MethodPost, fmt.Sprintf("/projects/%s/deployments/%s/cancel", greedy.id, greedy.newest(0)), nil, nil); status != http.StatusOK {
		t.Fatalf("cancel: %d", status)
	}
	greedy.until("nothing is left of the build", func() bool { return len(greedy.leftovers()) == 0 })
	took := time.Since(began)
	t.Logf("nothing was left %s after the call to cancel", took.Round(time.Millisecond))
	if soak && took > 2*time.Second {
		t.Errorf("a canceled build was there for %s more", took)
	}
	if out := <-pushed; !strings.Contains(out, "E_CANCELED") {
		t.Errorf("the push of a canceled build says\n%s", out)
	}
	neighbour.check()
}

// push pushes and returns what git said.
func (a *echo) push() ([]byte, error) {
	command := exec.Command("git", "push", "paastech", "main")
	command.Env, command.Dir = a.env, a.dir
	return command.CombinedOutput()
}

// projectID finds a project of the administrator by its name.
func (a *echo) projectID(name string) string {
	a.t.Helper()
	var all []struct{ ID, Name string }
	if status := a.call(http.MethodGet, "/projects/my", nil, &all); status != http.StatusOK {
		a.t.Fatalf("projects: %d", status)
	}
	for _, project := range all {
		if project.Name == name {
			return project.ID
		}
	}
	a.t.Fatalf("there is no project %s", name)
	return ""
}

// leftovers are the containers and volumes of the project's builds that end with them.
func (a *echo) leftovers() []string {
	a.t.Helper()
	var all []string
	for _, command := range [][]string{{"ps", "-aq"}, {"volume", "ls", "-q"}} {
		all = append(all, strings.Fields(docker(a.t, append(command, "--filter", "label=paastech.build", "--filter", "label=paastech.project="+a.id)...))...)
	}
	return all
}
