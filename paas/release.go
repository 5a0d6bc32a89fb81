package paas

import (
	"context"
	"fmt"
	"io"
	"time"
)

// EReleaseFailed is the code of a version whose release command failed.
const EReleaseFailed Code = "E_RELEASE_FAILED"

// releaseTimeout bounds a release command, which migrates databases.
const releaseTimeout = 15 * time.Minute

// release runs the release command once in the new image, before anything of it starts. Its failure
// fails the deployment.
func (p *Platform) release(ctx context.Context, d Deployment, out io.Writer) error {
	if !d.releaseCommand() {
		return nil
	}
	fmt.Fprintln(out, "Running the release command")
	spec := p.oneOff(d, ReleaseProcess)
	spec.Command = d.App.Release
	bounded, cancel := context.WithTimeout(ctx, releaseTimeout)
	defer cancel()
	out = &sharedWriter{to: out}
	ending, err := p.Engine.Run(bounded, spec, Streams{Output: out, Errors: out})
	switch {
	case bounded.Err() != nil && ctx.Err() == nil:
		return Diagnosis{EReleaseFailed, fmt.Sprintf("the release command had not ended after %s. Make it end, or run long work with `paastech run`.", releaseTimeout)}.Error()
	case err != nil:
		return err
	case ending.OOMKilled:
		return Diagnosis{EReleaseFailed, "the release command used more memory than its limit and was killed. Make it use less, or ask for a higher limit (limits.memory in paastech/app.yaml)."}.Error()
	case ending.ExitCode != 0:
		return Diagnosis{EReleaseFailed, fmt.Sprintf("the release command ended with exit code %d, so this version takes no traffic. Its output above says why.", ending.ExitCode)}.Error()
	}
	return nil
}

// oneOff is a container of a deployment that runs to its end and takes no traffic.
func (p *Platform) oneOff(d Deployment, process string) ContainerSpec {
	spec := p.containerSpec(d, slot{process, 1})
	spec.OneOff, spec.Port, spec.Hostname = true, 0, ""
	return spec
}
