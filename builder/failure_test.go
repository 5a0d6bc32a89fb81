package builder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/volume"

	"github.com/paastech-cloud/paastech/paas"
)

func TestFailuresAreDiagnosed(t *testing.T) {
	tests := map[string]struct {
		files map[string]string
		code  paas.Code
		says  string
	}{
		"nothing":            {map[string]string{"README": ""}, paas.ENothingFound, "package.json (Node.js)"},
		"a Dockerfile":       {map[string]string{"Dockerfile": "FROM scratch"}, paas.ENothingFound, "There is a Dockerfile, which is not built yet."},
		"not its own":        {map[string]string{"go.mod": "module x", buildFile: "buildpacks: {buildpack: paastech/python}"}, paas.ENothingFound, "paastech/python, which paastech/buildpacks.yaml asks for"},
		"a buildpack":        {map[string]string{"package.json": "{", "server.js": ""}, "E_BAD_MANIFEST", "package.json"},
		"a script":           {scripted("console.log('the reason'); process.exit(3)"), "E_BUILD_SCRIPT_FAILED", "build"},
		"a forged phase":     {scripted("console.log('===> EXPORTING'); process.exit(3)"), "E_BUILD_SCRIPT_FAILED", "build"},
		"4 times its memory": {scripted("const all = []; for (let i = 0; i < 64; i++) all.push(Buffer.alloc(16 << 20, 1))"), paas.EBuildMemory, "256 MiB"},
	}
	options := shared.options()
	options.Limits.Memory = 256 << 20
	b, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	defer b.docker.Close()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			project := newProject()
			_, said, err := build(t, b, project, 1, write(t, test.files), nil)
			if !paas.IsKind(err, paas.Rejected) || !paas.IsCode(err, test.code) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, not %s: …%s…\n%s", err, test.code, test.says, said)
			}
			if left := leftovers(t, project); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestAFailureShowsWhatTheBuildSaid(t *testing.T) {
	_, said, err := build(t, shared.builder, newProject(), 1, write(t, scripted("for (let i = 0; i < 20000; i++) console.log('line ' + i); process.exit(1)")), nil)
	if err == nil {
		t.Fatal("the build passed")
	}
	for _, line := range []string{"line 0\n", "line 19999\n"} {
		if !strings.Contains(said, line) {
			t.Errorf("%q is not in the output", line)
		}
	}
	if strings.Contains(said, "\x1b") || strings.Contains(said, "===>") || strings.Contains(said, "ERROR") {
		t.Errorf("the output has noise:\n%.500s", said)
	}
}

func TestOutputIsBounded(t *testing.T) {
	_, said, err := build(t, shared.builder, newProject(), 1, write(t, scripted("const l = 'x'.repeat(100000); for (let i = 0; i < 1000; i++) console.log(l)")), nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(said) > maxOutput+maxLine || !strings.Contains(said, "the rest is not shown") {
		t.Errorf("the output has %d bytes", len(said))
	}
}

// T32: dead at its time-out with its children.
func TestATimeOutLeavesNothing(t *testing.T) {
	options := shared.options()
	options.Timeout = 4 * time.Second
	b, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	defer b.docker.Close()
	project, span := newProject(), fmt.Sprint(1_000_000+rand.IntN(1_000_000)) // of a sleep that is nobody else's
	_, said, err := build(t, b, project, 1, write(t, scripted("require('child_process').spawn('sleep', ['"+span+"'], {detached: true}); setInterval(() => {}, 1000)")), nil)
	if !paas.IsCode(err, paas.EBuildTimeout) || !paas.IsKind(err, paas.Rejected) {
		t.Errorf("got %v\n%s", err, said)
	}
	if left := leftovers(t, project); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	commands, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil || len(commands) == 0 {
		t.Fatal(commands, err)
	}
	for _, path := range commands {
		if command, _ := os.ReadFile(path); strings.Contains(string(command), "sleep\x00"+span) {
			t.Errorf("a child of the build lives on: %s", path)
		}
	}
}

func TestACanceledBuildLeavesNothing(t *testing.T) {
	project, why := newProject(), errors.New("Ctrl-C")
	ctx, cancel := context.WithCancelCause(context.Background())
	done := make(chan error)
	dir := write(t, scripted("process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"))
	go func() {
		_, err := shared.builder.Build(ctx, paas.Build{Project: project, Deployment: 1, Dir: dir, Output: io.Discard})
		done <- err
	}()
	running(t, project)
	canceled := time.Now()
	cancel(why)
	if err := <-done; !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(canceled); os.Getenv("PAASTECH_SOAK") == "1" && took > 2*time.Second {
		t.Errorf("canceling took %s", took)
	}
	if left := leftovers(t, project); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	if len(shared.builder.slots) != 0 {
		t.Errorf("%d builds are still counted", len(shared.builder.slots))
	}
}

// Canceling at any moment, also while containers and volumes are made, leaves nothing.
func TestCancelingAtAnyMomentLeavesNothing(t *testing.T) {
	dir := write(t, helloNode())
	for i := range 12 {
		project := newProject()
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i*i)*5*time.Millisecond)
		_, err := shared.builder.Build(ctx, paas.Build{Project: project, Deployment: 1, Dir: dir, Output: io.Discard})
		cancel()
		if left := leftovers(t, project); len(left) != 0 {
			t.Errorf("after %d ms (%v): left behind: %v", i*i*5, err, left)
		}
	}
}

func TestBuildsWaitForASlot(t *testing.T) {
	options := shared.options()
	options.Concurrency = 1
	b, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	defer b.docker.Close()
	ctx, cancel := context.WithCancel(context.Background())
	first, project, dir := make(chan error), newProject(), write(t, scripted("setInterval(() => {}, 1000)"))
	go func() {
		_, err := b.Build(ctx, paas.Build{Project: project, Deployment: 1, Dir: dir, Output: io.Discard})
		first <- err
	}()
	running(t, project)
	var said output
	second := make(chan error)
	go func() {
		_, err := b.Build(context.Background(), paas.Build{Project: newProject(), Deployment: 1, Dir: write(t, helloNode()), Output: &said})
		second <- err
	}()
	for !strings.Contains(said.String(), "Waiting for another build") {
		time.Sleep(5 * time.Millisecond)
	}
	cancel()
	<-first
	if err := <-second; err != nil {
		t.Error(err)
	}
}

// What a daemon that was killed leaves is removed when it starts again; caches stay.
func TestRunSweepsWhatAKilledDaemonLeft(t *testing.T) {
	options := shared.options()
	options.InstanceID += "k"
	b, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	standard, err := b.defaultImage(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	project := newProject()
	labels := map[string]string{labelInstance: options.InstanceID, labelProject: string(project), labelBuild: "1"}
	for _, name := range []string{"pack-app-" + options.InstanceID, "pack-layers-" + options.InstanceID} {
		if _, err := shared.docker.VolumeCreate(context.Background(), volume.CreateOptions{Name: name, Labels: labels}); err != nil {
			t.Fatal(err)
		}
	}
	config := container.Config{Image: standard, Cmd: []string{"sleep", "600"}, Labels: labels}
	left, err := shared.docker.ContainerCreate(context.Background(), &config, &container.HostConfig{Binds: []string{"pack-app-" + options.InstanceID + ":/workspace"}}, nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := shared.docker.ContainerStart(context.Background(), left.ID, container.StartOptions{}); err != nil {
		t.Fatal(err)
	}
	if found := leftovers(t, project); len(found) != 3 {
		t.Fatalf("the test made %v", found)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- b.Run(ctx) }()
	for len(leftovers(t, project)) > 0 {
		time.Sleep(20 * time.Millisecond)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestForgetRemovesCachesAndImages(t *testing.T) {
	project := newProject()
	if _, said, err := build(t, shared.builder, project, 1, write(t, helloNode()), nil); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	cache := cacheVolume(shared.instance, project, "build")
	if _, err := shared.docker.VolumeInspect(context.Background(), cache); err != nil {
		t.Errorf("there is no cache: %v", err)
	}
	for range 2 {
		if err := shared.builder.Forget(context.Background(), project); err != nil {
			t.Error(err)
		}
	}
	if _, err := shared.docker.VolumeInspect(context.Background(), cache); err == nil {
		t.Error("the cache is still there")
	}
	shared.registry.mu.Lock()
	defer shared.registry.mu.Unlock()
	if len(shared.registry.deleted) == 0 || shared.registry.deleted[0] != string(project)+"/" {
		t.Errorf("deleted from the registry: %v", shared.registry.deleted)
	}
}
