package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdTutorial runs every block of sh in a page of the documentation, one after the other in one shell, as a person
// with an SSH key whose password is on standard input: `tutorial FILE PASSWORD`.
func cmdTutorial(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: tutorial FILE PASSWORD")
	}
	page, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	script := []string{"set -eux"}
	for _, block := range regexp.MustCompile("(?s)\n```sh\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		script = append(script, block[1])
	}
	if len(script) < 3 {
		ts.Fatalf("%s has %d blocks of sh", args[0], len(script)-1)
	}
	key := filepath.Join(ts.Getenv("HOME"), ".ssh", "id_ed25519")
	ts.Check(os.MkdirAll(filepath.Dir(key), 0o700))
	ts.Check(exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key).Run())
	shell := exec.Command("bash", "-c", strings.Join(script, "\n"))
	shell.Dir = ts.Getenv("WORK")
	shell.Stdin = strings.NewReader(args[1] + "\n")
	for _, name := range []string{"HOME", "PATH", "XDG_CONFIG_HOME", "PAASTECH_SERVER", "NO_COLOR", "GIT_CONFIG_NOSYSTEM", "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"} {
		shell.Env = append(shell.Env, name+"="+ts.Getenv(name))
	}
	// ssh looks into the home of the account, not into HOME.
	shell.Env = append(shell.Env, "GIT_SSH_COMMAND=ssh -i "+key+" -o UserKnownHostsFile="+filepath.Join(filepath.Dir(key), "known_hosts")+" -o StrictHostKeyChecking=no -o LogLevel=ERROR")
	out, err := shell.CombinedOutput()
	ts.Logf("%s", out)
	ts.Check(err)
}
