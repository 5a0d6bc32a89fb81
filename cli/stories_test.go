package cli

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

// hostKeyOf is keyLine as a server's host key.
func hostKeyOf(t *testing.T) wire.HostKey {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(keyLine))
	if err != nil {
		t.Fatal(err)
	}
	return wire.HostKey{Type: key.Type(), Value: keyLine, Fingerprint: ssh.FingerprintSHA256(key)}
}

func (f *fakeServer) asked(method string) int {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	count := 0
	for _, request := range f.requests {
		if strings.HasPrefix(request, method) {
			count++
		}
	}
	return count
}

func TestInitLooksBeforeItMakesAnything(t *testing.T) {
	f, work := loggedIn(t)
	run(t, "", "init", "Not A Name").want(t, 1, `^E_INVALID: A project's name`)
	run(t, "", "init", "hello").want(t, 1, `^E_NO_REPOSITORY: .*git init`)
	runGit(t, "init", "-q", "-b", "main")
	runGit(t, "remote", "add", "paastech", "ssh://elsewhere/x")
	run(t, "", "init", "hello").want(t, 1, `^E_REMOTE_EXISTS: .*ssh://elsewhere/x`)
	runGit(t, "remote", "remove", "paastech")
	mustRun(t, "", "logout")
	run(t, "", "init", "hello").want(t, 1, `^E_NOT_LOGGED_IN: `)
	t.Setenv("PAASTECH_TOKEN", "stale")
	run(t, "", "init", "hello").want(t, 1, `^E_NOT_LOGGED_IN: `)
	if f.asked("POST /projects") != 0 {
		t.Error("a project was made")
	}
	if entries, _ := os.ReadDir(work); len(entries) != 1 {
		t.Errorf("files were made: %v", entries)
	}
}

func TestInit(t *testing.T) {
	f, work := loggedIn(t)
	f.hostKeys = []wire.HostKey{hostKeyOf(t)}
	runGit(t, "init", "-q", "-b", "main")
	knownHosts := filepath.Join(os.Getenv("HOME"), ".ssh", "known_hosts")
	got := run(t, "", "init", "hello")
	got.want(t, 0, `SHA256:[A-Za-z0-9+/]+ \(ssh-ed25519\)\n.*--yes`)
	wantMatch(t, got.stdout, `paastech keys add`)
	if _, err := os.Stat(knownHosts); err == nil {
		t.Error("the host key was added without being asked for")
	}
	if url := runGit(t, "remote", "get-url", "paastech"); url != f.gitURL {
		t.Errorf("the remote leads to %s", url)
	}
	if read(t, filepath.Join(work, "paastech/buildpacks.yaml")) != starterFile {
		t.Error("no starter file")
	}

	runGit(t, "remote", "remove", "paastech")
	write(t, knownHosts, "other.example.com "+keyLine) // without an end of line
	run(t, "", "init", "hello", "--yes").want(t, 0, `Added it to .*known_hosts`)
	if want := "other.example.com " + keyLine + "\n[127.0.0.1]:2222 " + keyLine + "\n"; read(t, knownHosts) != want {
		t.Errorf("known_hosts holds\n%s", read(t, knownHosts))
	}
	runGit(t, "remote", "remove", "paastech")
	run(t, "", "init", "hello", "--yes").want(t, 0, `^Made`)
	if strings.Count(read(t, knownHosts), "[127.0.0.1]:2222") != 1 {
		t.Error("the host key was added twice")
	}
	runGit(t, "remote", "remove", "paastech")
	other := strings.Replace(keyLine, "AAAAIJ1QcRkD", "AAAAIK1QcRkD", 1)
	write(t, knownHosts, "[127.0.0.1]:2222 "+other+"\n")
	run(t, "", "init", "hello", "--yes").want(t, 0, `(?s)another key.*ssh-keygen -R`)
	if strings.Contains(read(t, knownHosts), keyLine) {
		t.Error("a host key took another's place")
	}
}

func TestInitJSONIsTheProject(t *testing.T) {
	loggedIn(t)
	runGit(t, "init", "-q")
	var project wire.Project
	if err := json.Unmarshal([]byte(mustRun(t, "", "init", "hello", "--json")), &project); err != nil || project.ID != projectID {
		t.Errorf("%+v, %v", project, err)
	}
}

func TestKeys(t *testing.T) {
	f, work := loggedIn(t)
	wantMatch(t, mustRun(t, "", "keys", "ls"), `^You have no SSH key yet`)
	private := filepath.Join(work, "id")
	write(t, private, "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbn\n")
	run(t, "", "keys", "add", private).want(t, 1, `^E_KEY_REJECTED: .*private key.*id\.pub`)
	run(t, "", "keys", "add", "missing.pub").want(t, 1, `^E_FAILED: read the key`)
	run(t, "nonsense", "keys", "add", "-").want(t, 1, `^E_INVALID: `)
	if f.asked("POST /sshkeys/my") != 0 {
		t.Error("what is no public key was sent")
	}
	write(t, private+".pub", keyLine+" ada@laptop\n")
	wantMatch(t, mustRun(t, "", "keys", "add", private+".pub"), `^Added SHA256:\S+ \(ada@laptop\)\.`)
	mustRun(t, keyLine, "keys", "add", "-", "--name", "second")
	wantMatch(t, mustRun(t, "", "keys", "ls"), `(?s)^NAME +FINGERPRINT.*ada@laptop +SHA256:.*second +SHA256:`)
	run(t, "", "keys", "rm", "third").want(t, 1, `^E_NOT_FOUND: `)
	run(t, "", "keys", "rm", f.keys[0].Fingerprint).want(t, 1, `^E_CONFLICT: 2 `)
	mustRun(t, "", "keys", "rm", "second")
	mustRun(t, "", "keys", "rm", "ada@laptop")
	if got := mustRun(t, "", "keys", "ls", "--json"); got != "[]\n" {
		t.Errorf("%q", got)
	}
}

func TestProjects(t *testing.T) {
	f, _ := loggedIn(t)
	wantMatch(t, mustRun(t, "", "projects", "ls"), `^You have no project yet`)
	run(t, "", "status").want(t, 1, `^E_NO_REMOTE: Which project\?`)
	runGit(t, "init", "-q")
	run(t, "", "status").want(t, 1, `^E_NO_REMOTE: .*paastech init NAME`)
	mustRun(t, "", "init", "hello")
	wantMatch(t, mustRun(t, "", "projects", "ls"), `hello +new +- +http://`)
	for _, args := range [][]string{{"projects", "info"}, {"projects", "info", "hello"}, {"projects", "info", projectID}, {"projects", "info", "-P", "hello"}} {
		wantMatch(t, mustRun(t, "", args...), `Git +ssh://git@127.0.0.1:2222/`)
	}
	wantMatch(t, mustRun(t, "", "status"), `Status +new`)
	wantMatch(t, mustRun(t, "", "projects", "branch", "trunk"), `^hello deploys .* trunk`)
	run(t, "", "status", "-P", "other").want(t, 1, `^E_NOT_FOUND: `)
	if got := mustRun(t, "", "open", "--print"); got != f.projects[0].URL+"\n" {
		t.Errorf("open prints %q", got)
	}
	if got := mustRun(t, "", "dashboard"); got != f.URL+"\n" {
		t.Errorf("dashboard prints %q", got)
	}
	run(t, "", "projects", "delete").want(t, 1, `E_NOT_CONFIRMED: Nothing was deleted.*--yes`)
	run(t, "helo\n", "projects", "delete", "hello").want(t, 1, `E_NOT_CONFIRMED: `)
	if len(f.projects) != 1 {
		t.Fatal("deleted without a clear yes")
	}
	run(t, "hello\n", "projects", "delete").want(t, 0, `git remote remove paastech`)
	if len(f.projects) != 0 {
		t.Error("not deleted")
	}
}

func TestRolloutsShowProgressAndTheEnd(t *testing.T) {
	f, _ := loggedIn(t)
	f.addProject("hello")
	t.Setenv("PAASTECH_SERVER", f.URL)
	for _, command := range []string{"deploy", "start", "restart"} {
		got := run(t, "", command, "-P", "hello")
		got.want(t, 0, `Starting v1\nit is up`)
		wantMatch(t, got.stdout, `^hello v\d is live at http://`)
	}
	wantMatch(t, mustRun(t, "", "status", "-P", "hello"), `(?s)Status +running.*Version +v3, commit 0123456`)
	wantMatch(t, mustRun(t, "", "deployments", "-P", "hello"), `(?s)^VERSION.*v1 +live.*v3 +live`)
	wantMatch(t, mustRun(t, "", "deployments", "v2", "-P", "hello"), `Commit +0123456789abcdef`)
	wantMatch(t, mustRun(t, "", "deployments", "log", "2", "-P", "hello"), `^Starting v1\nit is up\n$`)
	run(t, "", "deployments", "9", "-P", "hello").want(t, 1, `^E_NOT_FOUND: `)

	f.fails = &paas.Diagnosis{Code: paas.ENoPort, Message: "the app never listened on $PORT (8080)."}
	f.log = []string{"Starting v4", "E_NO_PORT: the app never listened on $PORT (8080)."}
	got := run(t, "", "restart", "-P", "hello")
	got.want(t, 1, `E_NO_PORT: the app never listened on \$PORT \(8080\)\.\n$`)
	if strings.Count(got.stderr, "E_NO_PORT") != 1 || got.stdout != "" {
		t.Errorf("the reason is not said once:\n%s%s", got.stdout, got.stderr)
	}
	wantMatch(t, mustRun(t, "", "stop", "-P", "hello"), `^hello is stopped`)
}

func TestEnv(t *testing.T) {
	f, work := loggedIn(t)
	f.addProject("hello")
	env := func(args ...string) []string { return append(append([]string{"env"}, args...), "-P", "hello") }
	run(t, "", env("ls")...).want(t, 0, `No variable is set`)
	wantMatch(t, mustRun(t, "", env("set", "A=1", "EMPTY=", "URL=a=b")...), `^Stored; the first deployment`)
	run(t, "", env("set", "1A=x")...).want(t, 1, `^E_INVALID: "1A"`)
	f.projects[0].Live = &wire.Deployment{Number: 1, Name: "v1", State: paas.Live}
	write(t, filepath.Join(work, ".env"), "B=\"two\nlines\"\n")
	got := run(t, "", env("import", ".env")...)
	got.want(t, 0, `it is up`)
	wantMatch(t, got.stdout, `is live at`)
	mustRun(t, "C=3\n", env("import", "-", "--no-deploy")...)
	run(t, "# nothing\n", env("import", "-")...).want(t, 1, `^E_INVALID: - holds no variable`)
	wantMatch(t, mustRun(t, "", env("set", "--build", "TOKEN=x")...), `next push's build`)
	run(t, "", env("set", "--build", "PATH=/opt/bin")...).want(t, 1, `^E_INVALID: PATH of a build .*no effect`)
	mustRun(t, "", env("unset", "--build", "PATH")...)
	mustRun(t, "", env("unset", "TOKEN", "--no-deploy")...)
	if got := mustRun(t, "", env("ls")...); got != "A=1\nB=two\\nlines\nC=3\nEMPTY=\nURL=a=b\n" {
		t.Errorf("%q", got)
	}
	if got := mustRun(t, "", env("ls", "--keys")...); got != "A\nB\nC\nEMPTY\nURL\n" {
		t.Errorf("%q", got)
	}
	wantMatch(t, mustRun(t, "", env("ls", "--json")...), `"B": "two\\nlines"`)
	if !slices.Contains(f.requests, "PATCH /projects/"+projectID+"/env?build=true&wait=false") {
		t.Errorf("%v", f.requests)
	}
}

func TestLogs(t *testing.T) {
	f, _ := loggedIn(t)
	f.addProject("hello")
	f.projects[0].Live = &wire.Deployment{Number: 1, Name: "v1", State: paas.Live}
	const all = "one\ntwo\npaastech | web.1 ended with exit code 1.\n"
	if got := mustRun(t, "", "logs", "-P", "hello", "-n", "2", "--since", "1h", "-p", "web", "--deployment", "v1", "-g", "o"); got != all {
		t.Errorf("%q", got)
	}
	if asked := f.requests[len(f.requests)-1]; !regexp.MustCompile(`deployment=1&grep=o&lines=true&process=web&since=\S+&tail=2$`).MatchString(asked) {
		t.Errorf("asked %s", asked)
	}
	wantMatch(t, mustRun(t, "", "logs", "-P", "hello", "-t"), `worker.1 v1 \| two`)
	wantMatch(t, mustRun(t, "", "logs", "-P", "hello", "--json"), `"text": "two"`)
	run(t, "", "logs", "-f", "--json", "-P", "hello").want(t, 2, "")
	run(t, "", "logs", "--deployment", "x", "-P", "hello").want(t, 2, "")
	if got := mustRun(t, "", "logs", "-f", "-P", "hello"); got != all {
		t.Errorf("%q", got)
	}
}

// TestPush pushes with the real git to a bare repository whose hook refuses what it is told to.
func TestPush(t *testing.T) {
	f, work := loggedIn(t)
	bare := filepath.Join(t.TempDir(), projectID+".git")
	runGit(t, "init", "-q", "--bare", bare)
	f.gitURL = bare
	app := filepath.Join(work, "app")
	runGit(t, "init", "-q", "-b", "main", app)
	t.Chdir(app)
	mustRun(t, "", "init", "hello")
	run(t, "", "push").want(t, 1, `^E_NO_COMMIT: The branch main has no commit`)
	runGit(t, "commit", "-q", "--allow-empty", "-m", "first")
	run(t, "", "push").want(t, 1, `^E_NO_KEY: .*paastech keys add`)
	f.keys = []wire.Key{{ID: "k1"}}
	run(t, "", "push", "other").want(t, 1, `^E_NO_COMMIT: The branch other`)
	run(t, "", "push", "-P", "elsewhere").want(t, 1, `^E_NO_REMOTE: .*which is hello, not elsewhere`)

	f.projects[0].Live = &wire.Deployment{Number: 1, Name: "v1", State: paas.Live}
	got := run(t, "", "push")
	got.want(t, 0, `main -> main`)
	wantMatch(t, got.stdout, `^hello v1 is live at`)
	if runGit(t, "-C", bare, "rev-parse", "main") != runGit(t, "rev-parse", "main") {
		t.Error("the branch is not there")
	}
	runGit(t, "commit", "-q", "--amend", "--allow-empty", "-m", "again")
	run(t, "", "push").want(t, 1, `(?s)rejected.*E_PUSH_FAILED: git push ended with exit status 1`)
	f.projects[0].Deployment = &wire.Deployment{Number: 2, State: paas.Failed, Diagnosis: &paas.Diagnosis{Code: "E_OLD", Message: "old"}}
	run(t, "", "push").want(t, 1, `E_PUSH_FAILED: `)
	mustRun(t, "", "push", "--force")
}

// TestPushSaysWhyItsOwnDeploymentFailed: not git's exit code, and not an older deployment's reason.
func TestPushSaysWhyItsOwnDeploymentFailed(t *testing.T) {
	f, _ := loggedIn(t)
	f.addProject("hello")
	c := &commands{console: newConsole(Program{}), serverFlag: f.URL}
	api, before, err := c.project(t.Context(), "hello")
	if err != nil {
		t.Fatal(err)
	}
	f.projects[0].Deployment = &wire.Deployment{Number: 1, State: paas.Failed, Diagnosis: &paas.Diagnosis{Code: paas.ENoPort, Message: "never listened"}}
	if got := c.explainPush(t.Context(), api, before, errors.New("exit status 1")); !paas.IsCode(got, paas.ENoPort) {
		t.Errorf("%v", got)
	}
}

func TestCompletionKnowsOnesProjects(t *testing.T) {
	f, _ := loggedIn(t)
	f.addProject("hello")
	for _, args := range [][]string{{"status", "-P", ""}, {"projects", "info", ""}, {"projects", "delete", "h"}} {
		wantMatch(t, mustRun(t, "", append([]string{"__complete"}, args...)...), `^hello\n:4\n`)
	}
}
