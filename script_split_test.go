package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// splitScripts are those that ask most of the deployer; with PAASTECH_SOAK=1 all are run, but for those whose story is
// of two installations, which cannot both have the same modules.
var splitScripts, unsplit = []string{"run", "labels", "volumes"}, "neighbours"

// TestSplit runs the daemon's stories with the deployer and the repositories in processes of their own.
func TestSplit(t *testing.T) {
	params := scripts(setupSplit)
	params.Dir = ""
	names := splitScripts
	if os.Getenv("PAASTECH_SOAK") == "1" {
		names = []string{"*"}
	}
	for _, name := range append(names, "../split/*") {
		found, err := filepath.Glob(filepath.Join("testdata/script", name+".txtar"))
		if err != nil || len(found) == 0 {
			t.Fatalf("script %s: %v", name, err)
		}
		params.Files = append(params.Files, slices.DeleteFunc(found, func(path string) bool { return strings.Contains(path, unsplit) })...)
	}
	testscript.Run(t, params)
}

// setupSplit has the modules run beside the daemon.
func setupSplit(env *testscript.Env) error {
	if err := setupScript(env); err != nil {
		return err
	}
	d := env.Values[daemonKey{}].(*daemon)
	for module, key := range map[string]string{"deployer": "ENGINE", "repositories": "REPOSITORIES"} {
		address := freePort()
		env.Setenv("PAASTECH_RPC_"+strings.ToUpper(module)+"LISTEN", address)
		env.Setenv("PAASTECH_RPC_"+key, "grpc://"+address)
	}
	for _, module := range []string{"deployer", "repositories"} {
		if err := d.startModule(env.WorkDir, module, env.Vars); err != nil {
			return err
		}
	}
	return nil
}

func (d *daemon) startModule(dir, module string, vars []string) error {
	path, err := lookPath(vars, "paastech")
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(dir, module+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	command := exec.Command(path, "serve", "--only", module)
	command.Env, command.Dir, command.Stdout, command.Stderr = vars, dir, log, log
	d.modules[module] = command
	return command.Start()
}

func (d *daemon) endModule(module string, signal syscall.Signal) error {
	command := d.modules[module]
	if command == nil {
		return errors.New("it does not run")
	}
	delete(d.modules, module)
	err := errors.Join(command.Process.Signal(signal), command.Wait())
	if signal == syscall.SIGKILL {
		return nil
	}
	return err
}

// cmdModule ends or starts a module: `module end deployer TERM|KILL`, `module start deployer`.
func cmdModule(ts *testscript.TestScript, neg bool, args []string) {
	d := ts.Value(daemonKey{}).(*daemon)
	switch {
	case !neg && len(args) == 3 && args[0] == "end":
		ts.Check(d.endModule(args[1], map[string]syscall.Signal{"TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL}[args[2]]))
	case !neg && len(args) == 2 && args[0] == "start":
		ts.Check(d.startModule(ts.Getenv("WORK"), args[1], environment(ts)))
	default:
		ts.Fatalf("usage: module end NAME TERM|KILL, module start NAME")
	}
}
