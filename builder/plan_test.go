package builder

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
)

// The two examples of API.md's appendix, as the first PaaSTech's projects have them.
const (
	appendixBuildpacks = `buildpacks:
  path: "."
  builder: "paketobuildpacks/builder:full"
  buildpack: "paketo-buildpacks/web-servers"
  env:
    - "BP_WEB_SERVER=nginx"
    - "BP_WEB_SERVER_ROOT=dist"
`
	appendixProject = `buildpacks: {path: frontend, builder: "paketobuildpacks/builder:full", buildpack: "paketo-buildpacks/web-servers", env: ["BP_WEB_SERVER=nginx", "BP_WEB_SERVER_ROOT=dist"]}
project: {id: "6f1c3c5e-0b1f-4c5e-9d0a-0d7f6b1f2a3b", name: "space-way", createdat: "…", updatedat: "…"}
env: {PORT: 80}
`
)

func planOf(t *testing.T, files map[string]string) (paas.BuildPlan, error) {
	t.Helper()
	return shared.builder.Plan(context.Background(), write(t, files))
}

func TestPlanReadsTheAppendixVerbatim(t *testing.T) {
	plan, err := planOf(t, map[string]string{"paastech/buildpacks.yaml": appendixBuildpacks})
	if err != nil {
		t.Fatal(err)
	}
	if plan.File != "paastech/buildpacks.yaml" || plan.Path != "." || plan.Builder != "" || strings.Join(plan.Buildpacks, " ") != "paastech/web-servers" {
		t.Errorf("read %+v", plan)
	}
	if plan.Env["BP_WEB_SERVER"] != "nginx" || plan.Env["BP_WEB_SERVER_ROOT"] != "dist" || len(plan.Env) != 2 {
		t.Errorf("read the variables %v", plan.Env.Lines())
	}
	for _, name := range []string{"paastech.yaml", "paastech.yml"} {
		plan, err := planOf(t, map[string]string{name: appendixProject, "frontend/package.json": "{}"})
		if err != nil {
			t.Fatal(err)
		}
		if plan.File != name || plan.Path != "frontend" || strings.Join(plan.Buildpacks, " ") != "paastech/web-servers" {
			t.Errorf("read %+v", plan)
		}
		if plan.Project != "6f1c3c5e-0b1f-4c5e-9d0a-0d7f6b1f2a3b" || plan.AppEnv["PORT"] != "80" || len(plan.Env) != 2 {
			t.Errorf("read project %q, env %v, build env %v", plan.Project, plan.AppEnv.Lines(), plan.Env.Lines())
		}
	}
}

func TestPlanReadsWhatIsOptional(t *testing.T) {
	tests := map[string]struct {
		files map[string]string
		want  paas.BuildPlan
	}{
		"no file":      {map[string]string{"a": ""}, paas.BuildPlan{Path: "."}},
		"empty file":   {map[string]string{"paastech.yaml": ""}, paas.BuildPlan{File: "paastech.yaml", Path: "."}},
		"only a space": {map[string]string{"paastech.yaml": "# nothing\n"}, paas.BuildPlan{File: "paastech.yaml", Path: "."}},
		"empty values": {map[string]string{"paastech.yaml": "buildpacks: {path: '', builder: '', buildpack: '', env: []}\nenv: []\nproject:\n"}, paas.BuildPlan{File: "paastech.yaml", Path: "."}},
		"env as a map": {map[string]string{buildFile: "buildpacks: {env: {A: 1, B: true, C: x=y, D: 1.10}}"},
			paas.BuildPlan{File: buildFile, Path: ".", Env: paas.Env{"A": "1", "B": "true", "C": "x=y", "D": "1.10"}}},
		"a list of buildpacks": {map[string]string{buildFile: "buildpacks: {buildpack: [heroku/nodejs, paketo-buildpacks/procfile@5.6.7]}"},
			paas.BuildPlan{File: buildFile, Path: ".", Buildpacks: []string{"paastech/node", "paastech/procfile"}}},
		"a buildpack with its version": {map[string]string{buildFile: "buildpacks: {buildpack: 'paastech/node@0.1.0', path: 'a/./b/'}", "a/b/c": ""},
			paas.BuildPlan{File: buildFile, Path: "a/b", Buildpacks: []string{"paastech/node@0.1.0"}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			plan, err := planOf(t, test.files)
			if err != nil {
				t.Fatal(err)
			}
			if plan.File != test.want.File || plan.Path != test.want.Path || strings.Join(plan.Buildpacks, " ") != strings.Join(test.want.Buildpacks, " ") {
				t.Errorf("read %+v, not %+v", plan, test.want)
			}
			if strings.Join(plan.Env.Lines(), "\n") != strings.Join(test.want.Env.Lines(), "\n") || len(plan.AppEnv) != 0 {
				t.Errorf("read the variables %v", plan.Env.Lines())
			}
		})
	}
}

func TestPlanSaysWhichFileWins(t *testing.T) {
	plan, err := planOf(t, map[string]string{buildFile: "buildpacks: {}", "paastech.yaml": "nonsense: [", "project.toml": ""})
	if err != nil {
		t.Fatal(err)
	}
	if notes := strings.Join(plan.Notes, "\n"); plan.File != buildFile || !strings.Contains(notes, "paastech.yaml is not read") || !strings.Contains(notes, "project.toml is not read") {
		t.Errorf("read %s, said %q", plan.File, notes)
	}
}

func TestPlanKnowsTheNamesOfOthers(t *testing.T) {
	names := []string{"paketobuildpacks/builder:full", "paketobuildpacks/builder:base", "paketobuildpacks/builder-jammy-base", "docker.io/paketobuildpacks/builder-jammy-full:0.3", "paketobuildpacks/ubuntu-noble-builder", "heroku/builder:24", "heroku/buildpacks:20", "paastech/builder"}
	for _, name := range names {
		plan, err := planOf(t, map[string]string{buildFile: "buildpacks: {builder: '" + name + "'}"})
		if err != nil || plan.Builder != "" {
			t.Errorf("%s is %q, %v", name, plan.Builder, err)
		}
	}
	for name, want := range map[string]string{
		"paketo-buildpacks/nodejs@7.8.1": "paastech/node", "docker.io/paketobuildpacks/go:4": "paastech/go", "urn:cnb:registry:heroku/python": "paastech/python",
	} {
		plan, err := planOf(t, map[string]string{buildFile: "buildpacks: {buildpack: '" + name + "'}"})
		if err != nil || strings.Join(plan.Buildpacks, " ") != want {
			t.Errorf("%s is %v, %v", name, plan.Buildpacks, err)
		}
	}
}

func TestPlanFollowsTheOperator(t *testing.T) {
	options := shared.options()
	options.Allowed = []string{"example.com/builder:1"}
	options.Aliases = map[string]string{"big": "example.com/other:2", "web": "paastech/web-servers"}
	b, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	defer b.docker.Close()
	for said, want := range map[string]string{"example.com/builder:1": "example.com/builder:1", "big": "example.com/other:2"} {
		plan, err := b.Plan(context.Background(), write(t, map[string]string{buildFile: "buildpacks: {builder: '" + said + "'}"}))
		if err != nil || plan.Builder != want {
			t.Errorf("%s is %q, %v", said, plan.Builder, err)
		}
	}
	plan, err := b.Plan(context.Background(), write(t, map[string]string{buildFile: "buildpacks: {buildpack: web}"}))
	if err != nil || strings.Join(plan.Buildpacks, " ") != "paastech/web-servers" {
		t.Errorf("web is %v, %v", plan.Buildpacks, err)
	}
}

func TestPlanRefusesWithFileAndLine(t *testing.T) {
	deep := strings.Repeat("[", 20000) + strings.Repeat("]", 20000)
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
	tests := map[string]struct {
		text string
		code paas.Code
		says string
	}{
		"an unknown key":        {"buildpacks:\n  paht: x\n", paas.EBuildConfig, `buildpacks.yaml:2: the key "buildpacks.paht" is not known; known are buildpacks.builder, `},
		"an unknown key on top": {"\n\nenv: {A: b}\n", paas.EBuildConfig, `:3: the key "env" is not known; known are buildpacks.`},
		"a key twice":           {"buildpacks: {path: ., path: x}", paas.EBuildConfig, "is there twice"},
		"a parent":              {"buildpacks:\n  path: a/../..\n", paas.EBuildConfig, ":2: path \"a/../..\" has a `..`"},
		"an absolute path":      {"buildpacks:\n  path: /etc\n", paas.EBuildConfig, `:2: path "/etc" is absolute`},
		"no directory":          {"buildpacks: {path: missing}", paas.EBuildConfig, `:1: path "missing" is not in the repository`},
		"a file as path":        {"buildpacks: {path: file}", paas.EBuildConfig, "is not a directory"},
		"a link out":            {"buildpacks: {path: out}", paas.EBuildConfig, `:1: path "out" leads out of the repository`},
		"a link out, deeper":    {"buildpacks: {path: out/etc}", paas.EBuildConfig, "leads out of the repository"},
		"a NUL in the path":     {`buildpacks: {path: "a\0b"}`, paas.EBuildConfig, "control character"},
		"a newline in the path": {`buildpacks: {path: "a\nb"}`, paas.EBuildConfig, "control character"},
		"another builder":       {"buildpacks:\n  builder: evil.example/builder\n", paas.EBuilderNot, `:2: the builder "evil.example/builder" is not allowed here`},
		"a shell in builder":    {"buildpacks: {builder: '$(touch /tmp/canary)'}", paas.EBuilderNot, "is not allowed here"},
		"another buildpack":     {"buildpacks:\n  buildpack: evil/node\n", paas.EBuildpackNot, `:2: the buildpack "evil/node" is not in the builder. There are paastech/go,`},
		"a buildpack's path":    {"buildpacks: {buildpack: ../../../tmp/evil}", paas.EBuildpackNot, "is not in the builder"},
		"a buildpack's address": {"buildpacks: {buildpack: 'https://evil.example/bp.tgz'}", paas.EBuildpackNot, "is not in the builder"},
		"from=builder":          {"buildpacks: {buildpack: 'from=builder'}", paas.EBuildpackNot, "is not in the builder"},
		"no value":              {"buildpacks:\n  env:\n    - A=b\n    - C\n", paas.EBuildConfig, `:4: "C" is not KEY=value`},
		"a bad name":            {"buildpacks:\n  env:\n    '$(x)': b\n", paas.EBuildConfig, `:3: "$(x)" is not a name for an environment variable`},
		"a name of ours":        {"buildpacks: {env: [PAASTECH_TOKEN=x]}", paas.EBuildConfig, "are the platform's own"},
		"a NUL in a value":      {`buildpacks: {env: ["A=x\0y"]}`, paas.EBuildConfig, "NUL"},
		"a variable twice":      {"buildpacks: {env: [A=1, A=2]}", paas.EBuildConfig, "is there twice"},
		"a list as a value":     {"buildpacks: {env: {A: [1]}}", paas.EBuildConfig, "something else where a text is expected"},
		"a tag":                 {"buildpacks: {path: !!binary aGk=}", paas.EBuildConfig, "something else where a text"},
		"not a mapping":         {"- a\n", paas.EBuildConfig, ":1: it is not a list of `key: value`"},
		"two documents":         {"buildpacks: {}\n---\nbuildpacks: {}\n", paas.EBuildConfig, "more than one YAML document"},
		"not YAML":              {"buildpacks:\n  path: [\n", paas.EBuildConfig, "it is not YAML"},
		"an alias":              {"buildpacks: {path: &p ., builder: *p}", paas.EBuildConfig, "aliases (*p) are not read here"},
		"an alias bomb":         {bomb, paas.EBuildConfig, `the key "a" is not known`},
		"a merge":               {"buildpacks: {<<: {path: .}}", paas.EBuildConfig, `"buildpacks.<<" is not known`},
		"depth":                 {"buildpacks: " + deep, paas.EBuildConfig, "it is not YAML"},
		"length":                {"# " + strings.Repeat("x", 70<<10), paas.EBuildConfig, "longer than 64 KiB"},
		"a NUL byte":            {"buildpacks: {path: a\x00b}", paas.EBuildConfig, "it is not YAML"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := write(t, map[string]string{buildFile: test.text, "file": ""})
			if err := os.Symlink("/", filepath.Join(dir, "out")); err != nil {
				t.Fatal(err)
			}
			_, err := shared.builder.Plan(context.Background(), dir)
			if !paas.IsCode(err, test.code) || !paas.IsKind(err, paas.Invalid) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, not %s: …%s…", err, test.code, test.says)
			}
			if err != nil && !strings.Contains(err.Error(), buildFile) {
				t.Errorf("the error does not name the file: %v", err)
			}
		})
	}
}

func TestPlanReadsNothingOutsideTheTree(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "secret.yaml")
	if err := os.WriteFile(outside, []byte("buildpacks: {path: .}"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := func(dir, name, target string) {
		t.Helper()
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	file := t.TempDir()
	link(file, "paastech.yaml", outside)
	directory := t.TempDir()
	link(directory, "paastech", filepath.Dir(outside))
	loop := t.TempDir()
	link(loop, "paastech.yaml", "paastech.yaml")
	for name, dir := range map[string]string{"file": file, "loop": loop} {
		if _, err := shared.builder.Plan(context.Background(), dir); !paas.IsCode(err, paas.EBuildConfig) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if plan, err := shared.builder.Plan(context.Background(), directory); !paas.IsCode(err, paas.EBuildConfig) {
		t.Errorf("directory: got %+v, %v", plan, err)
	}
	inside := write(t, map[string]string{"real.yaml": "buildpacks: {env: [A=b]}"})
	link(inside, "paastech.yaml", "real.yaml")
	if plan, err := shared.builder.Plan(context.Background(), inside); err != nil || plan.Env["A"] != "b" {
		t.Errorf("a link inside the tree: %+v, %v", plan, err)
	}
	if plan, err := planOf(t, map[string]string{"paastech": "a file"}); err != nil || plan.File != "" {
		t.Errorf("a file called paastech: %+v, %v", plan, err)
	}
}
