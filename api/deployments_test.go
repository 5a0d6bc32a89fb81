package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/api/client"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

func TestDeployBeforeTheFirstPush(t *testing.T) {
	w := newWorld(t)
	_, err := w.ada.Deploy(t.Context(), w.project.ID, nil, client.Wait)
	if !paas.IsCode(err, paas.ENeverBuilt) || !paas.IsKind(err, paas.NotFound) {
		t.Errorf("%v", err)
	}
	statistics, err := w.ada.Statistics(t.Context(), w.project.ID)
	if err != nil || statistics != (paas.Statistics{}) {
		t.Errorf("%+v, %v", statistics, err)
	}
}

func TestLifeOfAProject(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	same, err := w.ada.Deploy(t.Context(), w.project.ID, nil, client.Wait)
	if err != nil || same.Number != 1 || same.State != paas.Live {
		t.Errorf("a deploy that changes nothing: %+v, %v", same, err)
	}
	again, err := w.ada.Restart(t.Context(), w.project.ID, client.Wait)
	if err != nil || again.Number != 2 || again.Name != "v2" || again.Reason != paas.ReasonRestart {
		t.Errorf("%+v, %v", again, err)
	}
	if err := w.ada.Stop(t.Context(), w.project.ID); err != nil {
		t.Fatal(err)
	}
	w.eventually("stopped", func() bool {
		p, err := w.ada.Project(t.Context(), w.project.ID)
		return err == nil && p.Status == paas.StatusStopped
	})
	if started, err := w.ada.Start(t.Context(), w.project.ID, client.Wait); err != nil || started.State != paas.Live {
		t.Errorf("%+v, %v", started, err)
	}
	if statistics, err := w.ada.Statistics(t.Context(), w.project.ID); err != nil || statistics.CPUUsage == 0 {
		t.Errorf("%+v, %v", statistics, err)
	}
	all, err := w.ada.Deployments(t.Context(), w.project.ID, 2)
	if err != nil || len(all) != 2 || all[0].Number != 3 {
		t.Errorf("%+v, %v", all, err)
	}
	if one, err := w.ada.Deployment(t.Context(), w.project.ID, 1); err != nil || one.State != paas.Superseded || one.Commit != "c0ffee" {
		t.Errorf("%+v, %v", one, err)
	}
	if _, err := w.ada.Deployment(t.Context(), w.project.ID, 9); !paas.IsKind(err, paas.NotFound) {
		t.Errorf("%v", err)
	}
}

func TestFirstClientsDeploy(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	path := "/api/v1/projects/" + string(w.project.ID) + "/deploy"
	for _, try := range []struct {
		body   string
		status int
		env    string
	}{
		{`{"env_vars":{"A":"1","B":"2"},"unknown":true}`, 200, "map[A:1 B:2]"},
		{`{"env_vars":{}}`, 200, "map[A:1 B:2]"},
		{`{}`, 200, "map[A:1 B:2]"},
		{``, 200, "map[A:1 B:2]"},
		{`{"env_vars":{"1A":"x"}}`, 400, "map[A:1 B:2]"},
		{`{"env_vars":{"A":1}}`, 400, "map[A:1 B:2]"},
		{`{"env_vars":{"C":"$(touch canary); ' \" ` + "`id`" + `"}}`, 200, "map[C:$(touch canary); ' \" `id`]"},
	} {
		status, answer := w.raw("PATCH", path, try.body, w.ada.token)
		_, project := w.raw("GET", "/api/v1/projects/"+string(w.project.ID), "", w.ada.token)
		env := fmt.Sprint(project["content"].(map[string]any)["config"].(map[string]any)["env"])
		if status != try.status || env != try.env {
			t.Errorf("%s: %d %v, env %s", try.body, status, answer, env)
		}
	}
}

func TestVariables(t *testing.T) {
	w := newWorld(t)
	one, no := paas.Secret("1"), false
	changed, err := w.ada.SetEnv(t.Context(), w.project.ID, map[string]*paas.Secret{"A": &one}, client.EnvOptions{})
	if err != nil || changed.Deployment != nil || changed.Env["A"] != "1" {
		t.Errorf("before the first build: %+v, %v", changed, err)
	}
	w.mustPush("one")
	changed, err = w.ada.SetEnv(t.Context(), w.project.ID, map[string]*paas.Secret{"B": &one}, client.EnvOptions{})
	if err != nil || changed.Deployment == nil || changed.Deployment.Number != 2 || changed.Deployment.State != paas.Live {
		t.Errorf("while live: %+v, %v", changed, err)
	}
	changed, err = w.ada.SetEnv(t.Context(), w.project.ID, map[string]*paas.Secret{"A": nil}, client.EnvOptions{Deploy: &no})
	if err != nil || changed.Deployment != nil || len(changed.Env) != 1 {
		t.Errorf("for later: %+v, %v", changed, err)
	}
	if _, err = w.ada.ReplaceEnv(t.Context(), w.project.ID, paas.Env{"NPM_TOKEN": "s"}, client.EnvOptions{Build: true}); err != nil {
		t.Error(err)
	}
	env, err := w.ada.Env(t.Context(), w.project.ID, client.EnvOptions{})
	build, buildErr := w.ada.Env(t.Context(), w.project.ID, client.EnvOptions{Build: true})
	if err != nil || buildErr != nil || fmt.Sprint(env.Lines(), build.Lines()) != "[B=1] [NPM_TOKEN=s]" {
		t.Errorf("%v %v, %v %v", env.Lines(), build.Lines(), err, buildErr)
	}
	for _, key := range []string{"PAASTECH_X", "a-b", "", "A=B", "A\nB"} {
		if _, err := w.ada.SetEnv(t.Context(), w.project.ID, map[string]*paas.Secret{key: &one}, client.EnvOptions{}); !paas.IsKind(err, paas.Invalid) {
			t.Errorf("%q: %v", key, err)
		}
	}
	if status, _ := w.raw("PUT", "/api/v1/projects/"+string(w.project.ID)+"/env", `{}`, w.ada.token); status != 400 {
		t.Errorf("a replacement without variables wiped them: %d", status)
	}
}

func TestFailedDeploymentAnswersItsDiagnosis(t *testing.T) {
	w := newWorld(t)
	if err := w.push("bad"); !paas.IsCode(err, paas.ENoPort) {
		t.Fatalf("%v", err)
	}
	status, answer := w.raw("POST", "/api/v1/projects/"+string(w.project.ID)+"/restart", "", w.ada.token)
	if status != http.StatusUnprocessableEntity || answer["code"] != string(paas.ENoPort) || !strings.Contains(answer["message"].(string), "127.0.0.1:3000") {
		t.Errorf("%d %v", status, answer)
	}
	_, err := w.ada.Deploy(t.Context(), w.project.ID, nil, client.Wait)
	if !paas.IsKind(err, paas.Rejected) || !paas.IsCode(err, paas.ENoPort) {
		t.Errorf("%v", err)
	}
	one, err := w.ada.Deployment(t.Context(), w.project.ID, 1)
	if err != nil || one.State != paas.Failed || one.Diagnosis == nil || one.Diagnosis.Code != paas.ENoPort {
		t.Errorf("%+v, %v", one, err)
	}
}

func TestNotWaiting(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	w.engine.ready = make(chan struct{})
	d, err := w.ada.Restart(t.Context(), w.project.ID, client.NoWait)
	if err != nil || d.Number != 2 || !d.State.Active() {
		t.Fatalf("%+v, %v", d, err)
	}
	close(w.engine.ready)
	var lines []string
	d, err = w.ada.FollowDeploymentLog(t.Context(), w.project.ID, 2, func(line string) error {
		lines = append(lines, line)
		return nil
	})
	if err != nil || d.State != paas.Live || len(lines) != 2 || lines[0] != "Starting v2" {
		t.Errorf("%+v, %v, %q", d, err, lines)
	}
	if status, _ := w.raw("POST", "/api/v1/projects/"+string(w.project.ID)+"/restart?wait=perhaps", "", w.ada.token); status != 400 {
		t.Errorf("%d", status)
	}
}

func TestLogs(t *testing.T) {
	w := newWorld(t)
	if text, err := w.ada.Logs(t.Context(), w.project.ID, client.LogQuery{}); err != nil || text != "" {
		t.Errorf("before the first push: %q, %v", text, err)
	}
	w.mustPush("one")
	w.written("first line\nsecond \uFFFD line\n")
	for query, want := range map[*client.LogQuery]string{
		{Tail: 1}: "second \uFFFD line\n", {Process: "web.1"}: "first line\nsecond \uFFFD line\n", {Process: "worker"}: "", {Deployment: 2}: "", {Grep: "FIRST"}: "first line\n",
		{Since: time.Now().Add(time.Hour)}: "", {Until: time.Now().Add(-time.Hour)}: "",
	} {
		if text, err := w.ada.Logs(t.Context(), w.project.ID, *query); err != nil || text != want {
			t.Errorf("%+v: %q, %v", *query, text, err)
		}
	}
	lines, err := w.ada.LogLines(t.Context(), w.project.ID, client.LogQuery{Tail: 1})
	if err != nil || len(lines) != 1 || lines[0].Process != "web.1" || lines[0].Deployment != 1 || lines[0].Stream != paas.Stdout || lines[0].At.IsZero() {
		t.Errorf("%+v, %v", lines, err)
	}
	for query, want := range map[string]int{"tail=0": 400, "tail=-1": 400, "since=yesterday": 400, "since=10m": 200, "since=2026-01-31T12:00:00Z": 200, "until=x": 400, "process=a%20b": 400, "deployment=v1": 400, "lines=perhaps": 400} {
		if status, answer := w.raw("GET", "/api/v1/projects/"+string(w.project.ID)+"/logs?"+query, "", w.ada.token); status != want {
			t.Errorf("%s: %d %v", query, status, answer)
		}
	}
	if text, err := w.ada.DeploymentLog(t.Context(), w.project.ID, 1); err != nil || !strings.HasPrefix(text, "building\nStarting v1\n") {
		t.Errorf("%q, %v", text, err)
	}
}

// written waits until the application's output has arrived in its log.
func (w *world) written(text string) {
	w.t.Helper()
	w.eventually("the log is "+text, func() bool {
		got, err := w.ada.Logs(w.t.Context(), w.project.ID, client.LogQuery{})
		return err == nil && got == text
	})
}

func TestLiveLogsEndWithTheCaller(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	ctx, cancel := context.WithCancel(t.Context())
	var lines []string
	err := w.ada.FollowLogs(ctx, w.project.ID, client.LogQuery{}, func(line wire.LogLine) error {
		if lines = append(lines, line.Text); len(lines) == 2 {
			w.must(func() error {
				return w.logbook.Append(t.Context(), w.project.ID, paas.LogLine{At: time.Now(), Process: "web", Index: 1, Stream: paas.Stderr, Text: "while somebody looks"})
			})
		}
		if len(lines) == 3 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || len(lines) < 3 || lines[2] != "while somebody looks" {
		t.Errorf("%v, %q", err, lines)
	}
}

func TestLiveLogsEndWithTheServer(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	began := make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		first := true
		ended <- w.ada.FollowLogs(t.Context(), w.project.ID, client.LogQuery{}, func(wire.LogLine) error {
			if first {
				close(began)
			}
			first = false
			return nil
		})
	}()
	<-began
	start := time.Now()
	w.end()
	if err := <-ended; err == nil {
		t.Error("the stream ended as if the application had")
	}
	if took := time.Since(start); took > 8*time.Second {
		t.Errorf("the server waited %s for a stream", took)
	}
}

// TestPagesOfDeployments walks through a list that goes on, and begins where it is told to.
func TestPagesOfDeployments(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	for range 4 {
		w.must(func() error { _, err := w.ada.Restart(t.Context(), w.project.ID, client.Wait); return err })
	}
	path := "/api/v1/projects/" + string(w.project.ID) + "/deployments?limit=2&cursor="
	var numbers []any
	cursor, pages := "", 0
	for more := true; more && pages < 9; pages++ {
		_, answer := w.raw("GET", path+cursor, "", w.ada.token)
		for _, one := range answer["content"].([]any) {
			numbers = append(numbers, one.(map[string]any)["number"])
		}
		cursor, more = answer["nextCursor"].(string)
	}
	if fmt.Sprint(numbers) != "[5 4 3 2 1]" || pages != 3 {
		t.Errorf("%v in %d pages", numbers, pages)
	}
	for _, wrong := range []string{"x", "0", "-1", "1.5", "99999999999999999999"} {
		if status, answer := w.raw("GET", path+wrong, "", w.ada.token); status != http.StatusBadRequest {
			t.Errorf("%s: %d %v", wrong, status, answer)
		}
	}
}
