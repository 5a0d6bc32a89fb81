package builder

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	cerrdefs "github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/registry"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/paastech-cloud/paastech/paas"
)

// about is what a builder image says about itself.
type about struct {
	image      string
	uid, gid   int
	runImage   string // by the name that the builder knows
	runID      string // what the engine has under that name; empty when nothing
	buildpacks []module
}

// module is a buildpack inside a builder.
type module struct {
	ID      string `json:"id"`
	Version string `json:"version"`
}

// metadata is the part of the label io.buildpacks.builder.metadata that is read here.
type metadata struct {
	Buildpacks []module `json:"buildpacks"`
	RunImages  []struct {
		Image string `json:"image"`
	} `json:"images"`
	Stack struct {
		RunImage struct {
			Image string `json:"image"`
		} `json:"runImage"`
	} `json:"stack"`
}

const metadataLabel = "io.buildpacks.builder.metadata"

// describe reads a builder image that the engine has.
func (b *Builder) describe(ctx context.Context, image string) (about, error) {
	seen, err := b.docker.ImageInspect(ctx, image)
	if err != nil {
		return about{}, fmt.Errorf("look at the builder %s: %w", image, err)
	}
	if seen.Config == nil || seen.Config.Labels[metadataLabel] == "" {
		return about{}, paas.Errorf(paas.Rejected, paas.EBuilderNot, "%s is not a Cloud Native Buildpacks builder.", image)
	}
	var said metadata
	if err := json.Unmarshal([]byte(seen.Config.Labels[metadataLabel]), &said); err != nil {
		return about{}, fmt.Errorf("read the metadata of the builder %s: %w", image, err)
	}
	found := about{image: image, buildpacks: said.Buildpacks, runImage: said.Stack.RunImage.Image}
	if len(said.RunImages) > 0 {
		found.runImage = said.RunImages[0].Image
	}
	found.uid, found.gid = idIn(seen.Config.Env, "CNB_USER_ID"), idIn(seen.Config.Env, "CNB_GROUP_ID")
	if found.uid <= 0 || found.gid <= 0 {
		return about{}, paas.Errorf(paas.Rejected, paas.EBuilderNot, "The builder %s builds as root, which is not allowed here.", image)
	}
	if run, err := b.docker.ImageInspect(ctx, found.runImage); err == nil {
		found.runID = run.ID
	}
	return found, nil
}

func idIn(env []string, name string) int {
	for _, line := range env {
		if value, ok := strings.CutPrefix(line, name+"="); ok {
			id, _ := strconv.Atoi(value)
			return id
		}
	}
	return 0
}

func isMissing(err error) bool { return cerrdefs.IsNotFound(err) }

// has tells whether the builder has the buildpack id, or id@version.
func (a about) has(locator string) bool {
	id, version, _ := strings.Cut(locator, "@")
	return slices.ContainsFunc(a.buildpacks, func(m module) bool {
		return m.ID == id && (version == "" || m.Version == version)
	})
}

// mirrorTag names the run image in the local registry by what it is.
func (a about) mirrorTag() string {
	_, sum, _ := strings.Cut(a.runID, ":")
	return sum[:min(12, len(sum))]
}

// mirrorName is the run image as builds pull it.
func (b *Builder) mirrorName(a about) string {
	return b.options.Registry.BuildAddress() + "/" + runRepository + ":" + a.mirrorTag()
}

// isMirrored tells whether the local registry has the run image.
func (b *Builder) isMirrored(ctx context.Context, a about) (bool, error) {
	if a.runID == "" {
		return false, nil
	}
	reference, err := name.ParseReference(b.mirrorName(a))
	if err != nil {
		return false, fmt.Errorf("name the run image: %w", err)
	}
	pass := b.options.Registry.Grant([]string{runRepository}, nil)
	defer pass.Revoke()
	_, err = remote.Head(reference, remote.WithContext(ctx), remote.WithAuthFromKeychain(b.keychain(pass)))
	if answer, ok := errors.AsType[*transport.Error](err); ok && answer.StatusCode == http.StatusNotFound {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ask the registry for the run image: %w", err)
	}
	return true, nil
}

// mirror puts a builder's run image into the local registry, from where builds take it.
func (b *Builder) mirror(ctx context.Context, a about, out io.Writer) error {
	if there, err := b.isMirrored(ctx, a); there || err != nil {
		return err
	}
	fmt.Fprintln(out, "-----> Putting the run image into the local registry (once)")
	pass := b.options.Registry.Grant(nil, []string{runRepository})
	defer pass.Revoke()
	local := b.options.Registry.PullAddress() + "/" + runRepository + ":" + a.mirrorTag()
	if err := b.docker.ImageTag(ctx, a.runID, local); err != nil {
		return fmt.Errorf("name the run image: %w", err)
	}
	defer b.docker.ImageRemove(context.WithoutCancel(ctx), local, image.RemoveOptions{})
	answer, err := b.docker.ImagePush(ctx, local, image.PushOptions{RegistryAuth: dockerAuth(pass)})
	if err != nil {
		return fmt.Errorf("push the run image: %w", err)
	}
	if err := drain(answer); err != nil {
		return fmt.Errorf("push the run image: %w", err)
	}
	return nil
}

func (b *Builder) pull(ctx context.Context, name string, out io.Writer) error {
	fmt.Fprintf(out, "-----> Pulling %s\n", name)
	answer, err := b.docker.ImagePull(ctx, name, image.PullOptions{})
	if err != nil {
		return err
	}
	return drain(answer)
}

// drain reads the engine's progress to its end; an error comes as one of its lines.
func drain(answer io.ReadCloser) error {
	defer answer.Close()
	lines := json.NewDecoder(answer)
	for {
		var line struct {
			Error string `json:"error"`
		}
		if err := lines.Decode(&line); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if line.Error != "" {
			return errors.New(line.Error)
		}
	}
}

func dockerAuth(pass paas.RegistryPass) string {
	var text bytes.Buffer
	json.NewEncoder(&text).Encode(registry.AuthConfig{Username: pass.Username, Password: pass.Password.Reveal()})
	return base64.URLEncoding.EncodeToString(text.Bytes())
}

// keychain opens the local registry with a pass, and nothing else.
func (b *Builder) keychain(pass paas.RegistryPass) authn.Keychain {
	return keychain{registry: b.options.Registry.BuildAddress(), pass: pass}
}

type keychain struct {
	registry string
	pass     paas.RegistryPass
}

// Resolve gives the pass to the local registry alone.
func (k keychain) Resolve(resource authn.Resource) (authn.Authenticator, error) {
	if resource.RegistryStr() != k.registry {
		return authn.Anonymous, nil
	}
	return authn.FromConfig(authn.AuthConfig{Username: k.pass.Username, Password: k.pass.Password.Reveal()}), nil
}
