package builder

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/paastech-cloud/paastech/paas"
)

// write makes a tree.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func helloNode() map[string]string {
	return map[string]string{
		"package.json": `{"name":"hello","version":"1.0.0","scripts":{"start":"node server.js"}}`,
		"server.js":    "require('http').createServer((q,r)=>r.end('hello')).listen(process.env.PORT)\n",
	}
}

// build plans and builds a tree.
func build(t *testing.T, b *Builder, project paas.ProjectID, deployment int, dir string, env paas.Env) (paas.Image, string, error) {
	t.Helper()
	plan, err := b.Plan(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	var said output
	image, err := b.Build(context.Background(), paas.Build{
		Project: project, Deployment: deployment, Dir: dir, Plan: plan, Env: env, Output: &said,
	})
	return image, said.String(), err
}

func TestBuildPublishesAnImageWithItsProcesses(t *testing.T) {
	project := newProject()
	image, said, err := build(t, shared.builder, project, 1, write(t, helloNode()), nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	t.Log(said)
	wanted := shared.registry.PullAddress() + "/" + string(project) + "/app@sha256:"
	if !strings.HasPrefix(string(image.Ref), wanted) {
		t.Errorf("the image is %s, not %s…", image.Ref, wanted)
	}
	if image.Entry() != paas.WebProcess || len(image.Processes) == 0 {
		t.Errorf("the processes are %+v", image.Processes)
	}
}

func newProject() paas.ProjectID { return paas.ProjectID(uuid.NewString()) }
