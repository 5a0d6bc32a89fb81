package builder

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/volume"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	gcr "github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/paastech-cloud/paastech/paas"
)

// crowd is what a test puts on the engine for Shrink to choose from.
type crowd struct {
	*testing.T
	b *Builder
}

func newCrowd(t *testing.T) crowd {
	t.Helper()
	options := shared.options()
	options.InstanceID = "crowd" + strings.ToLower(rand.Text()[:8])
	b, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.docker.Close() })
	return crowd{t, b}
}

func (c crowd) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

// imported puts an image of so many random bytes on the engine.
func (c crowd) imported(name string, size int, labels map[string]string) string {
	c.Helper()
	var packed bytes.Buffer
	archive := tar.NewWriter(&packed)
	content := make([]byte, size)
	rand.Read(content)
	c.must(archive.WriteHeader(&tar.Header{Name: "content", Mode: 0o644, Size: int64(size)}))
	_, err := archive.Write(content)
	c.must(err)
	c.must(archive.Close())
	changes := []string{`CMD ["/content"]`}
	if len(labels) > 0 {
		changes = append(changes, labelChange(labels))
	}
	answer, err := shared.docker.ImageImport(context.Background(), image.ImportSource{Source: &packed, SourceName: "-"}, name, image.ImportOptions{Changes: changes})
	c.must(err)
	said, err := io.ReadAll(answer)
	c.must(err)
	c.must(answer.Close())
	_, id, _ := strings.Cut(string(said), `"status":"`)
	id, _, _ = strings.Cut(id, `"`)
	c.Cleanup(func() {
		shared.docker.ImageRemove(context.Background(), id, image.RemoveOptions{Force: true})
	})
	return id
}

// cached makes a volume with a file in it, last used so long ago.
func (c crowd) cached(name string, labels map[string]string, size int, ago time.Duration) string {
	c.Helper()
	ctx := context.Background()
	made, err := shared.docker.VolumeCreate(ctx, volume.CreateOptions{Name: name, Labels: labels})
	c.must(err)
	c.Cleanup(func() { shared.docker.VolumeRemove(ctx, name, true) })
	c.must(os.WriteFile(filepath.Join(made.Mountpoint, "data"), make([]byte, size), 0o644))
	then := time.Now().Add(-ago)
	c.must(os.Chtimes(made.Mountpoint, then, then))
	return name
}

func (c crowd) hasVolume(name string) bool {
	_, err := shared.docker.VolumeInspect(context.Background(), name)
	return err == nil
}

func (c crowd) hasImage(name string) bool {
	_, err := shared.docker.ImageInspect(context.Background(), name)
	return err == nil
}

func (c crowd) cacheLabels(project paas.ProjectID) map[string]string {
	return map[string]string{labelInstance: c.b.options.InstanceID, labelProject: string(project), labelCache: "build"}
}

func TestShrinkRemovesOwnCachesLongestUnusedFirst(t *testing.T) {
	c, ctx := newCrowd(t), context.Background()
	instance := c.b.options.InstanceID
	projects := []paas.ProjectID{newProject(), newProject(), newProject(), newProject()}
	var names []string
	for i, project := range projects { // the first was used last
		names = append(names, c.cached(cacheVolume(instance, project, "build"), c.cacheLabels(project), 1<<20, time.Duration(i+1)*time.Hour))
	}
	foreign := c.cached("foreign-"+instance, map[string]string{labelCache: "build", labelInstance: "another", labelProject: string(projects[0])}, 1<<20, 100*time.Hour)
	unlabelled := c.cached(cachePrefix+"none-"+instance, nil, 1<<20, 100*time.Hour)
	data := c.cached("data-"+instance, map[string]string{labelInstance: instance, labelProject: string(projects[0])}, 1<<20, 100*time.Hour)
	c.b.caches.begin(projects[3]) // builds now

	remaining := func() []string {
		var left []string
		for _, name := range names {
			if c.hasVolume(name) {
				left = append(left, name)
			}
		}
		return left
	}
	if freed, err := c.b.Shrink(ctx, 1); err != nil || freed != 1<<20 {
		t.Errorf("freed %d, %v", freed, err)
	}
	if left := remaining(); !slices.Equal(left, []string{names[0], names[1], names[3]}) {
		t.Errorf("%v are left of %v", left, names)
	}
	if freed, err := c.b.Shrink(ctx, 100<<20); err != nil || freed != 2<<20 {
		t.Errorf("freed %d, %v", freed, err)
	}
	c.b.caches.end(projects[3])
	if left := remaining(); !slices.Equal(left, names[3:]) {
		t.Errorf("%v are left of %v", left, names)
	}
	for _, name := range []string{foreign, unlabelled, data} {
		if !c.hasVolume(name) {
			t.Errorf("%s is gone", name)
		}
	}
	if freed, err := c.b.Shrink(ctx, 100<<20); err != nil || freed != 1<<20 || len(remaining()) != 0 {
		t.Errorf("freed %d, %v; %v are left", freed, err, remaining())
	}
}

func TestShrinkRemovesOwnOldImages(t *testing.T) {
	c, ctx := newCrowd(t), context.Background()
	tag := strings.ToLower(rand.Text())
	ours := map[string]string{labelMaker: c.b.options.InstanceID, labelRecipe: "builder"}
	stays := []string{
		c.imported("foreign/builder:"+tag, 1<<10, nil),
		c.imported(builderRepository+":other"+tag, 1<<10, map[string]string{labelMaker: "another", labelRecipe: "builder"}),
		c.imported(builderRepository+":none"+tag, 1<<10, map[string]string{labelRecipe: "builder"}),
		c.imported("somebodys/own:"+tag, 1<<10, ours), // built upon ours
	}
	used := c.imported(builderRepository+":used"+tag, 1<<10, ours)
	named := c.imported(builderRepository+":named"+tag, 1<<10, ours)
	c.must(shared.docker.ImageTag(ctx, named, "somebodys/copy:"+tag))
	defer shared.docker.ImageRemove(ctx, "somebodys/copy:"+tag, image.RemoveOptions{})
	held, err := shared.docker.ContainerCreate(ctx, &container.Config{Image: used}, nil, nil, nil, "")
	c.must(err)
	defer shared.docker.ContainerRemove(ctx, held.ID, container.RemoveOptions{})
	standard, err := c.b.defaultImage(ctx)
	c.must(err)
	stays = append(stays, used, named, standard)
	old := c.imported(builderRepository+":old"+tag, 3<<20, ours)
	dangling := c.imported("", 1<<20, ours)

	freed, err := c.b.Shrink(ctx, 100<<20)
	c.must(err)
	if freed < 2<<20 { // other tests' images come and go meanwhile
		t.Errorf("freed %d bytes", freed)
	}
	for _, name := range stays {
		if !c.hasImage(name) {
			t.Errorf("%s is gone", name)
		}
	}
	for _, name := range []string{old, dangling} {
		if c.hasImage(name) {
			t.Errorf("%s is still there", name)
		}
	}
	if freed, err := c.b.Shrink(ctx, 100<<20); err != nil || freed > 1<<20 {
		t.Errorf("the second time: freed %d, %v", freed, err)
	}
}

// What an earlier release of the platform made for its builder goes when this one's is there.
func TestImagesOfAnEarlierBuilderGoWithoutBeingAskedFor(t *testing.T) {
	c, ctx := newCrowd(t), context.Background()
	tag := strings.ToLower(rand.Text())
	ours := map[string]string{labelMaker: c.b.options.InstanceID, labelRecipe: "builder"}
	var old []string
	for _, repository := range []string{builderRepository, buildRepository, runRepository, lifecycleRepository} {
		old = append(old, c.imported(repository+":"+tag, 1<<20, ours))
	}
	standard, err := c.b.defaultImage(ctx)
	c.must(err)
	serving, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- c.b.Run(serving) }()
	for deadline := time.Now().Add(2 * time.Minute); slices.ContainsFunc(old, c.hasImage); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("images of an earlier builder are still there")
		}
	}
	stop()
	c.must(<-served)
	if !c.hasImage(standard) {
		t.Error("the present builder is gone")
	}
}

// The local registry keeps the run images that the engine has.
func TestRunImagesThatAreGoneAreNotKeptInTheRegistry(t *testing.T) {
	c, ctx := newCrowd(t), context.Background()
	standard, err := c.b.defaultImage(ctx)
	c.must(err)
	present, err := c.b.describe(ctx, standard)
	c.must(err)
	c.must(c.b.mirror(ctx, present, io.Discard))
	pass := shared.registry.Grant(nil, []string{runRepository})
	defer pass.Revoke()
	options := []remote.Option{remote.WithContext(ctx), remote.WithAuthFromKeychain(c.b.keychain(pass))}
	gone, err := gcr.Image(1024, 1)
	c.must(err)
	at, err := name.ParseReference(shared.registry.BuildAddress() + "/" + runRepository + ":000000000000")
	c.must(err)
	c.must(remote.Write(at, gone, options...))
	kept, err := name.ParseReference(c.b.mirrorName(present))
	c.must(err)
	digest, err := remote.Head(kept, options...)
	c.must(err)
	_, err = c.b.dropMirrors(ctx)
	c.must(err)
	shared.registry.mu.Lock()
	defer shared.registry.mu.Unlock()
	last := shared.registry.retained[len(shared.registry.retained)-1]
	if !strings.HasPrefix(last, runRepository+"@") || !strings.Contains(last, digest.Digest.String()) || strings.Contains(last, mustDigest(c, gone)) {
		t.Errorf("retained %s", last)
	}
}

func mustDigest(c crowd, image v1.Image) string {
	digest, err := image.Digest()
	c.must(err)
	return digest.String()
}

// A build after its cache was removed is whole, and makes the cache anew.
func TestABuildAfterShrinkWorks(t *testing.T) {
	ctx, project, dir := context.Background(), newProject(), write(t, helloNode())
	c := newCrowd(t)
	defer c.b.Forget(ctx, project)
	for i := range 2 {
		if _, said, err := build(t, c.b, project, i+1, dir, nil); err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
		if left := c.caches(); left == 0 {
			t.Error("the build has no cache")
		}
		_, err := c.b.Shrink(ctx, 1<<40)
		c.must(err)
		if left := c.caches(); left != 0 {
			t.Errorf("%d caches are left", left)
		}
	}
}

func (c crowd) caches() int {
	found, err := shared.docker.VolumeList(context.Background(), volume.ListOptions{Filters: filters.NewArgs(filters.Arg("label", labelInstance+"="+c.b.options.InstanceID))})
	c.must(err)
	return len(found.Volumes)
}

func TestRetainNamesWhatToKeep(t *testing.T) {
	project := newProject()
	refs := []paas.ImageRef{
		paas.ImageRef(shared.registry.PullAddress() + "/" + string(project) + "/app@sha256:aa"), "127.0.0.1:1/" + paas.ImageRef(project) + "/app@sha256:bb", // the port may have changed
		"docker.io/library/other@sha256:cc", "untagged",
	}
	if err := shared.builder.Retain(context.Background(), project, refs); err != nil {
		t.Fatal(err)
	}
	shared.registry.mu.Lock()
	defer shared.registry.mu.Unlock()
	if want := string(project) + "/app@sha256:aa,sha256:bb"; !slices.Contains(shared.registry.retained, want) {
		t.Errorf("asked for %v, not %s", shared.registry.retained, want)
	}
}
