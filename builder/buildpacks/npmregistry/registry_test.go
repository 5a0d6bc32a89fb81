package npmregistry

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/builder/buildpacks/semver"
)

// tarball makes an npm tarball of names and contents; directories lead where the names say.
func tarball(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var packed bytes.Buffer
	zipped := gzip.NewWriter(&packed)
	writer := tar.NewWriter(zipped)
	for name, content := range files {
		if err := writer.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := writer.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(writer.Close(), zipped.Close()); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// serve is a registry that has the package "tool" in three versions, all with the same tarball.
func serve(t *testing.T, packed []byte, integrity string) *Registry {
	t.Helper()
	describe := func(version string) string {
		return fmt.Sprintf(`{"version":%q,"dist":{"tarball":"%s/tool/-/tool.tgz","integrity":%q}}`, version, Public, integrity)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /tool", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"versions":{"1.0.0":%s,"1.2.0":%s,"2.0.0-rc.1":%s}}`, describe("1.0.0"), describe("1.2.0"), describe("2.0.0-rc.1"))
	})
	mux.HandleFunc("GET /tool/1.0.0", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, describe("1.0.0")) })
	mux.HandleFunc("GET /tool/-/tool.tgz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(packed) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return New(server.URL + "/")
}

func integrityOf(packed []byte) string {
	sum := sha512.Sum512(packed)
	return integrityPrefix + base64.StdEncoding.EncodeToString(sum[:])
}

func find(t *testing.T, registry *Registry, wanted string) (Release, error) {
	t.Helper()
	versions, err := semver.ParseRange(wanted)
	if err != nil {
		t.Fatal(err)
	}
	return registry.Find(context.Background(), "tool", versions)
}

func TestFindDownloadUnpack(t *testing.T) {
	packed := tarball(t, map[string]string{"package/bin/tool": "hello", "package/README.md": "words"})
	registry := serve(t, packed, integrityOf(packed))
	for wanted, want := range map[string]string{"*": "1.2.0", "^1.0.0": "1.2.0", "1.0.0": "1.0.0"} {
		release, err := find(t, registry, wanted)
		if err != nil || release.Version.String() != want {
			t.Fatalf("Find(%q) = %v, %v; want %s", wanted, release.Version, err, want)
		}
		dir := t.TempDir()
		path := filepath.Join(dir, "tool.tgz")
		if err := registry.Download(context.Background(), release, path); err != nil {
			t.Fatal(err)
		}
		onlyTool := func(name string) bool { return name == "bin/tool" }
		if err := Unpack(path, filepath.Join(dir, "out"), onlyTool); err != nil {
			t.Fatal(err)
		}
		if content, err := os.ReadFile(filepath.Join(dir, "out/bin/tool")); err != nil || string(content) != "hello" {
			t.Errorf("unpacked %q, %v", content, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "out/README.md")); !os.IsNotExist(err) {
			t.Errorf("unpacked a file that nobody asked for: %v", err)
		}
	}
	for _, wanted := range []string{">=2", "9.9.9"} {
		if _, err := find(t, registry, wanted); !errors.Is(err, ErrNoVersion) {
			t.Errorf("Find(%q): %v, want ErrNoVersion", wanted, err)
		}
	}
}

func TestWrongChecksumIsRefused(t *testing.T) {
	packed := tarball(t, map[string]string{"package/bin/tool": "hello"})
	registry := serve(t, packed, integrityOf([]byte("something else")))
	release, err := find(t, registry, "1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "tool.tgz")
	if err := registry.Download(context.Background(), release, path); err == nil || !strings.Contains(err.Error(), "checksum") {
		t.Errorf("Download = %v, want a wrong checksum", err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind %v, %v", left, err)
	}
}

func TestUnpackStaysInside(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "evil.tgz")
	if err := os.WriteFile(path, tarball(t, map[string]string{"package/../../canary": "out"}), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Unpack(path, filepath.Join(dir, "a", "b"), func(string) bool { return true }); err == nil {
		t.Error("Unpack accepted a name that leads out of the package")
	}
	if _, err := os.Stat(filepath.Join(dir, "canary")); !os.IsNotExist(err) {
		t.Errorf("a file was written outside: %v", err)
	}
}

// TestOneLostAnswerFailsNothing has a registry that breaks off, then asks to wait, then answers; and one
// that never does.
func TestOneLostAnswerFailsNothing(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		switch asked++; asked {
		case 1:
			panic(http.ErrAbortHandler)
		case 2:
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			fmt.Fprintf(w, `{"version":"1.0.0","dist":{"tarball":"x","integrity":%q}}`, integrityOf(nil))
		}
	}))
	defer server.Close()
	if release, err := find(t, New(server.URL), "1.0.0"); err != nil || release.Version.String() != "1.0.0" || asked != 3 {
		t.Errorf("after %d questions: %v, %v", asked, release.Version, err)
	}
	gone := 0
	never := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { gone++; w.WriteHeader(http.StatusBadGateway) }))
	defer never.Close()
	if _, err := find(t, New(never.URL), "1.0.0"); err == nil || !strings.Contains(err.Error(), "502") || gone != len(pauses)+1 {
		t.Errorf("after %d questions: %v", gone, err)
	}
	if _, err := find(t, serve(t, nil, ""), "7.0.0"); !errors.Is(err, ErrNoVersion) {
		t.Errorf("a version that is not there: %v", err)
	}
}
