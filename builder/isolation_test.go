package builder

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/volume"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/paastech-cloud/paastech/paas"
)

// scripted is an application whose build runs a script.
func scripted(script string) map[string]string {
	files := helloNode()
	files["package.json"] = `{"name":"hello","version":"1.0.0","scripts":{"start":"node server.js","build":"node build.js"}}`
	files["build.js"] = script
	return files
}

// leftovers lists containers and volumes of a project's builds that are not its caches.
func leftovers(t *testing.T, project paas.ProjectID) []string {
	t.Helper()
	which := filters.NewArgs(filters.Arg("label", labelProject+"="+string(project)), filters.Arg("label", labelBuild))
	containers, err := shared.docker.ContainerList(context.Background(), container.ListOptions{All: true, Filters: which})
	if err != nil {
		t.Fatal(err)
	}
	volumes, err := shared.docker.VolumeList(context.Background(), volume.ListOptions{Filters: which})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, each := range containers {
		names = append(names, "container "+each.ID)
	}
	for _, each := range volumes.Volumes {
		names = append(names, "volume "+each.Name)
	}
	return names
}

// running waits for the build container of a project and returns what the engine says about it.
func running(t *testing.T, project paas.ProjectID) container.InspectResponse {
	t.Helper()
	which := filters.NewArgs(filters.Arg("label", labelProject+"="+string(project)), filters.Arg("label", labelBuild))
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		found, err := shared.docker.ContainerList(context.Background(), container.ListOptions{Filters: which})
		if err != nil {
			t.Fatal(err)
		}
		if len(found) > 0 {
			seen, err := shared.docker.ContainerInspect(context.Background(), found[0].ID)
			if err == nil && seen.State.Running {
				return seen
			}
		}
	}
	t.Fatal("no build container ran")
	panic("unreachable")
}

const probe = `
const fs = require('fs'), seen = {};
const attempt = (name, f) => { try { seen[name] = String(f()) } catch (e) { seen[name] = 'refused: ' + e.code } };
attempt('uid', () => process.getuid());
attempt('capabilities', () => fs.readFileSync('/proc/self/status', 'utf8').match(/CapEff:\s*(\w+)/)[1]);
attempt('newPrivileges', () => fs.readFileSync('/proc/self/status', 'utf8').match(/NoNewPrivs:\s*(\w+)/)[1]);
attempt('seccomp', () => fs.readFileSync('/proc/self/status', 'utf8').match(/Seccomp:\s*(\w+)/)[1]);
attempt('lifecycleEnvironment', () => fs.readFileSync('/proc/1/environ'));
attempt('lifecycleMemory', () => fs.openSync('/proc/1/mem'));
attempt('password', () => process.env.CNB_REGISTRY_AUTH);
attempt('socket', () => fs.statSync('/var/run/docker.sock'));
attempt('system', () => fs.writeFileSync('/etc/ssl/certs/ca-certificates.crt', 'x'));
attempt('platform', () => fs.writeFileSync('/platform/env/SECRET', 'x'));
attempt('secret', () => process.env.SECRET.length + ' ' + process.env.FROM_FILE);
attempt('certificates', () => process.env.NODE_EXTRA_CA_CERTS + ' ' + (fs.statSync(process.env.NODE_EXTRA_CA_CERTS).size > 1000));
console.log('SEEN ' + JSON.stringify(seen));
`

// T32: no socket, no secret of the daemon.
func TestABuildSeesOnlyItsOwn(t *testing.T) {
	files := scripted(probe)
	files[buildFile] = "buildpacks: {env: [FROM_FILE=file, SECRET=overridden]}"
	_, said, err := build(t, shared.builder, newProject(), 1, write(t, files), paas.Env{"SECRET": "$(touch /canary)`'\"\n; x"})
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	_, report, found := strings.Cut(said, "SEEN ")
	if !found {
		t.Fatalf("the build did not report\n%s", said)
	}
	report, _, _ = strings.Cut(report, "\n")
	var seen map[string]string
	if err := json.Unmarshal([]byte(report), &seen); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"uid": "1001", "capabilities": "0000000000000000", "newPrivileges": "1", "seccomp": "2",
		"lifecycleEnvironment": "refused: EACCES", "lifecycleMemory": "refused: EACCES",
		"password": "undefined", "socket": "refused: ENOENT", "system": "refused: EACCES", "platform": "refused: EACCES",
		"secret": "23 file", "certificates": HostCABundle + " true",
	}
	for name, value := range want {
		if seen[name] != value {
			t.Errorf("%s is %q, not %q", name, seen[name], value)
		}
	}
}

// T29 for the containers of a build.
func TestABuildContainerIsConfined(t *testing.T) {
	project := newProject()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	done := make(chan error)
	dir := write(t, scripted("setInterval(() => {}, 1000)"))
	go func() {
		_, err := shared.builder.Build(ctx, paas.Build{Project: project, Deployment: 1, Dir: dir, Output: io.Discard})
		done <- err
	}()
	seen := running(t, project)
	host := seen.HostConfig
	if len(host.CapAdd) != 0 || len(host.CapDrop) != 1 || host.CapDrop[0] != "ALL" || host.Privileged {
		t.Errorf("capabilities: add %v, drop %v, privileged %v", host.CapAdd, host.CapDrop, host.Privileged)
	}
	if len(host.SecurityOpt) != 1 || host.SecurityOpt[0] != "no-new-privileges:true" {
		t.Errorf("security options: %v", host.SecurityOpt)
	}
	if host.Memory != 2<<30 || host.MemorySwap != host.Memory || host.NanoCPUs != 2e9 || host.PidsLimit == nil || *host.PidsLimit > 512 || host.CPUShares != buildShares {
		t.Errorf("limits: %+v", host.Resources)
	}
	if seen.Config.User != "1001:1001" || host.LogConfig.Type != "none" || string(host.NetworkMode) != shared.network.Name || host.PidMode != "" || host.IpcMode == "host" {
		t.Errorf("user %q, log %q, network %q", seen.Config.User, host.LogConfig.Type, host.NetworkMode)
	}
	for _, mount := range seen.Mounts {
		if mount.Type != "volume" {
			t.Errorf("mounted %+v", mount)
		}
	}
	cancel()
	if err := <-done; err == nil {
		t.Error("a canceled build gave an image")
	}
}

// T32: build variables are in no layer, label, history or line of log, and in no image left on the engine.
func TestBuildVariablesLeaveNoTrace(t *testing.T) {
	const secret = "s3cr3t-that-leaves-no-trace"
	before := images(t)
	picture, said, err := build(t, shared.builder, newProject(), 1, write(t, helloNode()), paas.Env{"NPM_TOKEN": secret})
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	if strings.Contains(said, secret) {
		t.Error("the secret is in the log")
	}
	pass := shared.registry.Grant([]string{strings.Split(string(picture.Ref), "/")[1] + "/"}, nil)
	defer pass.Revoke()
	reference, err := name.ParseReference(strings.Replace(string(picture.Ref), shared.registry.PullAddress(), shared.registry.BuildAddress(), 1))
	if err != nil {
		t.Fatal(err)
	}
	published, err := remote.Image(reference, remote.WithAuthFromKeychain(shared.builder.keychain(pass)))
	if err != nil {
		t.Fatal(err)
	}
	config, err := published.RawConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	files, err := io.ReadAll(mutate.Extract(published))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(config), secret) || strings.Contains(string(files), secret) {
		t.Error("the secret is in the image")
	}
	layers, err := published.Layers()
	if err != nil || len(layers) < 3 {
		t.Fatal(layers, err)
	}
	for i, layer := range layers { // one may hide what another has
		content, err := layer.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(content)
		if err != nil || strings.Contains(string(text), secret) {
			t.Errorf("the secret is in layer %d, %v", i, err)
		}
		_ = content.Close()
	}
	if after := images(t); after != before {
		t.Errorf("the build left images: %s became %s", before, after)
	}
}

// images lists the images that pack makes for itself.
func images(t *testing.T) string {
	t.Helper()
	found, err := shared.docker.ImageList(context.Background(), image.ListOptions{All: true, Filters: filters.NewArgs(filters.Arg("reference", "pack.local/*/*"))})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, each := range found {
		names = append(names, each.RepoTags...)
	}
	return strings.Join(names, " ")
}

// A pass opens nothing any more when its build has ended.
func TestThePassDiesWithTheBuild(t *testing.T) {
	if _, said, err := build(t, shared.builder, newProject(), 1, write(t, helloNode()), nil); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	shared.registry.mu.Lock()
	defer shared.registry.mu.Unlock()
	if len(shared.registry.passes) != 0 {
		t.Errorf("%d passes are left", len(shared.registry.passes))
	}
}
