package deployer

import (
	"fmt"
	"path/filepath"
	"runtime"

	"github.com/docker/docker/api/types/image"

	"github.com/paastech-cloud/paastech/paas"
)

const (
	// builtByBuildpacks is a label that the lifecycle puts on application images.
	builtByBuildpacks = "io.buildpacks.build.metadata"

	// launcher is in each of these images; it sets up what the buildpacks provide before it runs anything.
	launcher = "/cnb/lifecycle/launcher"
)

// commandOf is what a container of an image runs. A command is one argument to a shell inside the
// container: the launcher's, or /bin/sh of an image without one. A program with its arguments takes the
// place of the image's own arguments, as it does with docker run.
func commandOf(spec paas.ContainerSpec, found image.InspectResponse) (entrypoint, command []string) {
	packed := found.Config != nil && found.Config.Labels[builtByBuildpacks] != ""
	switch {
	case packed && len(spec.Args) > 0:
		return []string{launcher}, append([]string{"--"}, spec.Args...)
	case packed && spec.Command != "":
		return []string{launcher}, []string{spec.Command}
	case packed:
		return []string{"/cnb/process/" + spec.Process}, nil
	case len(spec.Args) > 0:
		return nil, spec.Args
	case spec.Command != "":
		return []string{"/bin/sh", "-c"}, []string{spec.Command}
	}
	return nil, nil
}

// checkArchitecture refuses an image that this host's processor cannot run. A host that emulates others
// runs them.
func checkArchitecture(of string) error {
	others := map[string]string{"386": "amd64", "arm": "arm64"} // the larger runs the smaller
	if of == "" || of == runtime.GOARCH || others[of] == runtime.GOARCH {
		return nil
	}
	if emulators, _ := filepath.Glob("/proc/sys/fs/binfmt_misc/qemu-*"); len(emulators) > 0 {
		return nil
	}
	return architectureRejected(fmt.Errorf("the image says that it is for %s", of))
}
