package builder

import (
	"context"
	"fmt"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
)

// Retain removes a project's published images but those kept; references that are not into the local
// registry's repository of the project keep nothing.
func (b *Builder) Retain(ctx context.Context, project paas.ProjectID, keep []paas.ImageRef) error {
	repository := appRepository(project)
	var digests []string
	for _, ref := range keep {
		name, digest, found := strings.Cut(string(ref), "@")
		if found && strings.HasSuffix(name, "/"+repository) {
			digests = append(digests, digest)
		}
	}
	removed, err := b.options.Registry.Retain(ctx, repository, digests)
	if err != nil {
		return fmt.Errorf("remove old images: %w", err)
	}
	if removed > 0 {
		b.options.Log.Debug("old images removed from the registry", "project", project, "count", removed)
	}
	return nil
}

// appRepository is where a project's images are published.
func appRepository(project paas.ProjectID) string { return repositoryOf(project) + "/app" }
