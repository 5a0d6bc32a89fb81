package paas

import (
	"context"
	"fmt"
	"io"
	"maps"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// settleTime is how long a process without a port must live to count as started.
const settleTime = time.Second

// launchAll starts every container of the deployment and waits until all are ready; nothing is left
// of a version of which one is not.
func (p *Platform) launchAll(ctx context.Context, d *Deployment, out io.Writer) ([]Container, error) {
	var mu sync.Mutex // guards launched and d.Port
	var launched []Container
	out = &sharedWriter{to: out}
	group, starting := errgroup.WithContext(ctx)
	for _, o := range plan(nil, wanted{project: d.Project, deployment: d, rollout: true}) {
		if o.Kind != OpLaunch {
			continue
		}
		group.Go(func() error {
			container, err := p.Engine.Launch(starting, p.containerSpec(*d, slot{o.Process, o.Index}))
			if err != nil {
				return err
			}
			p.collector.begin(container)
			mu.Lock()
			launched = append(launched, container)
			mu.Unlock()
			port, err := p.awaitReady(starting, *d, container, out)
			if port > 0 {
				mu.Lock()
				d.Port = port
				mu.Unlock()
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		p.discardAll(ctx, launched)
		return nil, err
	}
	return launched, nil
}

// awaitReady waits until a container is ready and keeps it; the port is where the web process answered.
func (p *Platform) awaitReady(ctx context.Context, d Deployment, container Container, out io.Writer) (port int, err error) {
	probe := p.readinessProbe(d, container.Process)
	seen, err := p.Engine.Await(ctx, container.ID, probe)
	if err != nil {
		return 0, err
	}
	if !seen.Ready {
		lines := p.showLastLines(ctx, container, out)
		return 0, diagnoseStart(seen, container.Process, probe, lines).Error()
	}
	return seen.Port, p.Engine.Keep(ctx, container.ID)
}

// containerSpec is one container of a deployment; PORT is always told.
func (p *Platform) containerSpec(d Deployment, place slot) ContainerSpec {
	env := maps.Clone(d.Env)
	if env == nil {
		env = Env{}
	}
	port := env.Port()
	env["PORT"] = Secret(fmt.Sprint(port))
	process := d.App.Processes[place.process]
	spec := ContainerSpec{
		Project: d.Project, Deployment: d.Number, Process: place.process, Index: place.index, Image: d.Image.Ref, Command: process.Command,
		Env: env, Limits: d.App.Limits.with(process.Limits), Volumes: d.App.Volumes, Files: d.App.Files,
	}
	if place.process == d.Image.Entry() {
		spec.Port, spec.Hostname = port, p.Hostname(d.Project)
	}
	return spec
}

// readinessProbe is how a new container of a process is asked whether it is ready.
func (p *Platform) readinessProbe(d Deployment, process string) Probe {
	health := d.App.Health
	probe := Probe{Path: health.Path, TCP: health.TCP, H2C: d.App.HTTP.Protocol == H2C, Timeout: time.Duration(health.Timeout), Deadline: time.Duration(health.Deadline), Settle: settleTime}
	probe.Deadline = defaultTo(probe.Deadline, p.ReadyTimeout)
	if process == d.Image.Entry() {
		probe.Ports = probePorts(d.Env.Port())
	}
	return probe
}

// legacyPort is where images of the first PaaSTech listened, whatever PORT said.
const legacyPort = 80

func probePorts(port int) []int {
	if port == legacyPort {
		return []int{port}
	}
	return []int{port, legacyPort}
}

// discard removes a container that never took traffic, even when the deployment was canceled.
func (p *Platform) discard(ctx context.Context, id ContainerID) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	if err := p.Engine.Remove(ctx, id); err != nil {
		p.Log.ErrorContext(ctx, "remove container", "container", id, "error", err)
	}
}

func (p *Platform) discardAll(ctx context.Context, containers []Container) {
	var removals sync.WaitGroup
	for _, container := range containers {
		removals.Go(func() { p.discard(ctx, container.ID) })
	}
	removals.Wait()
}

// lastLines is how much of a failed version's log the person sees.
const lastLines = 20

func (p *Platform) showLastLines(ctx context.Context, container Container, out io.Writer) (lines []string) {
	p.collector.drain(ctx, container)
	fmt.Fprintln(out, "The app's last lines:")
	query := LogQuery{Tail: lastLines, Deployment: container.Deployment, Process: slot{container.Process, container.Index}.String()}
	for line, err := range p.Logbook.Read(ctx, container.Project, query) {
		if err != nil {
			p.Log.WarnContext(ctx, "read the log of a failed start", "container", container.ID, "error", err)
			return lines
		}
		fmt.Fprintln(out, line.Text)
		lines = append(lines, line.Text)
	}
	if len(lines) == 0 {
		fmt.Fprintln(out, "(it wrote nothing)")
	}
	return lines
}

// sharedWriter lets containers that start side by side write to one output.
type sharedWriter struct {
	mu sync.Mutex // guards to
	to io.Writer
}

// Write writes.
func (w *sharedWriter) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.to.Write(text)
}
