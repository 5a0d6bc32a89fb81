package cli

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/paas/paastest"
	"github.com/paastech-cloud/paastech/rpc/rpctest"
)

// toldEngine remembers what it is told of registries.
type toldEngine struct {
	rpctest.Supplied
	told []string
}

func (e *toldEngine) UseRegistry(_ context.Context, address string, pass paas.RegistryPass) error {
	e.told = append(e.told, address+" "+pass.Password.Reveal())
	return nil
}

// TestADeployerRecallsTheRegistry begins a deployer three times: the first knows none, the others that of the one
// before, without the pass, which is nowhere in its file.
func TestADeployerRecallsTheRegistry(t *testing.T) {
	file := filepath.Join(t.TempDir(), "deployer.registry")
	var all []string
	for _, address := range []string{"127.0.0.1:5000", "127.0.0.1:5001", "127.0.0.1:5002"} {
		engine := &toldEngine{Supplied: rpctest.Supplied{Engine: paastest.Engine{}}}
		recalling, err := recall(t.Context(), engine, file)
		if err != nil {
			t.Fatal(err)
		}
		if err := recalling.UseRegistry(t.Context(), address, paas.RegistryPass{Password: "secret"}); err != nil {
			t.Fatal(err)
		}
		all = append(all, engine.told...)
	}
	want := []string{"127.0.0.1:5000 secret", "127.0.0.1:5000 ", "127.0.0.1:5001 secret", "127.0.0.1:5001 ", "127.0.0.1:5002 secret"}
	if !slices.Equal(all, want) {
		t.Errorf("told %q, want %q", all, want)
	}
	if kept, err := os.ReadFile(file); err != nil || string(kept) != "127.0.0.1:5002\n" {
		t.Errorf("kept %q, %v", kept, err)
	}
}

// TestAModuleRunsOnce has two processes want the same module of a data directory.
func TestAModuleRunsOnce(t *testing.T) {
	dir := t.TempDir()
	beside, err := openModuleDir(dir, "deployer")
	if err != nil {
		t.Fatal(err)
	}
	daemon, err := openDataDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer daemon.Close()
	if daemon.instance != beside.instance || daemon.instance == "" {
		t.Errorf("of the same directory: %q and %q", daemon.instance, beside.instance)
	}
	if _, err := openModuleDir(dir, "deployer"); err == nil {
		t.Error("a second process runs the deployer")
	}
	if err := daemon.claim("deployer", "stop it"); err == nil {
		t.Error("the daemon runs the deployer beside another process")
	}
	if err := daemon.claim("repositories", "stop it"); err != nil {
		t.Error(err)
	}
	if err := beside.Close(); err != nil {
		t.Fatal(err)
	}
	if err := daemon.claim("deployer", "stop it"); err != nil {
		t.Errorf("when the other has ended: %v", err)
	}
}
