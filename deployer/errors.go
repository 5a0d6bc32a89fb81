package deployer

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"golang.org/x/sys/unix"

	"github.com/paastech-cloud/paastech/paas"
)

// errSilent is why a call ended that Docker did not answer in time.
var errSilent = errors.New("no answer in time")

// within bounds a call to Docker.
func (e *Engine) within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, e.options.CallTimeout, errSilent)
}

// translate turns an error of Docker into one of ours; ctx is the one that the call was bounded with.
func translate(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	cause := context.Cause(ctx)
	switch {
	case cause != nil && !errors.Is(cause, errSilent):
		return fmt.Errorf("%s: %w", doing, cause)
	case errdefs.IsNotFound(err):
		return paas.Errorf(paas.NotFound, paas.ENotFound, "There is no such container or network.").Because(fmt.Errorf("%s: %w", doing, err))
	case noSpace(err):
		return diskFull(fmt.Errorf("%s: %w", doing, err))
	case notRunning(err):
		return paas.Errorf(paas.Conflict, paas.EConflict, "The container does not run.").Because(fmt.Errorf("%s: %w", doing, err))
	default:
		return paas.Errorf(paas.Unavailable, paas.EUnavailable, "The container engine does not work at the moment; try again when it does.").Because(fmt.Errorf("%s: %w", doing, err))
	}
}

// translateImage tells an image that cannot be made a container of, or cannot be started, from an
// engine that does not work.
func translateImage(ctx context.Context, doing string, err error) error {
	if wrongArchitecture(err) {
		return architectureRejected(fmt.Errorf("%s: %w", doing, err))
	}
	if err != nil && containsAny(err.Error(), "bind source path does not exist") { // Docker does not see the mount
		return unmounted(fmt.Errorf("%s: %w", doing, err))
	}
	if errdefs.IsInvalidArgument(err) {
		return paas.Errorf(paas.Rejected, paas.ECommandNotFound, "the image cannot be started: %s. Check the Procfile or the start script.", reason(err)).Because(fmt.Errorf("%s: %w", doing, err))
	}
	return translate(ctx, doing, err)
}

// wrongArchitecture tells a program or an image of another processor, as the kernel and Docker say it.
func wrongArchitecture(err error) bool {
	return err != nil && containsAny(err.Error(), "exec format error", "no matching manifest for", "does not match the detected host platform", "cannot be used on this platform")
}

func architectureRejected(cause error) error {
	return paas.Errorf(paas.Rejected, paas.EWrongArch, "the image is for another kind of processor than this host's (%s). Build it here, or for this host's architecture.", runtime.GOARCH).Because(cause)
}

func noSpace(err error) bool {
	return errors.Is(err, unix.ENOSPC) || containsAny(err.Error(), "no space left on device")
}

func diskFull(cause error) error {
	return paas.Errorf(paas.Unavailable, paas.EDiskFull, "The platform's disk is full. Delete projects or volumes that are not needed, or have an administrator enlarge the disk.").Because(cause)
}

// notRunning tells that Docker refused to do something in a container that has ended.
func notRunning(err error) bool {
	return errdefs.IsConflict(err) && containsAny(err.Error(), "is not running", "is restarting", "is paused")
}

func containsAny(text string, parts ...string) bool {
	text = strings.ToLower(text)
	return slices.ContainsFunc(parts, func(part string) bool { return strings.Contains(text, part) })
}

// reason is what Docker says, without what it says before each error.
func reason(err error) string {
	return strings.TrimSuffix(strings.TrimPrefix(err.Error(), "Error response from daemon: "), ".")
}

// unlessGone forgets the error of removing or stopping what is not there.
func unlessGone(err error) error {
	if paas.IsKind(err, paas.NotFound) {
		return nil
	}
	return err
}
