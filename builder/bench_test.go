package builder

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"testing"

	"os"

	"github.com/buildpacks/lifecycle/auth"

	"github.com/paastech-cloud/paastech/paas"
)

// BenchmarkDeployBuild compares builds of an unchanged and of a changed application with the floor: the
// lifecycle's creator, run by hand with the docker command and the same kind of caches.
func BenchmarkDeployBuild(b *testing.B) {
	for _, changed := range []bool{false, true} {
		name := map[bool]string{false: "unchanged", true: "changed"}[changed]
		b.Run(name+"/ours", func(b *testing.B) {
			project, dir := newProject(), benchTree(b)
			ours(b, project, dir, 0)
			for i := 1; b.Loop(); i++ {
				change(b, dir, i, changed)
				ours(b, project, dir, i)
			}
		})
		b.Run(name+"/floor", func(b *testing.B) {
			project, dir := newProject(), benchTree(b)
			floor(b, project, dir)
			for i := 1; b.Loop(); i++ {
				change(b, dir, i, changed)
				floor(b, project, dir)
			}
		})
	}
}

func benchTree(b *testing.B) string {
	b.Helper()
	dir := b.TempDir()
	for name, text := range helloNode() {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			b.Fatal(err)
		}
	}
	return dir
}

func change(b *testing.B, dir string, i int, changed bool) {
	b.Helper()
	if !changed {
		return
	}
	text := fmt.Sprintf("%s// change %d\n", helloNode()["server.js"], i)
	if err := os.WriteFile(filepath.Join(dir, "server.js"), []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
}

func ours(b *testing.B, project paas.ProjectID, dir string, deployment int) {
	b.Helper()
	build := paas.Build{Project: project, Deployment: deployment, Dir: dir, Output: io.Discard}
	if _, err := shared.builder.Build(context.Background(), build); err != nil {
		b.Fatal(err)
	}
}

// floor is what a person would type.
func floor(b *testing.B, project paas.ProjectID, dir string) {
	b.Helper()
	ctx := context.Background()
	standard, err := shared.builder.defaultImage(ctx)
	if err != nil {
		b.Fatal(err)
	}
	about, err := shared.builder.describe(ctx, standard)
	if err != nil {
		b.Fatal(err)
	}
	pass := shared.registry.Grant([]string{runRepository, string(project) + "/"}, []string{string(project) + "/"})
	defer pass.Revoke()
	image := shared.registry.BuildAddress() + "/" + string(project) + "/app:latest"
	run := shared.builder.mirrorName(about)
	credential, err := auth.BuildEnvVar(shared.builder.keychain(pass), image, run)
	if err != nil {
		b.Fatal(err)
	}
	cache := cacheVolume(shared.instance, project, "build")
	docker(b, "volume", "create", "--label="+labelInstance+"="+shared.instance, cache)
	id := docker(b, "create", "--user=root", "--network="+shared.network.Name, "--env=CNB_PLATFORM_API=0.13",
		"--env=CNB_REGISTRY_AUTH="+credential, "--label="+labelInstance+"="+shared.instance,
		"--volume="+cache+":/cache",
		standard, "/cnb/lifecycle/creator", "-app=/workspace", "-cache-dir=/cache", "-run-image="+run, image)
	defer docker(b, "rm", "--force", "--volumes", id)
	docker(b, "cp", dir+"/.", id+":/workspace")
	docker(b, "start", "--attach", id)
}

func docker(b testing.TB, arguments ...string) string {
	b.Helper()
	out, err := exec.Command("docker", arguments...).Output()
	if err != nil {
		b.Fatalf("docker %s: %v\n%s", arguments[0], err, out)
	}
	return string(out[:max(0, len(out)-1)])
}
