package deployer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/registry"
	"github.com/docker/docker/pkg/jsonmessage"

	"github.com/paastech-cloud/paastech/paas"
)

// image returns what Docker knows of an image, pulling it when it is not there.
func (e *Engine) image(ctx context.Context, ref paas.ImageRef) (image.InspectResponse, error) {
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
	credential, err := e.credential(ref)
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
	if _, told := errors.AsType[*jsonmessage.JSONError](err); told || errdefs.IsNotFound(err) || errdefs.IsInvalidArgument(err) || errdefs.IsUnauthorized(err) {
		return paas.Errorf(paas.Rejected, EImagePull, "the image could not be fetched from the registry: %s. Deploy again to build it anew.", reason(err)).Because(err)
	}
	return translate(ctx, "pull image", err)
}

func (e *Engine) credential(ref paas.ImageRef) (string, error) {
	if e.options.Credential == nil {
		return "", nil
	}
	user, password := e.options.Credential(ref)
	encoded, err := registry.EncodeAuthConfig(registry.AuthConfig{Username: user, Password: password.Reveal()})
	if err != nil {
		return "", fmt.Errorf("encode the registry credential: %w", err)
	}
	return encoded, nil
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
