package builder

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/google/go-containerregistry/pkg/registry"

	"github.com/paastech-cloud/paastech/paas"
)

// otherBuilder publishes a second builder, smaller and with a user and a run image of its own, to a
// public registry, and takes it away from the engine.
func otherBuilder(t *testing.T) (builder, run string) {
	t.Helper()
	public := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(public.Close)
	builder, run = public.Listener.Addr().String()+"/other/builder:1", public.Listener.Addr().String()+"/other/run:1"
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := context.Background()
	r, err := debianRecipe(ctx, shared.docker)
	must(err)
	r.Build = r.Run // it has Node, too
	remove := func(names ...string) { (&maker{docker: shared.docker}).remove(ctx, names...) }
	must(shared.docker.ImageTag(ctx, r.runImage(), r.buildImage()))
	must(shared.docker.ImageTag(ctx, r.runImage(), run))
	must((&maker{docker: shared.docker, out: io.Discard}).assemble(ctx, r))
	defer remove(r.image(), r.buildImage())
	commit(t, r.image(), builder, run)
	t.Cleanup(func() { remove(builder, run) })
	for _, name := range []string{run, builder} {
		answer, err := shared.docker.ImagePush(ctx, name, image.PushOptions{RegistryAuth: dockerAuth(paas.RegistryPass{})})
		must(err)
		must(drain(answer))
	}
	remove(builder, run)
	return builder, run
}

// commit makes a builder that builds as www-data and names another run image.
func commit(t *testing.T, from, to, run string) {
	t.Helper()
	ctx := context.Background()
	seen, err := shared.docker.ImageInspect(ctx, from)
	if err != nil {
		t.Fatal(err)
	}
	about, err := shared.builder.describe(ctx, from)
	if err != nil {
		t.Fatal(err)
	}
	said := strings.ReplaceAll(seen.Config.Labels[metadataLabel], about.runImage, run)
	made, err := shared.docker.ContainerCreate(ctx, &container.Config{Image: from, Cmd: []string{"true"}}, nil, nil, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	defer shared.docker.ContainerRemove(ctx, made.ID, container.RemoveOptions{})
	_, err = shared.docker.ContainerCommit(ctx, made.ID, container.CommitOptions{Reference: to, Changes: []string{
		"ENV CNB_USER_ID=33 CNB_GROUP_ID=33", "USER 33:33", fmt.Sprintf("LABEL %s=%q", metadataLabel, said),
	}})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnotherBuilderIsPulledAndWorks(t *testing.T) {
	other, run := otherBuilder(t)
	t.Run("named by a tree", func(t *testing.T) {
		options := shared.options()
		options.Allowed = []string{other}
		b, err := New(options)
		if err != nil {
			t.Fatal(err)
		}
		defer b.docker.Close()
		project := newProject()
		files := scripted(probe)
		files[buildFile] = "buildpacks: {builder: '" + other + "', buildpack: paastech/node}"
		dir := write(t, files)
		_, said, err := build(t, b, project, 1, dir, paas.Env{"SECRET": "x"})
		if err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
		for _, want := range []string{"Pulling " + other, "Pulling " + run, `"uid":"33"`, `"lifecycleEnvironment":"`, `"password":"undefined"`, `"secret":"1 undefined"`} {
			if !strings.Contains(said, want) {
				t.Errorf("%q is not in the output:\n%s", want, said)
			}
		}
		if strings.Contains(said, "CNB_REGISTRY_AUTH") || strings.Contains(said, "[builder]") {
			t.Errorf("the output shows too much:\n%s", said)
		}
		if _, said, err = build(t, b, project, 2, dir, paas.Env{"SECRET": "x"}); err != nil || strings.Contains(said, "Pulling") {
			t.Errorf("the second build: %v\n%s", err, said)
		}
		files["package.json"] = "{"
		if _, said, err = build(t, b, project, 3, write(t, files), nil); !paas.IsCode(err, "E_BAD_MANIFEST") {
			t.Errorf("a failing build: %v\n%s", err, said)
		}
		files[buildFile] = "buildpacks: {builder: '" + other + "', buildpack: evil/node}"
		if _, err := b.Plan(context.Background(), write(t, files)); !paas.IsCode(err, paas.EBuildpackNot) {
			t.Errorf("an unknown buildpack: %v", err)
		}
		if left := leftovers(t, project); len(left) != 0 {
			t.Errorf("left behind: %v", left)
		}
	})
	t.Run("configured", func(t *testing.T) {
		options := shared.options()
		options.Image = other
		b, err := New(options)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		var running sync.WaitGroup
		running.Go(func() { b.Run(ctx) })
		defer running.Wait()
		defer cancel()
		if err := b.Prepare(ctx, os.Stderr); err != nil {
			t.Fatal(err)
		}
		if _, said, err := build(t, b, newProject(), 1, write(t, helloNode()), nil); err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
	})
}

func TestABuilderMustBeOne(t *testing.T) {
	options := shared.options()
	standard, err := shared.builder.defaultImage(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	about, err := shared.builder.describe(context.Background(), standard)
	if err != nil {
		t.Fatal(err)
	}
	options.Allowed = []string{about.runImage}
	b, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	defer b.docker.Close()
	files := helloNode()
	files[buildFile] = "buildpacks: {builder: '" + about.runImage + "'}"
	if _, said, err := build(t, b, newProject(), 1, write(t, files), nil); !paas.IsCode(err, paas.EBuilderNot) {
		t.Errorf("got %v\n%s", err, said)
	}
}

// The names of our images are never asked for outside of this engine.
func TestOurOwnBuilderIsNeverPulled(t *testing.T) {
	b, err := New(shared.options())
	if err != nil {
		t.Fatal(err)
	}
	defer b.docker.Close()
	r, err := b.ownRecipe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	r.Sums = []string{"of", "nothing", "here"}
	b.recipe = &r
	_, said, err := build(t, b, newProject(), 1, write(t, helloNode()), nil)
	if !paas.IsKind(err, paas.Unavailable) || strings.Contains(said, "Pulling") {
		t.Errorf("got %v\n%s", err, said)
	}
}
