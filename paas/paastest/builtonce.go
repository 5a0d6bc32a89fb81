package paastest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// BuiltOnce is a program that is built once per machine; several test runs may do so at the same time. build leaves it
// at the path that it is given, under the name that it has when it is built.
func BuiltOnce(name, built string, build func(binary string) *exec.Cmd) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "paastech-test")
	binary := filepath.Join(dir, name)
	if _, err := os.Stat(binary); err == nil {
		return binary, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	building, err := os.MkdirTemp(dir, "building-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(building)
	if output, err := build(filepath.Join(building, built)).CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", name, err, output)
	}
	return binary, os.Rename(filepath.Join(building, built), binary)
}
