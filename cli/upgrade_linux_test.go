package cli

import (
	"os"
	"path/filepath"
	"testing"
)

// someProgram is a file that can be executed and says what it is told to.
func someProgram(t *testing.T, says string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "paastech")
	if err := os.WriteFile(path, []byte("#!/bin/sh\necho '"+says+"'\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestUpgradeSaysWhyItDoesNothing(t *testing.T) {
	dir := someDatabase(t)
	version := someProgram(t, `{"client": "2.0.0"}`)
	run(t, "", "upgrade").want(t, 2, `^E_USAGE: .*--binary FILE`)
	run(t, "", "upgrade", "--binary", "nowhere").want(t, 1, `^E_INVALID: .*nowhere cannot be read: no such file`)
	run(t, "", "upgrade", "--binary", someProgram(t, "{}")).want(t, 1, `^E_INVALID: .*it names none`)
	run(t, "", "upgrade", "--binary", version).want(t, 1, `^E_UNAVAILABLE: No daemon serves `)
	data, err := openDataDir(dir) // as a daemon that runs
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	if pid, err := daemonOf(dir); err != nil || pid != os.Getpid() {
		t.Errorf("the daemon is %d, %v", pid, err)
	}
	if err := data.lock.Truncate(0); err != nil { // as an older daemon leaves it
		t.Fatal(err)
	}
	run(t, "", "upgrade", "--binary", version).want(t, 1, `stop it, put the new program in its place`)
}

func TestAProgramThatIsReplacedStays(t *testing.T) {
	next, installed := someProgram(t, "next"), someProgram(t, "before")
	before, err := os.ReadFile(installed)
	if err != nil {
		t.Fatal(err)
	}
	back, err := replaceProgram(next, installed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := replaceProgram(installed, installed); err != nil { // it is there already
		t.Fatal(err)
	}
	kept, err := os.ReadFile(filepath.Join(filepath.Dir(installed), "paastech.previous"))
	if err != nil || string(kept) != string(before) {
		t.Errorf("kept is %q, %v", kept, err)
	}
	if info, err := os.Stat(installed); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("installed is %v, %v", info.Mode(), err)
	}
	if err := back(); err != nil {
		t.Error(err)
	}
	if now, err := os.ReadFile(installed); err != nil || string(now) != string(before) {
		t.Errorf("installed is %q, %v", now, err)
	}
}
