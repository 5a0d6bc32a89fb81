package builder

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/paastech-cloud/paastech/paas"
)

// published reads back what the lifecycle published, and how much of it is not the base image's.
func (b *Builder) published(ctx context.Context, j *job) (paas.Image, int64, error) {
	reference, err := name.ParseReference(b.imageOf(j, fmt.Sprintf("v%d", j.Deployment)))
	if err != nil {
		return paas.Image{}, 0, fmt.Errorf("name the image: %w", err)
	}
	image, err := remote.Image(reference, remote.WithContext(ctx), remote.WithAuthFromKeychain(b.keychain(j.pass)))
	if err != nil {
		return paas.Image{}, 0, fmt.Errorf("look at the built image: %w", err)
	}
	digest, err := image.Digest()
	if err != nil {
		return paas.Image{}, 0, fmt.Errorf("look at the built image: %w", err)
	}
	config, err := image.ConfigFile()
	if err != nil {
		return paas.Image{}, 0, fmt.Errorf("look at the built image: %w", err)
	}
	manifest, err := image.Manifest()
	if err != nil {
		return paas.Image{}, 0, fmt.Errorf("look at the built image: %w", err)
	}
	processes, err := processesOf(config.Config.Labels, config.Config.Entrypoint)
	ref := fmt.Sprintf("%s/%s@%s", b.options.Registry.PullAddress(), appRepository(j.Project), digest)
	return paas.Image{Ref: paas.ImageRef(ref), Processes: processes}, ownSize(config, manifest), err
}

// ownSize is the size of the layers above the run image's, whose top layer a label names.
func ownSize(config *v1.ConfigFile, manifest *v1.Manifest) int64 {
	var said struct {
		RunImage struct {
			TopLayer string `json:"topLayer"`
		} `json:"runImage"`
	}
	if err := json.Unmarshal([]byte(config.Config.Labels["io.buildpacks.lifecycle.metadata"]), &said); err != nil {
		return 0
	}
	top := slices.IndexFunc(config.RootFS.DiffIDs, func(id v1.Hash) bool { return id.String() == said.RunImage.TopLayer })
	var size int64
	for _, layer := range manifest.Layers[min(top+1, len(manifest.Layers)):] {
		size += layer.Size
	}
	return size
}

// processesOf reads the process table from the label that the lifecycle writes.
func processesOf(labels map[string]string, entrypoint []string) ([]paas.Process, error) {
	var said struct {
		Processes []struct {
			Type    string   `json:"type"`
			Command command  `json:"command"`
			Args    []string `json:"args"`
		} `json:"processes"`
	}
	if err := json.Unmarshal([]byte(labels["io.buildpacks.build.metadata"]), &said); err != nil {
		return nil, fmt.Errorf("read the process table: %w", err)
	}
	var processes []paas.Process
	for _, p := range said.Processes {
		processes = append(processes, paas.Process{
			Type:    p.Type,
			Command: strings.Join(append(slices.Clone(p.Command), p.Args...), " "),
			Default: len(entrypoint) == 1 && entrypoint[0] == "/cnb/process/"+p.Type,
		})
	}
	return processes, nil
}

// command is a string in older platform APIs, a list in newer ones.
type command []string

// UnmarshalJSON reads both.
func (c *command) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		*c = make(command, 1)
		return json.Unmarshal(text, &(*c)[0])
	}
	return json.Unmarshal(text, (*[]string)(c))
}
