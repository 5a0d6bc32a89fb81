package builder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"time"

	"github.com/paastech-cloud/paastech/builder/buildpacks"
	"github.com/paastech-cloud/paastech/paas"
)

// Exit codes of the lifecycle (platform specification): detection found no group, or a buildpack's
// detection failed.
const (
	exitNoGroup    = 20
	exitDetectFail = 21
)

// exitKilled is what a process that was sent SIGKILL ends with.
const exitKilled = 137

// maxExplained is how many files of a tree are looked at to explain why nothing matched.
const maxExplained = 5000

// diagnose says why a phase of a build failed.
func (b *Builder) diagnose(j *job, failed *phase) error {
	seen := j.log.seen()
	switch {
	case failed.lost != nil:
		return fmt.Errorf("wait for the build's container: %w", failed.lost)
	case failed.oomKilled:
		return rejected(paas.EBuildMemory, "the build used more memory than its limit of %s and was ended. Make it use less, for example by building with fewer workers.", bytesOf(b.options.Limits.Memory))
	case seen.explains(seen.code):
		return rejected(seen.found.code, "%s", seen.sentence())
	case seen.code != "":
		return rejected(paas.Code(seen.code), "%s", seen.reason)
	case failed.exit == exitNoGroup || failed.exit == exitDetectFail:
		return rejected(paas.ENothingFound, "%s", explain(j))
	case failed.exit == exitKilled:
		return rejected(paas.EBuildFailed, "the build was killed (signal 9) while %s.", doing(seen.section))
	}
	return rejected(paas.EBuildFailed, "the build failed while %s%s", doing(seen.section), lastWords(seen))
}

func rejected(code paas.Code, format string, args ...any) error {
	return paas.Errorf(paas.Rejected, code, format, args...)
}

// doing names a section of the lifecycle's work for a person.
func doing(section string) string {
	switch section {
	case "ANALYZING":
		return "looking at the previous image"
	case detecting:
		return "looking for a buildpack"
	case "RESTORING":
		return "restoring the cache"
	case exporting:
		return "exporting the image"
	}
	return "the buildpacks ran"
}

func lastWords(seen evidence) string {
	words := seen.last
	if seen.section != building || words == "" {
		words = seen.grumble
	}
	if words == "" {
		return "; its lines above say why."
	}
	return ": " + strings.TrimRight(words, ".") + "."
}

// explain says why no buildpack matched.
func explain(j *job) string {
	if len(j.Plan.Buildpacks) > 0 {
		return fmt.Sprintf("%s, which %s asks for, does not recognise what is in %q. Remove `buildpack` to let the platform choose.",
			strings.Join(j.Plan.Buildpacks, ", "), j.Plan.File, j.Plan.Path)
	}
	return buildpacks.Explain(filesIn(j.dir))
}

// filesIn lists the files of a directory, relative to it.
func filesIn(dir string) []string {
	var files []string
	filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || len(files) >= maxExplained {
			return fs.SkipAll
		}
		if entry.IsDir() {
			return nil
		}
		if relative, err := filepath.Rel(dir, path); err == nil {
			files = append(files, filepath.ToSlash(relative))
		}
		return nil
	})
	return files
}

// ended is the error of a build whose context ended.
func (b *Builder) ended(ctx context.Context) error {
	cause := context.Cause(ctx)
	if errors.Is(cause, errTimeout) {
		return rejected(paas.EBuildTimeout, "the build was ended because it took longer than %s.", inWords(b.options.Timeout))
	}
	return cause
}

func inWords(d time.Duration) string {
	if d >= time.Minute && d%time.Minute == 0 {
		return fmt.Sprintf("%d minutes", d/time.Minute)
	}
	return d.String()
}

func bytesOf(n int64) string {
	if n >= 1<<30 {
		return fmt.Sprintf("%.3g GiB", float64(n)/(1<<30))
	}
	return fmt.Sprintf("%.3g MiB", float64(n)/(1<<20))
}
