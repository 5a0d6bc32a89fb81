package ui_test

import (
	"context"
	"fmt"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/paas/paastest"
)

// busy is an engine in which containers run, without any.
type busy struct {
	paastest.Engine
	containers []paas.Container
	since      time.Time // they run
}

func (b *busy) ContainersOf(ctx context.Context, id paas.ProjectID) ([]paas.Container, error) {
	all, err := b.Containers(ctx)
	return slices.DeleteFunc(slices.Clone(all), func(c paas.Container) bool { return c.Project != id }), err
}

func (b *busy) Containers(context.Context) ([]paas.Container, error) { return b.containers, nil }

func (b *busy) Statistics(context.Context, paas.ContainerID) (paas.Statistics, error) {
	seconds := uint64(time.Since(b.since).Seconds())
	return paas.Statistics{CPUUsage: 9.5, MemoryUsage: 52 << 20, MemoryLimit: 128 << 20, Received: seconds * 1500, Sent: seconds * 15000}, nil
}

// busyRouter leads requests to one project all the time.
type busyRouter struct {
	paastest.Router
	to    paas.ProjectID
	since time.Time
}

func (r *busyRouter) Traffic() map[paas.ProjectID]paas.Traffic {
	n := uint64(30 * time.Since(r.since).Seconds())
	return map[paas.ProjectID]paas.Traffic{r.to: {Requests: n, Latency: spread(n)}}
}

// spread is how long so many requests took: most a little, one of a hundred long. What was measured before a
// test and what is measured during it are alike, so that its pages say the same on either side of a reading.
func spread(requests uint64) (latency [len(paas.LatencyBounds) + 1]uint64) {
	latency[3], latency[8] = requests*8/10, requests/100
	latency[5] = requests - latency[3] - latency[8]
	return latency
}

// words are what the inhabitants of a platform call their things.
type words struct{ project, branch, line, value, subject, author string }

var plainWords = words{project: "space-way", branch: "main", line: "GET /planets 200 in 12 ms", value: "Good morning", subject: "Show the planets in the order of their distance", author: "Grace Hopper"}

// nasty ends every kind of place that a text may stand in and runs a script there.
const nasty = `"'>--></title></textarea></script><script>window.owned=1</script><img src=x onerror="window.owned=1"><svg onload=window.owned=1>{{.}}javascript:alert(1)` + "\x1b]8;;javascript:alert(1)\x07\x1b[31mred\x1b[999m\u202etxt.exe\u2066\u200b"

var nastyWords = words{project: nasty, branch: nasty, line: nasty, value: nasty, subject: nasty, author: nasty}

// buildLog is what a build writes.
const buildLog = "===> DETECTING\nnode 1.0.0\n===> BUILDING\n\x1b[36mInstalling 42 packages\x1b[0m\n%s\n\x1b[32m✔\x1b[0m npm ci took 1.9 s\n===> EXPORTING\nStarting v%d: web=2 worker=1\n"

// inhabited is a platform at which people have worked for a while, with ada logged out.
type inhabited struct {
	*visitor
	engine  *busy
	running paas.Project
	failing paas.Project
	empty   paas.Project

	accounts accountWords // of whom is there besides, once there is an administrator
}

func newInhabited(t *testing.T, said words) *inhabited {
	t.Helper()
	engine, router := &busy{since: time.Now()}, &busyRouter{since: time.Now()}
	v := newVisitor(t, withLogbook(t), func(o *paas.Options) { o.Engine, o.Router = engine, router })
	h := &inhabited{visitor: v, engine: engine, running: v.project("space-way"), failing: v.project("failing"), empty: v.project("empty")}
	router.to = h.running.ID
	_, err := v.store.ChangeProject(t.Context(), h.failing.ID, func(project *paas.Project) error {
		project.Reception = paas.Reception{Admission: paas.AdmissionMaintenance, Notice: said.value}
		return nil
	})
	v.must(err)
	if h.accounts = plainAccounts; said == nastyWords {
		h.accounts = nastyAccounts
	}
	now := time.Now()
	web, worker := paas.Process{Type: "web", Command: "node server.js", Default: true}, paas.Process{Type: "worker", Command: "node worker.js --queue mail"}
	for n := 1; n <= 7; n++ {
		d := paas.Deployment{
			Project: h.running.ID, State: paas.Superseded, Reason: paas.ReasonPush, By: v.ada.ID, Branch: said.branch, Commit: paas.CommitID(fmt.Sprintf("c0ffee%d123456789", n)),
			Image: paas.Image{Ref: paas.ImageRef(fmt.Sprintf("space@sha256:%d", n)), Processes: []paas.Process{web, worker}}, Formation: paas.Formation{"web": 2, "worker": 1},
			Env: paas.Env{"GREETING": paas.Secret(said.value)}, Port: 8080, CreatedAt: now.Add(time.Duration(n-8) * 3 * time.Hour).Add(-40 * time.Minute),
			Note: paas.CommitNote{Subject: said.subject, Author: said.author},
		}
		begun, built := d.CreatedAt.Add(time.Duration(n%3)*700*time.Millisecond), d.CreatedAt.Add(time.Duration(2600+400*n)*time.Millisecond)
		live, ended := built.Add(500*time.Millisecond), d.CreatedAt.Add(3*time.Hour)
		d.BegunAt, d.BuiltAt, d.LiveAt, d.EndedAt = &begun, &built, &live, &ended
		switch n {
		case 3:
			d.Reason, d.BegunAt, d.Formation = paas.ReasonScale, nil, paas.Formation{"web": 3, "worker": 1}
		case 5:
			ended = built.Add(4 * time.Second)
			d.State, d.LiveAt, d.Diagnosis = paas.Failed, nil, &paas.Diagnosis{Code: paas.ENoPort, Message: "the app never listened on $PORT (8080); it listened on 127.0.0.1:3000. Listen on 0.0.0.0:$PORT."}
		case 7:
			d.State, d.EndedAt = paas.Live, nil
		}
		h.deploy(d)
	}
	log := filepath.Join(v.platform.DataDir, "logs", string(h.running.ID))
	h.must(os.MkdirAll(log, 0o700))
	for n := 1; n <= 7; n++ {
		h.must(os.WriteFile(filepath.Join(log, fmt.Sprintf("%d.log", n)), fmt.Appendf(nil, buildLog, said.line, n), 0o600))
	}
	h.deploy(paas.Deployment{
		Project: h.failing.ID, State: paas.Failed, Reason: paas.ReasonPush, By: v.ada.ID, Branch: said.branch, Commit: "bad0123456789", CreatedAt: now.Add(-5 * time.Minute),
		Diagnosis: &paas.Diagnosis{Code: paas.EBuildFailed, Message: "the build failed: " + said.line},
	})
	for i, process := range []string{"web", "web", "worker"} {
		c := paas.Container{ID: paas.ContainerID(fmt.Sprintf("c%d", i)), Project: h.running.ID, Deployment: 7, Process: process, Index: i%2 + 1, Running: true, Address: netip.MustParseAddr("10.214.1.2")}
		engine.containers = append(engine.containers, c)
	}
	h.chat(now, said.line)
	h.measure(now)
	proven := now.Add(-time.Hour)
	for _, d := range []paas.Domain{
		{Name: "shop.example.com", ProvenAt: &proven}, {Name: "www.shop.example.com", Redirect: "shop.example.com", ProvenAt: &proven},
		{Name: "*.wild.example.com", Trouble: "There is no TXT record _paastech.wild.example.com yet. " + said.line},
	} {
		d.Project, d.Token, d.CreatedAt, d.CheckedAt = h.running.ID, "5f0c7be2a91d4c3e8f6a2b7d9e1c0a44", now.Add(-2*time.Hour), now.Add(-time.Minute)
		h.must(v.store.AddDomain(t.Context(), d, 50))
		h.must(v.store.SaveDomain(t.Context(), d))
	}
	h.must(func() error {
		_, err := v.store.ChangeProject(t.Context(), h.running.ID, func(p *paas.Project) error {
			p.Name, p.DeployBranch = said.project, said.branch // by the rules no name is nasty; pages must not depend on them
			p.Env = paas.Env{"GREETING": paas.Secret(said.value), "DATABASE_URL": "postgres://db.example.com/planets"}
			return nil
		})
		return err
	}())
	return h
}

// chat fills the logs of what runs and of what was built.
func (h *inhabited) chat(now time.Time, said string) {
	h.t.Helper()
	say := func(ago time.Duration, of int, stream paas.Stream, text string) {
		c := h.engine.containers[of]
		h.must(h.platform.Logbook.Append(h.t.Context(), h.running.ID, paas.LogLine{
			At: now.Add(-ago), Deployment: c.Deployment, Process: c.Process, Index: c.Index, Container: c.ID, Stream: stream, Text: text,
		}))
	}
	say(10*time.Minute, 2, paas.System, "started")
	say(9*time.Minute, 2, paas.Stdout, "\x1b[1mworker\x1b[0m \x1b[32m✓\x1b[0m 3 queues, \x1b[2m12 ms\x1b[0m")
	for n := range 40 {
		for of := range h.engine.containers {
			say(time.Duration(40-n)*time.Second-time.Duration(of)*time.Millisecond, of, paas.Stdout, said)
		}
	}
	say(900*time.Millisecond, 0, paas.Stderr, "\x1b[31mError: connect ECONNREFUSED 10.0.0.7:5432\x1b[0m\n    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1555:16)")
	say(800*time.Millisecond, 0, paas.Stdout, "\x1b[30;43m WARN \x1b[0m \x1b[38;5;208mretrying\x1b[0m in \x1b[36m2 s\x1b[0m, \x1b]8;;https://example.com\alink\x1b]8;;\a, nul \x00, \u202eturned\u202c")
	say(700*time.Millisecond, 2, paas.System, "killed for its memory: it had 512 MiB")
	dir := filepath.Join(h.dir, "logs", string(h.running.ID))
	h.must(os.MkdirAll(dir, 0o700))
	built := "\x1b[36m===> BUILDING\x1b[0m\nnode: npm ci\nadded 212 packages in 3s\n\x1b[33mnpm warn\x1b[0m deprecated glob@7.2.3\n" + said + "\n\x1b[36m===> EXPORTING\x1b[0m\nweb.1 answers on port 8080\n"
	for _, number := range []string{"4", "5", "7"} {
		h.must(os.WriteFile(filepath.Join(dir, number+".log"), []byte(built), 0o600))
	}
}

// measure stores what the running project used in the last two hours.
func (h *inhabited) measure(now time.Time) {
	h.t.Helper()
	var samples []paas.Sample
	for _, resolution := range paas.Resolutions {
		times := int(resolution.Span / paas.Resolutions[0].Span)
		for n := range 700 {
			at := now.Truncate(resolution.Span).Add(-time.Duration(n) * resolution.Span)
			wave := math.Sin(float64(at.Unix()) / 900)
			s := paas.Sample{Project: h.running.ID, At: at, Span: resolution.Span, Readings: times, CPU: 20 + 15*wave, Memory: uint64(150+20*wave) << 20, Limit: 384 << 20, Received: uint64(40000+20000*wave) * uint64(times), Sent: uint64(400000+200000*wave) * uint64(times)}
			s.Traffic.Requests = uint64(300+200*wave) * uint64(times)
			s.Traffic.Errors = uint64(max(0, wave*5)) * uint64(times)
			s.Traffic.Latency = spread(s.Traffic.Requests)
			samples = append(samples, s)
		}
	}
	h.must(h.store.AppendSamples(h.t.Context(), samples))
}

func (h *inhabited) deploy(d paas.Deployment) {
	h.t.Helper()
	_, err := h.store.CreateDeployment(h.t.Context(), d)
	h.must(err)
}

func (v *visitor) must(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
}
