package deployer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/pkg/jsonmessage"

	"github.com/paastech-cloud/paastech/paas"
)

// image returns what Docker knows of an image, pulling it when it is not there.
func (e *Engine) image(ctx context.Context, ref paas.ImageRef) (image.InspectResponse, error) {
	if _, err := reference.ParseNormalizedNamed(string(ref)); err != nil {
		return image.InspectResponse{}, pullRejected(err)
	}
	found, err := e.inspectImage(ctx, ref)
	if !paas.IsKind(err, paas.NotFound) {
		return found, err
	}
	if err := e.pull(ctx, ref); err != nil {
		return image.InspectResponse{}, err
	}
	return e.inspectImage(ctx, ref)
}

func (e *Engine) inspectImage(ctx context.Context, ref paas.ImageRef) (image.InspectResponse, error) {
	ctx, cancel := e.within(ctx)
	defer cancel()
	found, err := e.docker.ImageInspect(ctx, string(ref))
	return found, translate(ctx, "inspect image", err)
}

func (e *Engine) pull(ctx context.Context, ref paas.ImageRef) error {
	credential, err := e.registry.Load().credential(ref)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, pullTimeout, errSilent)
	defer cancel()
	progress, err := e.docker.ImagePull(ctx, string(ref), image.PullOptions{RegistryAuth: credential})
	if err == nil {
		err = errors.Join(drainPull(progress), progress.Close())
	}
	if err == nil {
		return nil
	}
	if wrongArchitecture(err) {
		return architectureRejected(err)
	}
	if context.Cause(ctx) == nil && !noSpace(err) && registryFailed(err) {
		return pullRejected(err)
	}
	return translate(ctx, "pull image", err)
}

// registryFailed tells what Docker answers about a registry from its own silence. It calls most of
// that an internal error.
func registryFailed(err error) bool {
	_, told := errors.AsType[*jsonmessage.JSONError](err)
	return told || errdefs.IsInternal(err) || errdefs.IsNotFound(err) || errdefs.IsInvalidArgument(err) || errdefs.IsUnauthorized(err) || errdefs.IsPermissionDenied(err)
}

func pullRejected(err error) error {
	return paas.Errorf(paas.Rejected, paas.EImageUnavailable, "the image could not be fetched from the registry: %s. Push again to build it anew.", reason(err)).Because(err)
}

// drainPull reads Docker's progress to its end and returns the failure that is in it.
func drainPull(progress io.Reader) error {
	decoder := json.NewDecoder(progress)
	for {
		var message jsonmessage.JSONMessage
		switch err := decoder.Decode(&message); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read the progress of the pull: %w", err)
		case message.Error != nil:
			return message.Error
		}
	}
}
