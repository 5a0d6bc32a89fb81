package deployer

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/containerd/errdefs"

	"github.com/paastech-cloud/paastech/paas"
)

// EImagePull is the code of an image that could not be fetched.
const EImagePull paas.Code = "E_IMAGE_PULL"

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
	default:
		return paas.Errorf(paas.Unavailable, paas.EUnavailable, "The container engine does not work at the moment; try again when it does.").Because(fmt.Errorf("%s: %w", doing, err))
	}
}

// translateImage tells an image that cannot be made a container of, or cannot be started, from an
// engine that does not work.
func translateImage(ctx context.Context, doing string, err error) error {
	if errdefs.IsInvalidArgument(err) {
		return paas.Errorf(paas.Rejected, paas.ECommandNotFound, "the image cannot be started: %s. Check the Procfile or the start script.", reason(err)).Because(fmt.Errorf("%s: %w", doing, err))
	}
	return translate(ctx, doing, err)
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
