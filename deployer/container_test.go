package deployer

import (
	"bytes"
	"encoding/json"
	"flag"
	"net/netip"
	"os"
	"testing"

	"github.com/docker/docker/api/types/image"
	imagespec "github.com/moby/docker-image-spec/specs-go/v1"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/paastech-cloud/paastech/paas"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestContainerConfig(t *testing.T) {
	options := Options{
		Instance:   "5f0c3d6e-0000-4000-8000-000000000001",
		Resolvers:  []netip.Addr{netip.MustParseAddr("192.0.2.53")},
		Secure:     true,
		VolumesDir: "/var/lib/paastech/volumes",
	}
	if err := options.complete(); err != nil {
		t.Fatal(err)
	}
	found := image.InspectResponse{Config: &imagespec.DockerOCIImageConfig{ImageConfig: ocispec.ImageConfig{
		User:   "1001:1001",
		Labels: map[string]string{builtByBuildpacks: "{}"},
	}}}
	web := paas.ContainerSpec{
		Project:    "0b7f3f1e-0000-4000-8000-000000000002",
		Deployment: 3,
		Process:    "web",
		Index:      2,
		Image:      "127.0.0.1:5000/0b7f3f1e-0000-4000-8000-000000000002/app@sha256:e3b0",
		Env:        paas.Env{"PORT": "8080", "GREETING": "it's `$HOME`\n"},
		Port:       8080,
		Hostname:   "0b7f3f1e-0000-4000-8000-000000000002.user-app.example.org",
	}
	release := web
	release.Process, release.Index, release.OneOff, release.Port, release.Hostname = "release", 1, true, 0, ""
	release.Command = "bin/migrate --all && echo $DONE"
	release.Limits = paas.Limits{Memory: 1 << 30, CPU: 0.5, PIDs: 100}
	release.Volumes = []paas.Volume{{Name: "uploads", Path: "/data", Size: 1 << 30}}
	release.Files = paas.Files{ReadOnly: true, Writable: []string{"/workspace/cache", "/data"}, Size: 32 << 20}
	for golden, wanted := range map[string]paas.ContainerSpec{"container": web, "oneoff": release} {
		got, err := containerConfig(wanted, found, options)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.MarshalIndent(got, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		compareGolden(t, "testdata/"+golden+".golden.json", append(text, '\n'))
	}
}

func compareGolden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("differs from %s; -update writes it anew:\n%s", path, got)
	}
}

func TestNoUserThatMayBeRootIsKept(t *testing.T) {
	for user, want := range map[string]string{
		"": unprivileged, "0": unprivileged, "000": unprivileged, "0:0": unprivileged, "root": unprivileged, "toor:1000": unprivileged,
		"-1": unprivileged, " 1": unprivileged, ":5": unprivileged, "1001": "1001", "1001:1001": "1001:1001", "1002:cnb": "1002:cnb",
	} {
		if got := safeUser(user); got != want {
			t.Errorf("user %q became %q, want %q", user, got, want)
		}
	}
}

func TestLabelsAreReadAsTheyWereWritten(t *testing.T) {
	written := labels{
		Instance: "i", Project: "0b7f3f1e-0000-4000-8000-000000000002", Deployment: 12, Process: "web",
		Index: 3, OneOff: true, Port: 80, Hostname: "0b7f3f1e.user-app.example.org", Secure: true,
	}
	encoded, err := written.encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, hostile := range []string{"paastech.bogus", "traefik.http.routers", "traefik.http.services." + written.Project + ".x.y", "traefik..", "a.b[0"} {
		encoded[hostile] = "from the image"
	}
	if got, err := decodeLabels(encoded); err != nil || got != written {
		t.Errorf("got %+v %v, want %+v", got, err, written)
	}
	delete(encoded, labelIndex)
	delete(encoded, labelOneOff)
	if got, err := decodeLabels(encoded); err != nil || got.Index != 1 || got.OneOff {
		t.Errorf("from before there were several: %+v %v", got, err)
	}
}
