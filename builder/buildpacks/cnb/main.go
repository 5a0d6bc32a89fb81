package cnb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/BurntSushi/toml"
)

// detectedNothing is the exit code by which bin/detect says "not mine".
const detectedNothing = 100

// Main is bin/detect or bin/build, whichever name program was called by, of the buildpack whose id
// is in $CNB_BUILDPACK_DIR/buildpack.toml. It returns the exit code.
func Main(ctx context.Context, program string, buildpacks map[string]Buildpack) int {
	dir := os.Getenv("CNB_BUILDPACK_DIR")
	buildpack, err := identify(dir, buildpacks)
	if err != nil {
		return exitCode(err)
	}
	return run(ctx, filepath.Base(program), dir, buildpack)
}

func run(ctx context.Context, program, buildpackDir string, buildpack Buildpack) int {
	switch program {
	case "detect":
		found, err := detect(buildpack)
		if err == nil && !found {
			return detectedNothing
		}
		return exitCode(err)
	case "build":
		return exitCode(build(ctx, buildpackDir, buildpack))
	}
	return exitCode(fmt.Errorf("called as %q, neither detect nor build", program))
}

func identify(dir string, buildpacks map[string]Buildpack) (Buildpack, error) {
	var descriptor struct {
		Buildpack struct {
			ID string `toml:"id"`
		} `toml:"buildpack"`
	}
	if _, err := toml.DecodeFile(filepath.Join(dir, "buildpack.toml"), &descriptor); err != nil {
		return Buildpack{}, fmt.Errorf("find out which buildpack this is: %w", err)
	}
	buildpack, ok := buildpacks[descriptor.Buildpack.ID]
	if !ok {
		return Buildpack{}, fmt.Errorf("no buildpack is called %q", descriptor.Buildpack.ID)
	}
	return buildpack, nil
}

func detect(buildpack Buildpack) (bool, error) {
	source, err := openSource()
	if err != nil {
		return false, err
	}
	plan, found, err := buildpack.Detect(source)
	if err != nil || !found {
		return false, err
	}
	return true, plan.write(os.Getenv("CNB_BUILD_PLAN_PATH"))
}

func build(ctx context.Context, buildpackDir string, buildpack Buildpack) error {
	source, err := openSource()
	if err != nil {
		return err
	}
	required, err := readRequirements(os.Getenv("CNB_BP_PLAN_PATH"))
	if err != nil {
		return err
	}
	tempDir, err := os.MkdirTemp("", "buildpack-")
	if err != nil {
		return fmt.Errorf("make temporary directory: %w", err)
	}
	defer os.RemoveAll(tempDir)
	source.Env.prepareForCommands(tempDir)
	return buildpack.Build(ctx, &Build{
		Source:       source,
		LayersDir:    os.Getenv("CNB_LAYERS_DIR"),
		BuildpackDir: buildpackDir,
		TempDir:      tempDir,
		Required:     required,
		Log:          os.Stdout,
	})
}

func openSource() (Source, error) {
	dir, err := os.Getwd()
	if err != nil {
		return Source{}, fmt.Errorf("find the application: %w", err)
	}
	return Source{AppDir: dir, Env: readEnvironment(os.Getenv("CNB_PLATFORM_DIR"))}, nil
}

func exitCode(err error) int {
	if err == nil {
		return 0
	}
	var failure *Failure
	if !errors.As(err, &failure) {
		failure = Failf(CodeInternal, "the buildpack itself failed: %v.", err)
	}
	failure.report(os.Stdout)
	return 1
}
