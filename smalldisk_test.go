package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestBuildsNeverFillTheDisk builds a project again and again, each time with fresh random bytes, on a
// disk that holds a few of them: nothing ever finds it full, the last five versions can be rolled back
// to, builds keep their cache, and what is not the platform's stays.
func TestBuildsNeverFillTheDisk(t *testing.T) {
	if !inOwnNetwork(t) {
		return
	}
	builds, megabytes, disk := 12, 50, int64(3000)
	if os.Getenv("PAASTECH_SOAK") == "1" {
		builds, megabytes, disk = 200, 100, 5000
	}
	small := newDisk(t, disk<<20)
	engine := newOwnEngine(t, small)
	t.Setenv("TMPDIR", small)
	engine.docker(strings.NewReader(emptyTar), "image", "import", "-", "somebody/else:1")
	engine.docker(nil, "volume", "create", "somebody-else")

	a := newPlain(t, 0)
	a.kill()
	a.env = append(a.env, "PAASTECH_DISK_RESERVE=500MiB")
	a.start()
	least := int64(disk << 20)
	hits, last := 0, 0
	for n := 1; n <= builds; n++ {
		if n == 1 {
			a.run("git", "rm", "-rq", ".")
			write(t, a.dir, "package.json", `{"name": "app", "version": "1.0.0", "dependencies": {"mine": "file:./mine"}, "scripts": {"build": "node build.js", "start": "node server.js"}}`)
			if err := os.MkdirAll(filepath.Join(a.dir, "mine"), 0o755); err != nil { // a dependency, so that the package manager has a cache
				t.Fatal(err)
			}
			write(t, a.dir, "mine/package.json", `{"name": "mine", "version": "1.0.0"}`)
			write(t, a.dir, "server.js", `require("http").createServer((q, r) => r.end(require("fs").readFileSync("version"))).listen(process.env.PORT)`)
			write(t, a.dir, "build.js", fmt.Sprintf(`const fs = require("fs"), mark = (process.env.npm_config_cache || "/none") + "/mark"
console.log(fs.existsSync(mark) ? "CACHE HIT" : "CACHE MISS " + mark)
if (process.env.npm_config_cache) { fs.mkdirSync(process.env.npm_config_cache, {recursive: true}); fs.writeFileSync(mark, "here") }
fs.writeFileSync("random", require("crypto").randomBytes(%d << 20))
`, megabytes))
		}
		write(t, a.dir, "version", fmt.Sprint("build ", n))
		a.run("git", "add", "-A")
		a.run("git", "commit", "-qm", fmt.Sprint("build ", n))
		push := exec.Command("git", "push", "paastech", "main")
		push.Env, push.Dir = a.env, a.dir
		out, err := push.CombinedOutput()
		if err != nil {
			full, _ := exec.Command("du", "-xm", "-d4", small).Output()
			t.Fatalf("build %d: %v, %d MiB free\n%s\nMiB in\n%s", n, err, free(t, small)>>20, out, largest(string(full), 40))
		}
		if strings.Contains(string(out), "CACHE HIT") {
			hits++
		} else {
			t.Logf("build %d found no cache", n)
		}
		if _, body, err := a.get("/"); err != nil || body != fmt.Sprint("build ", n) {
			t.Fatalf("after build %d it answers %q, %v", n, body, err)
		}
		least = min(least, free(t, small))
		last = n
		if n%20 == 0 {
			t.Logf("%d builds, %d MiB free, never less than %d MiB after one, %d found their cache", n, free(t, small)>>20, least>>20, hits)
		}
	}
	t.Logf("%d builds of %d MiB on %d MiB: never less than %d MiB free after one, %d found their cache", builds, megabytes, disk, least>>20, hits)
	if hits < builds-2 {
		t.Errorf("%d of %d builds found their cache", hits, builds)
	}
	newest := a.deployments()[0].Number
	for _, back := range []int{1, 2, 3, 4, 0} { // five are kept, the one that runs among them
		if status := a.call(http.MethodPost, fmt.Sprintf("/projects/%s/deployments/%d/rollback", a.id, newest-back), nil, nil); status != http.StatusOK {
			t.Errorf("rollback to v%d: %d", newest-back, status)
			continue
		}
		if _, body, err := a.get("/"); err != nil || body != fmt.Sprint("build ", last-back) {
			t.Errorf("after the rollback to v%d it answers %q, %v", newest-back, body, err)
		}
	}
	engine.docker(nil, "image", "inspect", "somebody/else:1")
	engine.docker(nil, "volume", "inspect", "somebody-else")
	log, err := os.ReadFile(filepath.Join(t.ArtifactDir(), "dockerd.log"))
	if err != nil || strings.Contains(string(log), "no space left") {
		t.Errorf("the engine found its disk full: %v", err)
	}
	a.check()
}

// emptyTar is an archive without a file (POSIX.1-1988: two blocks of zeros).
var emptyTar = strings.Repeat("\x00", 1024)

func write(t testing.TB, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// newDisk makes a file system of that many bytes in a file and mounts it.
func newDisk(t *testing.T, size int64) string {
	t.Helper()
	dir := ownDirectory(t)
	file, mounted := filepath.Join(dir, "f"), filepath.Join(dir, "d")
	if err := os.Mkdir(mounted, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, command := range [][]string{{"truncate", "-s", fmt.Sprint(size), file}, {"/sbin/mkfs.ext4", "-q", "-m", "0", file}, {"mount", "-o", "loop", file, mounted}} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", command, err, out)
		}
	}
	return mounted
}

func free(t *testing.T, dir string) int64 {
	t.Helper()
	var found unix.Statfs_t
	if err := unix.Statfs(dir, &found); err != nil {
		t.Fatal(err)
	}
	return int64(found.Bavail) * found.Bsize
}

// largest are the first lines of du's output by size.
func largest(listed string, count int) string {
	lines := strings.Split(strings.TrimSpace(listed), "\n")
	size := func(line string) int {
		n, _ := strconv.Atoi(strings.Fields(line + " 0")[0])
		return n
	}
	slices.SortFunc(lines, func(a, b string) int { return size(b) - size(a) })
	return strings.Join(lines[:min(count, len(lines))], "\n")
}
