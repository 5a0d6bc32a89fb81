package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestProjectOfRemote(t *testing.T) {
	for address, want := range map[string]string{
		"ssh://git@127.0.0.1:2222/" + projectID:        projectID,
		"ssh://git@example.com/" + projectID + ".git/": projectID,
		"ssh://example.com/ada/hello.git":              "hello",
		"git@example.com:ada/hello":                    "hello",
		"example.com:" + projectID + ".git":            projectID,
		"/srv/git/" + projectID + ".git":               projectID,
		"https://github.com/Someone/With_Capitals":     "",
		"":                                 "",
		"ssh://example.com/ada/$(touch x)": "",
		"ssh://git@127.0.0.1:2222/" + projectID + "/..": "",
	} {
		if got, err := projectOfRemote(address); got != want || (err == nil) == (want == "") {
			t.Errorf("%q gives %q, %v; not %q", address, got, err, want)
		}
	}
}

// TestAddRemoteIsWhatGitReads adds the remote in each kind of place that belongs to a repository.
func TestAddRemoteIsWhatGitReads(t *testing.T) {
	work := atHome(t)
	runGit(t, "init", "-q", "-b", "main", "main")
	runGit(t, "-C", "main", "commit", "-q", "--allow-empty", "-m", "first")
	runGit(t, "-C", "main", "worktree", "add", "-q", "../linked")
	runGit(t, "init", "-q", "--separate-git-dir", "elsewhere.git", "separate")
	write(t, filepath.Join(work, "main/deep/er/x"), "")
	for _, dir := range []string{"main/deep/er", "linked", "separate"} {
		t.Run(dir, func(t *testing.T) {
			t.Chdir(filepath.Join(work, dir))
			config := runGit(t, "rev-parse", "--git-path", "config")
			before := strings.TrimRight(read(t, config), "\n") + "\n# a comment\n[alias]\n\tco = \"!f() { echo \\\"a;b\\\"; }; f\""
			write(t, config, before)
			repository, err := openRepository(".")
			if err != nil {
				t.Fatal(err)
			}
			if err := repository.addRemote("ssh://git@host:22/"+projectID, "http://127.0.0.1:3000"); err != nil {
				t.Fatal(err)
			}
			if after := read(t, config); !strings.HasPrefix(after, before+"\n") {
				t.Errorf("what was there has changed:\n%s", after)
			}
			again, err := openRepository(".")
			if err != nil {
				t.Fatal(err)
			}
			address, err := again.remote()
			if want := runGit(t, "remote", "get-url", "paastech"); err != nil || address != want {
				t.Errorf("we read %q, %v; git reads %q", address, err, want)
			}
			if got := again.server(); got != "http://127.0.0.1:3000" || got != runGit(t, "config", "paastech.server") {
				t.Errorf("the server is %q", got)
			}
			if runGit(t, "config", "remote.paastech.fetch") != "+refs/heads/*:refs/remotes/paastech/*" {
				t.Error("git would not fetch from the remote")
			}
			runGit(t, "remote", "remove", "paastech")
		})
	}
}

func TestAddRemoteWaitsForGitsLock(t *testing.T) {
	work := atHome(t)
	runGit(t, "init", "-q")
	write(t, filepath.Join(work, ".git/config.lock"), "")
	repository, err := openRepository(".")
	if err != nil {
		t.Fatal(err)
	}
	before := read(t, ".git/config")
	if err := repository.addRemote("x", "y"); err == nil || !strings.Contains(err.Error(), "git is at work") {
		t.Errorf("%v", err)
	}
	if read(t, ".git/config") != before {
		t.Error("the configuration was changed")
	}
}

func TestOpenRepositoryRefuses(t *testing.T) {
	work := atHome(t)
	if _, err := openRepository("."); err == nil || !strings.HasPrefix(err.Error(), "E_NO_REPOSITORY") {
		t.Errorf("no repository: %v", err)
	}
	bare := filepath.Join(work, "bare.git")
	runGit(t, "init", "-q", "--bare", bare)
	if _, err := openRepository(bare); err == nil || !strings.HasPrefix(err.Error(), "E_NO_REPOSITORY") {
		t.Errorf("bare repository: %v", err)
	}
}

func TestBranch(t *testing.T) {
	atHome(t)
	runGit(t, "init", "-q", "-b", "topic/one")
	repository, err := openRepository(".")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := repository.branch(); err == nil || !strings.HasPrefix(err.Error(), "E_NO_COMMIT: The branch topic/one has no commit") {
		t.Errorf("no commit: %v", err)
	}
	runGit(t, "commit", "-q", "--allow-empty", "-m", "first")
	if branch, err := repository.branch(); err != nil || branch != "topic/one" {
		t.Errorf("%q, %v", branch, err)
	}
	runGit(t, "pack-refs", "--all")
	runGit(t, "checkout", "-q", "--detach")
	if err := repository.hasBranch("topic/one"); err != nil {
		t.Errorf("packed branch: %v", err)
	}
	if _, err := repository.branch(); err == nil || !strings.Contains(err.Error(), "detached") {
		t.Errorf("detached: %v", err)
	}
}

func TestStarterFileIsNotWrittenOverOthers(t *testing.T) {
	for name, there := range map[string]string{
		"paastech.yaml": "paastech.yaml", "paastech.yml": "paastech.yml", "own": "paastech/buildpacks.yaml", "a file named so": "paastech",
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			write(t, filepath.Join(root, there), "theirs")
			written, err := writeStarter(root)
			if written || err != nil || read(t, filepath.Join(root, there)) != "theirs" {
				t.Errorf("%v, %v", written, err)
			}
		})
	}
	if written, err := writeStarter(t.TempDir()); !written || err != nil {
		t.Errorf("empty: %v, %v", written, err)
	}
	if _, err := os.Stat("paastech"); err == nil {
		t.Error("written to the working directory")
	}
}
