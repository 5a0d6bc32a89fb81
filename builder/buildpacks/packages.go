package buildpacks

// BuildPackages is the Debian 13 packages that the build image needs beyond the minimal system:
// the default Node, Go and Python, and a C compiler for packages that bring native code.
func BuildPackages() []string {
	return []string{
		"ca-certificates", "git",
		"nodejs",
		"golang-go",
		"python3", "python3-pip", "python3-dev",
		"gcc", "g++", "make", "pkg-config",
	}
}

// RunPackages is the Debian 13 packages that the run image needs. Node and Python must be the
// build image's own versions: make both images together. The libraries are what a Node release
// from the npm registry and natively compiled packages expect.
func RunPackages() []string {
	return []string{
		"ca-certificates", "tzdata",
		"nodejs",
		"python3",
		"nginx",
		"libstdc++6", "libatomic1",
	}
}
