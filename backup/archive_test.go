package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func identity(t *testing.T) *age.X25519Identity {
	t.Helper()
	made, err := age.GenerateX25519Identity()
	must(t, err)
	return made
}

// TestATreeComesBackAsItWas: contents, holes, modes, links, empty directories, and whose things are.
func TestATreeComesBackAsItWas(t *testing.T) {
	from := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(from, "a", "empty"), 0o750))
	must(t, os.WriteFile(filepath.Join(from, "a", "plain"), []byte("content"), 0o640))
	must(t, os.WriteFile(filepath.Join(from, "nothing"), nil, 0o600))
	must(t, os.Symlink("a/plain", filepath.Join(from, "link")))
	must(t, os.WriteFile(filepath.Join(from, "skipped"), []byte("x"), 0o600))
	must(t, os.Chown(filepath.Join(from, "a", "plain"), 1234, 567))
	sparse := filepath.Join(from, "sparse")
	must(t, os.WriteFile(sparse, nil, 0o600))
	must(t, os.Truncate(sparse, 64<<20))
	file, err := os.OpenFile(sparse, os.O_WRONLY, 0)
	must(t, err)
	for _, at := range []int64{0, 8 << 20, 64<<20 - 5} {
		_, err := file.WriteAt([]byte("here!"), at)
		must(t, err)
	}
	must(t, file.Close())

	key := identity(t)
	var archive bytes.Buffer
	w, err := NewWriter(&archive, Manifest{Version: "1", At: time.Now()}, key.Recipient())
	must(t, err)
	must(t, w.AddTree(t.Context(), "data", from, TreeOptions{Owners: true, Skip: func(name string) bool { return name == "skipped" }}))
	_, err = w.Close()
	must(t, err)
	if archive.Len() > 1<<20 {
		t.Errorf("the holes take %d bytes", archive.Len())
	}

	to := t.TempDir()
	manifest, err := Extract(t.Context(), bytes.NewReader(archive.Bytes()), []age.Identity{key}, to)
	must(t, err)
	if manifest.Version != "1" || len(manifest.Files) != 6+1 {
		t.Errorf("manifest %+v", manifest)
	}
	back := filepath.Join(to, "data")
	for name, mode := range map[string]fs.FileMode{"a": 0o750, "a/empty": 0o750, "a/plain": 0o640, "nothing": 0o600, "sparse": 0o600} {
		info, err := os.Lstat(filepath.Join(back, name))
		must(t, err)
		if info.Mode().Perm() != mode {
			t.Errorf("%s has mode %o, want %o", name, info.Mode().Perm(), mode)
		}
	}
	if _, err := os.Lstat(filepath.Join(back, "skipped")); err == nil {
		t.Error("what was skipped is there")
	}
	target, err := os.Readlink(filepath.Join(back, "link"))
	if err != nil || target != "a/plain" {
		t.Errorf("the link leads to %q, %v", target, err)
	}
	var found unix.Stat_t
	must(t, unix.Lstat(filepath.Join(back, "a", "plain"), &found))
	if found.Uid != 1234 || found.Gid != 567 {
		t.Errorf("it is %d:%d's", found.Uid, found.Gid)
	}
	must(t, unix.Lstat(filepath.Join(back, "sparse"), &found))
	if found.Blocks*512 > 1<<20 {
		t.Errorf("the holes take %d bytes on the disk", found.Blocks*512)
	}
	was, err := os.ReadFile(sparse)
	must(t, err)
	is, err := os.ReadFile(filepath.Join(back, "sparse"))
	must(t, err)
	if !bytes.Equal(was, is) {
		t.Error("the sparse file is another")
	}
}

// written makes an archive by hand, which none of ours would be.
func written(t *testing.T, key *age.X25519Identity, headers ...*tar.Header) []byte {
	t.Helper()
	var archive bytes.Buffer
	encrypted, err := age.Encrypt(&archive, key.Recipient())
	must(t, err)
	compressed, err := zstd.NewWriter(encrypted)
	must(t, err)
	entries := tar.NewWriter(compressed)
	for _, header := range headers {
		content := header.Uname // where the test keeps it
		header.Uname, header.Size = "", int64(len(content))
		must(t, entries.WriteHeader(header))
		_, err := entries.Write([]byte(content))
		must(t, err)
	}
	must(t, entries.Close())
	must(t, compressed.Close())
	must(t, encrypted.Close())
	return archive.Bytes()
}

// Hazard: an archive that leads out of where it is restored to, that is incomplete, or that is no one of ours.
func TestWhatIsNoBackupOfOursIsRefused(t *testing.T) {
	key := identity(t)
	head := func() *tar.Header { return &tar.Header{Name: formatName, Mode: 0o600, Uname: "1\n"} }
	foot := func(files string) *tar.Header {
		return &tar.Header{Name: manifestName, Mode: 0o600, Uname: `{"files":{` + files + `}}`}
	}
	for what, bad := range map[string]struct {
		headers []*tar.Header
		says    string
	}{
		"upwards":   {[]*tar.Header{head(), {Name: "../../evil", Mode: 0o600, Uname: "x"}, foot("")}, "leads out of it"},
		"absolute":  {[]*tar.Header{head(), {Name: "/etc/evil", Mode: 0o600, Uname: "x"}, foot("")}, "leads out of it"},
		"by a link": {[]*tar.Header{head(), {Name: "out", Typeflag: tar.TypeSymlink, Linkname: "/tmp"}, {Name: "out/evil", Mode: 0o600, Uname: "x"}, foot("")}, "evil"},
		"device":    {[]*tar.Header{head(), {Name: "null", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3}, foot("")}, "of kind"},
		"newer":     {[]*tar.Header{{Name: formatName, Mode: 0o600, Uname: "2\n"}, foot("")}, "has format 2"},
		"another's": {[]*tar.Header{{Name: "file", Mode: 0o600, Uname: "hello"}}, "no backup of PaaSTech"},
		"unlisted":  {[]*tar.Header{head(), {Name: "more", Mode: 0o600, Uname: "x"}, foot("")}, "has 1 files and says that it has 0"},
		"missing":   {[]*tar.Header{head(), foot(`"a":"00"`)}, "a is not what was written"},
		"cut off":   {[]*tar.Header{head(), {Name: "more", Mode: 0o600, Uname: "x"}}, "damaged"},
		"holes":     {[]*tar.Header{head(), {Name: "s", Mode: 0o600, Uname: "x", PAXRecords: map[string]string{recordSegments: "0:9", recordSize: "4"}}, foot("")}, "out of place"},
	} {
		dir := t.TempDir()
		_, err := Extract(t.Context(), bytes.NewReader(written(t, key, bad.headers...)), []age.Identity{key}, dir)
		if err == nil || !strings.Contains(err.Error(), bad.says) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := os.Stat("/tmp/evil"); err == nil {
		t.Error("something was written outside")
	}
	_, err := Extract(t.Context(), strings.NewReader("hello"), []age.Identity{key}, t.TempDir())
	if err == nil || !strings.Contains(err.Error(), "no backup") {
		t.Errorf("a file of something else: %v", err)
	}
}

func TestKeys(t *testing.T) {
	key, recipient, err := NewKey()
	must(t, err)
	identities, err := Identities([]byte("# a comment\n" + key + "\n"))
	if err != nil || len(identities) != 1 {
		t.Errorf("%v, %v", identities, err)
	}
	if _, err := Recipients([]string{recipient, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN ada"}); err != nil {
		t.Error(err)
	}
	for _, wrong := range []string{"", "ada", key, "ssh-ed25519 AAAA"} {
		if _, err := Recipients([]string{wrong}); err == nil {
			t.Errorf("%q is a recipient", wrong)
		}
	}
	if _, err := Identities([]byte("hello")); err == nil {
		t.Error("a file without a key has one")
	}
}

// TestLinkTreeMissesNothing links a tree whose files become others all the time, as git's objects do when they are packed.
func TestLinkTreeMissesNothing(t *testing.T) {
	from := t.TempDir()
	must(t, os.Mkdir(filepath.Join(from, "loose"), 0o700))
	must(t, os.Mkdir(filepath.Join(from, "pack"), 0o700)) // which is looked at later
	const files = 500
	for n := range files {
		must(t, os.WriteFile(filepath.Join(from, "loose", fmt.Sprintf("%03d", n)), []byte(fmt.Sprint(n)), 0o400))
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := 0; n < files && ctx.Err() == nil; n += 50 { // each pack has what the removed ones had
			var pack []byte
			for m := n; m < n+50; m++ {
				pack = fmt.Appendf(pack, "%d ", m)
			}
			_ = os.WriteFile(filepath.Join(from, "pack", fmt.Sprint(n)), pack, 0o400)
			for m := n; m < n+50; m++ {
				_ = os.Remove(filepath.Join(from, "loose", fmt.Sprintf("%03d", m)))
			}
		}
	}()
	to := filepath.Join(t.TempDir(), "picture")
	err := LinkTree(from, to, nil)
	stop()
	<-done
	must(t, err)
	linked, err := filepath.Glob(filepath.Join(to, "*", "*"))
	must(t, err)
	var all []string
	for _, path := range linked {
		content, err := os.ReadFile(path)
		must(t, err)
		all = append(all, strings.Fields(string(content))...)
	}
	for n := range files {
		if !slices.Contains(all, fmt.Sprint(n)) {
			t.Fatalf("%d is in no file of the picture", n)
		}
	}
}
