package paas

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// rollout is how a deployment gets its image and where its progress goes.
type rollout struct {
	claim  *claim                                                      // of its owner's limits; released when the deployment has ended
	build  func(context.Context, Deployment, io.Writer) (Image, error) // nil when the deployment has its image
	output io.Writer                                                   // may be nil
	tied   bool                                                        // the caller's end cancels it
	queued func(Deployment)                                            // told the number; may be nil
}

// deploy stores the deployment, works on it in the queue and waits until it is live or failed. The
// error is what went wrong in it; the deployment returned is as far as it got.
func (p *Platform) deploy(ctx context.Context, deployment Deployment, how rollout) (Deployment, error) {
	deployment.State, deployment.CreatedAt = Queued, p.now()
	deployment, err := p.Store.CreateDeployment(ctx, deployment)
	if err != nil {
		how.claim.release()
		return Deployment{}, err
	}
	result := deployment
	job, err := p.queue.submit(ctx, deployment.Project, deployment.Number, func(ctx context.Context) error {
		defer how.claim.release()
		var err error
		result, err = p.carryOut(ctx, deployment, how)
		return err
	})
	if err != nil {
		how.claim.release()
		_, err = p.endFailed(ctx, deployment, err)
		return deployment, err
	}
	if how.queued != nil {
		how.queued(deployment)
	}
	if err := job.wait(ctx, how.tied); err != nil {
		return deployment, err
	}
	return result, nil
}

// carryOut takes a deployment from queued to live, or to failed with a diagnosis. The kept log ends
// with what went wrong; the caller gets it as the error and shows it itself.
func (p *Platform) carryOut(ctx context.Context, d Deployment, how rollout) (Deployment, error) {
	log, err := p.logs.create(d.Project, d.Number)
	if err != nil {
		return p.endFailed(ctx, d, fmt.Errorf("create build log: %w", err))
	}
	defer log.Close()
	out := io.Writer(log)
	if how.output != nil {
		out = io.MultiWriter(log, how.output)
	}
	d, err = p.buildAndStart(ctx, d, how, out)
	if err != nil {
		fmt.Fprintf(log, "%s: %s\n", Public(err).Code, Public(err).Message)
	}
	return d, err
}

func (p *Platform) buildAndStart(ctx context.Context, d Deployment, how rollout, out io.Writer) (Deployment, error) {
	if how.build != nil {
		var err error
		if d, err = p.build(ctx, d, how, out); err != nil {
			return p.endFailed(ctx, d, err)
		}
	}
	release, err := p.queue.take(ctx, d.Project)
	if err != nil {
		return p.endFailed(ctx, d, err)
	}
	defer release()
	if d, err = p.start(ctx, d, how.claim, out); err != nil {
		return p.endFailed(ctx, d, err)
	}
	return d, nil
}

func (p *Platform) build(ctx context.Context, d Deployment, how rollout, out io.Writer) (Deployment, error) {
	if err := p.advance(ctx, &d, Building); err != nil {
		return d, err
	}
	p.showStarting(d.Project)
	image, err := how.build(ctx, d, out)
	d.Image = image
	return d, err
}

// start brings a built deployment to live: release command, start new, ready, store, swap routes,
// retire the old.
func (p *Platform) start(ctx context.Context, d Deployment, claim *claim, out io.Writer) (Deployment, error) {
	project, err := p.Store.Project(ctx, d.Project)
	if err != nil {
		return d, err
	}
	d.configure(project)
	if err := p.checkVolumes(ctx, d.Project, d.App, d.Reason); err != nil {
		return d, err
	}
	if err := p.raise(ctx, claim, project, p.needs(d)); err != nil {
		return d, err
	}
	if err := p.advance(ctx, &d, Starting); err != nil {
		return d, err
	}
	if err := p.release(ctx, d, out); err != nil {
		return d, err
	}
	if d.Formation.total() == 1 {
		fmt.Fprintf(out, "Starting %s\n", d.Name())
	} else {
		fmt.Fprintf(out, "Starting %s: %s\n", d.Name(), d.Formation)
	}
	containers, err := p.launchAll(ctx, &d, out)
	if err != nil {
		return d, err
	}
	if err := p.commit(ctx, &d); err != nil {
		p.discardAll(ctx, containers)
		return d, err
	}
	p.takeOver(context.WithoutCancel(ctx), d, containers)
	p.sayVolumes(ctx, d, out)
	fmt.Fprintf(out, "%s is live at %s\n", d.Name(), p.ProjectURL(d.Project))
	return d, nil
}

// commit makes the deployment live in the store: from here it stands.
func (p *Platform) commit(ctx context.Context, d *Deployment) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	if _, err := p.Store.ChangeProject(ctx, d.Project, func(project *Project) error {
		project.Stopped = false
		return nil
	}); err != nil {
		return err
	}
	if err := p.Store.SetDepth(ctx, d.Project, Awake, time.Time{}); err != nil {
		return err
	}
	p.sleepers.slept(d.Project, Awake, p.now())
	return p.advance(ctx, d, Live)
}

func (p *Platform) advance(ctx context.Context, d *Deployment, to State) error {
	next := *d
	if err := next.Advance(to, p.now()); err != nil {
		return err
	}
	if err := p.Store.UpdateDeployment(ctx, next); err != nil {
		return err
	}
	*d = next
	p.tellDeployment(ctx, next)
	return nil
}

// endFailed stores why a deployment ended and returns that as the caller's error.
func (p *Platform) endFailed(ctx context.Context, d Deployment, err error) (Deployment, error) {
	state, why := Failed, err
	if canceled(err) || canceled(context.Cause(ctx)) { // what a cancel breaks off does not always say so
		state, why = Aborted, Errorf(Canceled, ECanceled, "The deployment was canceled; what ran before goes on running.").Because(err)
	}
	d.Diagnosis = diagnosisOf(why)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if Public(why).Kind == Internal {
		p.Log.ErrorContext(ctx, "deployment failed", "project", d.Project, "deployment", d.Number, "error", err)
	}
	if err := p.advance(ctx, &d, state); err != nil {
		p.Log.ErrorContext(ctx, "store the end of a deployment", "project", d.Project, "deployment", d.Number, "error", err)
	}
	p.refreshRoute(ctx, d.Project)
	return d, why
}

func canceled(err error) bool { return errors.Is(err, context.Canceled) || IsKind(err, Canceled) }
