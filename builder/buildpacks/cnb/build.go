package cnb

import (
	"context"
	"fmt"
	"io"
)

// Build is one run of bin/build.
type Build struct {
	Source
	LayersDir    string
	BuildpackDir string
	TempDir      string          // removed when the build ends
	Required     map[string]bool // what the others of the group asked this buildpack for
	Log          io.Writer
}

// Logf writes one line to the build log.
func (b *Build) Logf(format string, args ...any) {
	fmt.Fprintf(b.Log, format+"\n", args...)
}

// Buildpack is one of our buildpacks.
type Buildpack struct {
	// Detect says whether the buildpack can do something for the application, and its plan.
	Detect func(Source) (Plan, bool, error)
	// Build makes layers and processes.
	Build func(context.Context, *Build) error
}
