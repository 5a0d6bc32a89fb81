package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/paastech-cloud/paastech/rpc/contracts/pomegranate"
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
	d.split = []string{"deployer", "repositories"}
	return nil
}

// startModules starts what is to run beside the daemon and does not, configured as the script has it by now.
func (d *daemon) startModules(ts *testscript.TestScript) {
	for _, module := range d.split {
		if d.modules[module] == nil {
			ts.Check(d.startModule(ts.Getenv("WORK"), module, environment(ts)))
		}
	}
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

// cmdLegacy asks the deployer by the first PaaSTech's contract about the project of the current directory.
func cmdLegacy(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(ts.Exec("git", "remote", "get-url", "paastech"))
	project := strings.TrimSuffix(filepath.Base(strings.TrimSpace(ts.ReadFile("stdout"))), ".git")
	dir := filepath.Join(ts.Getenv("PAASTECH_DATADIR"), "rpc")
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "hub.pem"), filepath.Join(dir, "hub.key"))
	ts.Check(err)
	authority, err := os.ReadFile(filepath.Join(dir, "authority.pem"))
	ts.Check(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority)
	connection, err := grpc.NewClient("passthrough:///"+ts.Getenv("PAASTECH_RPC_DEPLOYERLISTEN"), grpc.WithTransportCredentials(credentials.NewTLS(&tls.Config{
		Certificates: []tls.Certificate{pair}, RootCAs: roots, ServerName: "deployer.paastech.internal",
	})))
	ts.Check(err)
	defer connection.Close()
	client := pomegranate.NewPomegranateClient(connection)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	status, err := client.GetStatus(ctx, &pomegranate.GetStatusRequest{ContainerName: []string{project}})
	ts.Check(err)
	logs, err := client.GetLogs(ctx, &pomegranate.GetLogsRequest{ContainerName: project})
	ts.Check(err)
	measured, err := client.GetStatistics(ctx, &pomegranate.GetStatisticsRequest{ContainerName: project})
	ts.Check(err)
	if len(args) != 1 || neg {
		ts.Fatalf("usage: legacy REGEXP")
	}
	said := fmt.Sprintf("%s, %d bytes of %d, %s", status.ContainerStatuses[0].ContainerStatus, measured.MemoryUsage, measured.MemoryLimit, logs.Logs)
	if !regexp.MustCompile(args[0]).MatchString(said) {
		ts.Fatalf("%q", said)
	}
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
