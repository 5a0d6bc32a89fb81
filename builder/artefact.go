package builder

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/klauspost/compress/zstd"
)

// embedded holds what `make build` compiled for the Linux architectures: lifecycle, launcher and the
// buildpacks' executable, each as <name>-<arch>.zst with its hash in <name>-<arch>.sha256. A plain
// `go build` finds only the README there.
//
//go:embed all:embedded
var embedded embed.FS

// artefacts are the executables that a builder image is made of.
type artefacts struct {
	lifecycle, launcher, buildpack []byte
}

// loadArtefacts unpacks the executables for arch (as Go names it).
func loadArtefacts(arch string) (artefacts, error) {
	var loaded artefacts
	for _, part := range []struct {
		name string
		into *[]byte
	}{{"lifecycle", &loaded.lifecycle}, {"launcher", &loaded.launcher}, {"buildpack", &loaded.buildpack}} {
		contents, err := readArtefact(embedded, part.name, arch)
		if err != nil {
			return artefacts{}, err
		}
		*part.into = contents
	}
	return loaded, nil
}

func readArtefact(files fs.FS, name, arch string) ([]byte, error) {
	file, err := files.Open(fmt.Sprintf("embedded/%s-%s.zst", name, arch))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, notEmbedded(name, arch)
	}
	if err != nil {
		return nil, fmt.Errorf("open embedded %s: %w", name, err)
	}
	defer file.Close()
	unpacker, err := zstd.NewReader(file)
	if err != nil {
		return nil, fmt.Errorf("unpack embedded %s: %w", name, err)
	}
	defer unpacker.Close()
	contents, err := io.ReadAll(unpacker)
	if err != nil {
		return nil, fmt.Errorf("unpack embedded %s: %w", name, err)
	}
	return contents, nil
}

// artefactSums are the hashes of the executables, without unpacking them.
func artefactSums(files fs.FS, arch string) ([]string, error) {
	var sums []string
	for _, name := range []string{"lifecycle", "launcher", "buildpack"} {
		sum, err := fs.ReadFile(files, fmt.Sprintf("embedded/%s-%s.sha256", name, arch))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, notEmbedded(name, arch)
		}
		if err != nil {
			return nil, fmt.Errorf("read the hash of the embedded %s: %w", name, err)
		}
		sums = append(sums, string(sum))
	}
	return sums, nil
}

func notEmbedded(name, arch string) error {
	return fmt.Errorf("this binary was built without the %s for %s; run make build", name, arch)
}
