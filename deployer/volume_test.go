package deployer

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"golang.org/x/sys/unix"

	"github.com/paastech-cloud/paastech/paas"
)

// withVolume is a container that has a volume at /data.
func withVolume(size paas.Bytes) paas.ContainerSpec {
	s := spec()
	s.Volumes = []paas.Volume{{Name: "uploads", Path: "/data", Size: size}}
	return s
}

func volumesOf(t *testing.T, e *Engine, project paas.ProjectID) []paas.VolumeUse {
	t.Helper()
	found, err := e.Volumes(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestVolumesOutliveContainersWithinTheirSize(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	s := withVolume(16 << 20)
	first, second := run(t, e, s), run(t, e, s)
	if got := ask(t, first, "/write", "path", "/data/one"); got != "wrote, 1 there" {
		t.Errorf("in a new volume: %s", got)
	}
	if got := ask(t, second, "/write", "path", "/data/two"); got != "wrote, 2 there" {
		t.Errorf("in another container: %s", got)
	}
	var output bytes.Buffer
	if _, err := e.Exec(t.Context(), first.ID, []string{"/app", "write", "/data/large"}, paas.Streams{Output: &output}); err != nil || !strings.Contains(output.String(), "no space left on device") {
		t.Errorf("64 MiB in a volume of 16: %q %v", output.String(), err)
	}
	found := volumesOf(t, e, s.Project)
	if len(found) != 1 || found[0].Name != "uploads" || found[0].Size != 16<<20 || !found[0].Mounted || found[0].Used < 8<<20 || found[0].Used > 16<<20 {
		t.Errorf("volumes: %+v", found)
	}
	for _, c := range []paas.Container{first, second} {
		if err := e.RemoveVolume(t.Context(), s.Project, "uploads"); !paas.IsKind(err, paas.Conflict) {
			t.Errorf("remove what is mounted: %v", err)
		}
		if err := e.Remove(t.Context(), c.ID); err != nil {
			t.Fatal(err)
		}
	}
	if found := volumesOf(t, e, s.Project); len(found) != 1 || found[0].Mounted {
		t.Errorf("volumes without a container: %+v", found)
	}
	if got := ask(t, run(t, e, s), "/write", "path", "/data/three"); got != "wrote, 4 there" {
		t.Errorf("in a later container: %s", got)
	}
	if projects, err := e.Projects(t.Context()); err != nil || len(projects) != 1 {
		t.Errorf("projects: %v %v", projects, err)
	}
	for range 2 {
		if err := e.Forget(t.Context(), s.Project); err != nil {
			t.Fatal(err)
		}
	}
	volumeGone(t, e)
}

// volumeGone checks that neither file, mount nor loop device of the engine's volumes is there.
func volumeGone(t *testing.T, e *Engine) {
	t.Helper()
	entries, err := os.ReadDir(e.options.VolumesDir)
	if err != nil && !errors.Is(err, os.ErrNotExist) || len(entries) != 0 {
		t.Errorf("left: %v %v", entries, err)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil || bytes.Contains(mounts, []byte(e.options.VolumesDir)) {
		t.Errorf("a mount is left, %v", err)
	}
	eventually(t, "the loop device lets its file go", func() bool {
		files, _ := filepath.Glob("/sys/block/loop*/loop/backing_file")
		for _, file := range files {
			if backing, _ := os.ReadFile(file); bytes.Contains(backing, []byte(e.options.VolumesDir)) {
				return false
			}
		}
		return true
	})
}

func TestRemovedVolumesAreEmptyWhenMadeAgain(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	s := withVolume(16 << 20)
	started := run(t, e, s)
	ask(t, started, "/write", "path", "/data/one")
	if err := e.Stop(t.Context(), started.ID, time.Second); err != nil {
		t.Fatal(err)
	}
	if err := e.RemoveVolume(t.Context(), s.Project, "uploads"); !paas.IsKind(err, paas.Conflict) {
		t.Errorf("a stopped container has it: %v", err)
	}
	if err := e.Remove(t.Context(), started.ID); err != nil {
		t.Fatal(err)
	}
	if err := e.RemoveVolume(t.Context(), s.Project, "uploads"); err != nil {
		t.Fatal(err)
	}
	volumeGone(t, e)
	for _, name := range []string{"uploads", "", ".", "..", "../..", "a/b"} {
		if err := e.RemoveVolume(t.Context(), s.Project, name); !paas.IsKind(err, paas.NotFound) {
			t.Errorf("remove %q: %v", name, err)
		}
	}
	if got := ask(t, run(t, e, s), "/write", "path", "/data/two"); got != "wrote, 1 there" {
		t.Errorf("made again: %s", got)
	}
	s.Volumes[0].Name = "../../escape"
	if _, err := e.Launch(t.Context(), s); !paas.IsKind(err, paas.Invalid) {
		t.Errorf("a name that leads out: %v", err)
	}
}

// After a reboot Docker is there before us: what it starts must not write beside the volume.
func TestVolumesAreMountedAgainAfterAReboot(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	s := withVolume(16 << 20)
	started := run(t, e, s)
	ask(t, started, "/write", "path", "/data/one")
	if err := e.Stop(t.Context(), started.ID, time.Second); err != nil {
		t.Fatal(err)
	}
	place := e.options.volume(s.Project, "uploads")
	if err := unix.Unmount(place.point(), 0); err != nil {
		t.Fatal(err)
	}
	if err := e.docker.ContainerStart(t.Context(), string(started.ID), container.StartOptions{}); err == nil {
		t.Error("Docker started a container whose volume is not mounted")
	}
	if found := volumesOf(t, e, s.Project); len(found) != 1 || found[0].Size != 16<<20 || found[0].Used == 0 {
		t.Errorf("not mounted: %+v", found)
	}
	if err := e.Start(t.Context(), started.ID); err != nil {
		t.Fatal(err)
	}
	if seen, err := e.Await(t.Context(), started.ID, paas.Probe{Ports: []int{8080}, Deadline: 20 * time.Second}); err != nil || !seen.Ready {
		t.Fatal(seen, err)
	}
	if got := ask(t, find(t, e, started.ID), "/write", "path", "/data/two"); got != "wrote, 2 there" {
		t.Errorf("after the reboot: %s", got)
	}
}

func TestHostsWithoutFileSystemsInFilesHaveVolumesWithoutASize(t *testing.T) {
	var log recorder
	e := newEngine(t, func(o *Options) { o.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
	t.Setenv("PATH", t.TempDir())
	s := withVolume(16 << 20)
	first := run(t, e, s)
	run(t, e, s)
	if got := ask(t, first, "/write", "path", "/data/one"); got != "wrote, 1 there" {
		t.Errorf("in a directory: %s", got)
	}
	if found := volumesOf(t, e, s.Project); len(found) != 1 || found[0] != (paas.VolumeUse{Name: "uploads", Used: 4, Mounted: true}) {
		t.Errorf("volumes: %+v", found)
	}
	if count := strings.Count(log.String(), "not enforced"); count != 1 {
		t.Errorf("said %d times:\n%s", count, log.String())
	}
	if err := e.Forget(t.Context(), s.Project); err != nil {
		t.Fatal(err)
	}
	volumeGone(t, e)
}

func TestFullDisksAreSaidToBeFull(t *testing.T) {
	small := t.TempDir()
	if err := unix.Mount("none", small, "tmpfs", 0, "size=64k"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(small, 0); err != nil {
			t.Error(err)
		}
	})
	e := newEngine(t, func(o *Options) { o.VolumesDir = filepath.Join(small, "volumes") })
	if _, err := e.Launch(t.Context(), withVolume(16<<20)); !paas.IsKind(err, paas.Unavailable) || !paas.IsCode(err, paas.EDiskFull) {
		t.Errorf("error: %v", err)
	}
	if all, err := e.Containers(context.WithoutCancel(t.Context())); err != nil || len(all) != 0 {
		t.Errorf("containers: %v %v", all, err)
	}
}

func TestReadOnlyRootsHaveWritableDirectories(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	s := withVolume(16 << 20)
	s.Files = paas.Files{ReadOnly: true, Writable: []string{"/workspace/cache", "/data"}, Size: 8 << 20}
	started := run(t, e, s)
	for path, want := range map[string]string{
		"/tmp/x": "wrote, 1 there", "/workspace/cache/x": "wrote, 1 there", "/data/x": "wrote, 1 there", "/x": "read-only file system",
	} {
		if got := ask(t, started, "/write", "path", path); !strings.Contains(got, want) {
			t.Errorf("%s: %s", path, got)
		}
	}
	var output bytes.Buffer
	if _, err := e.Exec(t.Context(), started.ID, []string{"/app", "write", "/tmp/large"}, paas.Streams{Output: &output}); err != nil || !strings.Contains(output.String(), "no space left on device") {
		t.Errorf("64 MiB in 8: %q %v", output.String(), err)
	}
}

// mayGrowOnline tells whether this host lets a process of ours enlarge a mounted file system.
func mayGrowOnline(t *testing.T) bool {
	t.Helper()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if err := unix.Capget(&header, &sets[0]); err != nil {
		t.Fatal(err)
	}
	return sets[0].Effective&(1<<unix.CAP_SYS_RESOURCE) != 0
}

// A volume grows under the containers that have it where the kernel lets it, else when none runs; what
// is in it stays, and there is more room.
func TestVolumesGrowAndKeepWhatIsInThem(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	small, large := withVolume(32<<20), withVolume(160<<20)
	large.Project = small.Project
	first := run(t, e, small)
	if got := ask(t, first, "/write", "path", "/data/one"); got != "wrote, 1 there" {
		t.Fatal(got)
	}
	second := run(t, e, large)
	online := mayGrowOnline(t)
	if use := volumesOf(t, e, small.Project)[0]; (use.Size == 160<<20) != online || use.Size != use.Capacity {
		t.Errorf("with a container that runs: %+v, may grow online: %v", use, online)
	}
	for _, c := range []paas.Container{first, second} {
		if err := e.Stop(t.Context(), c.ID, time.Second); err != nil {
			t.Fatal(err)
		}
	}
	third := run(t, e, large)
	if use := volumesOf(t, e, small.Project)[0]; use.Size != 160<<20 || use.Capacity != 160<<20 || !use.Attached {
		t.Errorf("grown: %+v", use)
	}
	if got := ask(t, third, "/write", "path", "/data/two"); got != "wrote, 2 there" {
		t.Errorf("in the grown volume: %s", got)
	}
	var output bytes.Buffer
	if _, err := e.Exec(t.Context(), third.ID, []string{"/app", "write", "/data/large"}, paas.Streams{Output: &output}); err != nil || strings.Contains(output.String(), "no space left") {
		t.Errorf("64 MiB in a volume of 160: %q %v", output.String(), err)
	}
	run(t, e, small) // what an earlier version declares: the volume stays as large
	if use := volumesOf(t, e, small.Project)[0]; use.Size != 160<<20 || use.Capacity != 160<<20 {
		t.Errorf("for a smaller declaration: %+v", use)
	}
}

// A daemon that was killed between the file's growth and the file system's goes on with it.
func TestInterruptedGrowthIsFinished(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	s := withVolume(32 << 20)
	started := run(t, e, s)
	ask(t, started, "/write", "path", "/data/one")
	if err := e.Stop(t.Context(), started.ID, time.Second); err != nil {
		t.Fatal(err)
	}
	place := e.options.volume(s.Project, "uploads")
	if err := os.Truncate(place.image(), 160<<20); err != nil {
		t.Fatal(err)
	}
	if use := volumesOf(t, e, s.Project)[0]; use.Size != 160<<20 || use.Capacity != 32<<20 {
		t.Errorf("interrupted: %+v", use)
	}
	if done := mend(t, e, s.Project); len(done) != 1 || !strings.HasPrefix(done[0], "Enlarged the volume uploads") {
		t.Errorf("did %q", done)
	}
	if use := volumesOf(t, e, s.Project)[0]; use.Size != 160<<20 || use.Capacity != 160<<20 {
		t.Errorf("mended: %+v", use)
	}
	if err := e.Start(t.Context(), started.ID); err != nil {
		t.Fatal(err)
	}
	if seen, err := e.Await(t.Context(), started.ID, paas.Probe{Ports: []int{8080}, Deadline: 20 * time.Second}); err != nil || !seen.Ready {
		t.Fatal(seen, err)
	}
	if got := ask(t, find(t, e, started.ID), "/write", "path", "/data/two"); got != "wrote, 2 there" {
		t.Errorf("after it: %s", got)
	}
}
