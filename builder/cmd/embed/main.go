// Command embed compiles what a builder image needs (lifecycle, launcher and our buildpacks) for every
// architecture and leaves it, compressed, in builder/embedded, where go:embed finds it. It is run from
// the root of the module, by `make build`, before the main binary is built; what has not changed is
// left alone, so a second run takes no time.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
)

const (
	into    = "builder/embedded"
	scratch = "dist/embed"
)

// program is one executable and where its source is.
type program struct {
	name, source string
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "embed:", err)
		os.Exit(1)
	}
}

func run() error {
	version, err := lifecycleVersion()
	if err != nil {
		return err
	}
	programs := []program{
		{"lifecycle", "github.com/buildpacks/lifecycle/cmd/lifecycle"},
		{"launcher", "github.com/buildpacks/lifecycle/cmd/launcher"},
		{"buildpack", "./builder/buildpacks/cmd/buildpack"},
	}
	for _, arch := range []string{"amd64", "arm64"} {
		for _, p := range programs {
			if err := embed(p, arch, version); err != nil {
				return fmt.Errorf("%s for %s: %w", p.name, arch, err)
			}
		}
	}
	return nil
}

func embed(p program, arch, version string) error {
	executable := filepath.Join(scratch, arch, p.name)
	if err := compile(p, arch, version, executable); err != nil {
		return err
	}
	contents, err := os.ReadFile(executable)
	if err != nil {
		return err
	}
	target := filepath.Join(into, fmt.Sprintf("%s-%s.zst", p.name, arch))
	sum := sha256.Sum256(contents)
	if upToDate(target, hex.EncodeToString(sum[:])) {
		return nil
	}
	fmt.Fprintf(os.Stderr, "embedding %s for %s\n", p.name, arch)
	return compress(contents, target, hex.EncodeToString(sum[:]))
}

// compile leaves no trace of the checkout or its commit in the executable: builders are known by the
// hash of what is in them.
func compile(p program, arch, version, executable string) error {
	flags := "-s -w -X github.com/buildpacks/lifecycle/cmd.Version=" + version
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", executable, p.source)
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	return build.Run()
}

func upToDate(target, sum string) bool {
	if _, err := os.Stat(target); err != nil {
		return false
	}
	known, err := os.ReadFile(sumFile(target))
	return err == nil && string(known) == sum
}

// sumFile holds the hash of the executable inside the target; it is embedded too.
func sumFile(target string) string { return strings.TrimSuffix(target, ".zst") + ".sha256" }

func compress(contents []byte, target, sum string) error {
	var packed bytes.Buffer
	packer, err := zstd.NewWriter(&packed, zstd.WithEncoderLevel(zstd.SpeedBetterCompression))
	if err != nil {
		return err
	}
	if _, err := packer.Write(contents); err != nil {
		return err
	}
	if err := packer.Close(); err != nil {
		return err
	}
	if err := os.WriteFile(target+".new", packed.Bytes(), 0o644); err != nil {
		return err
	}
	if err := os.Rename(target+".new", target); err != nil {
		return err
	}
	return os.WriteFile(sumFile(target), []byte(sum), 0o644)
}

func lifecycleVersion() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", "github.com/buildpacks/lifecycle").Output()
	if err != nil {
		return "", fmt.Errorf("find the lifecycle's version: %w", err)
	}
	return strings.TrimPrefix(strings.TrimSpace(string(out)), "v"), nil
}
