package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes `paastech`, and the hook that git calls, commands of the scripts: the test binary itself.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"paastech": main, "pre-receive": main})
}

// TestScript runs the whole daemon's stories in testdata/script, each with a data directory, ports
// and an instance of its own, with the real git, ssh and Docker.
func TestScript(t *testing.T) {
	testscript.Run(t, scripts(setupScript))
}

// scripts are those of testdata/script, each begun by setup.
func scripts(setup func(*testscript.Env) error) testscript.Params {
	return testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup:               setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"serve":   cmdServe,
			"end":     cmdEnd,
			"account": cmdAccount,
			"app":     cmdApp,
			"fetch":   cmdFetch,
			"answers": cmdAnswers,
			"until":   cmdUntil,

			"begin":      cmdBegin,
			"containers": cmdContainers,

			"address": cmdAddress,
			"acme":    cmdACME,
			"dns":     cmdDNS,
			"lead":    cmdLead,
			"record":  cmdRecord,

			"tutorial": cmdTutorial,

			"link":   cmdLink,
			"secret": cmdVariable("PAASTECH_TOKEN"),
			"code":   cmdVariable("CODE"),

			"module": cmdModule,
			"legacy": cmdLegacy,
		},
	}
}

// daemon is the one `paastech serve` of a script.
type daemon struct {
	process *exec.Cmd
	log     *os.File
	ended   chan error
	split   []string             // modules that run in processes of their own
	modules map[string]*exec.Cmd // those that do by now
}

type daemonKey struct{}

func setupScript(env *testscript.Env) error {
	data, err := os.MkdirTemp("", "pt") // short: unix socket paths end at 108 bytes
	if err != nil {
		return err
	}
	home := filepath.Join(env.WorkDir, "home")
	if err := os.MkdirAll(home, 0o700); err != nil {
		return err
	}
	examples, err := filepath.Abs("examples")
	if err != nil {
		return err
	}
	api, git, apps, tls := freePort(), freePort(), freePort(), freePort()
	_, tlsPort, _ := strings.Cut(tls, ":")
	for name, value := range map[string]string{
		"HOME": home, "XDG_CONFIG_HOME": filepath.Join(home, ".config"), "EXAMPLES": examples,
		"PAASTECH_DATADIR": data, "PAASTECH_SERVER": "http://" + api, "PAASTECH_SERVER_LISTEN": api,
		"PAASTECH_GIT_LISTEN": git, "PAASTECH_INGRESS_LISTEN": apps, "PAASTECH_DEPLOY_READYTIMEOUT": "20s",
		"PAASTECH_DEPLOY_DRAINTIMEOUT": "5s", "PAASTECH_DEPLOY_GRACETIMEOUT": "2s",
		"GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com",
		"GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.com", "GIT_TERMINAL_PROMPT": "0",
		"NO_COLOR": "1", "TLS_LISTEN": tls, "TLS_PORT": tlsPort, "BESIDE": filepath.Base(data),
	} {
		env.Setenv(name, value)
	}
	d := &daemon{modules: map[string]*exec.Cmd{}}
	env.Values[daemonKey{}] = d
	env.Values[dnsKey{}] = &scriptDNS{records: map[string][]string{}}
	env.Defer(func() {
		if d.process != nil {
			d.signal(syscall.SIGTERM)
			<-d.ended
		}
		for name := range d.modules {
			if err := d.endModule(name, syscall.SIGTERM); err != nil {
				fmt.Fprintf(os.Stderr, "module %s: %v\n", name, err)
			}
		}
		purge := exec.Command("paastech", "admin", "purge", "--yes")
		purge.Env = env.Vars
		purge.Path, _ = lookPath(env.Vars, "paastech")
		if out, err := purge.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "purge: %v\n%s", err, out)
		}
		os.RemoveAll(data)
		removeBeside(filepath.Base(data))
	})
	return nil
}

// removeBeside removes what a script made in Docker itself: containers and networks whose names begin so.
func removeBeside(prefix string) {
	for _, kind := range []string{"container", "network"} {
		out, err := exec.Command("docker", kind, "ls", "-q", "--filter", "name="+prefix).Output()
		if ids := strings.Fields(string(out)); err == nil && len(ids) > 0 {
			_ = exec.Command("docker", append([]string{kind, "rm", "-f"}, ids...)...).Run()
		}
	}
}

func freePort() string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func lookPath(vars []string, name string) (string, error) {
	for _, variable := range vars {
		if path, ok := strings.CutPrefix(variable, "PATH="); ok {
			for _, dir := range filepath.SplitList(path) {
				if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.Mode()&0o111 != 0 {
					return filepath.Join(dir, name), nil
				}
			}
		}
	}
	return "", exec.ErrNotFound
}

func (d *daemon) signal(signal syscall.Signal) { _ = d.process.Process.Signal(signal) }

// environment is the script's, as os/exec wants it.
func environment(ts *testscript.TestScript) []string {
	var vars []string
	for _, name := range []string{
		"PATH", "HOME", "XDG_CONFIG_HOME", "PAASTECH_DATADIR", "PAASTECH_SERVER", "PAASTECH_SERVER_LISTEN", "PAASTECH_GIT_LISTEN",
		"PAASTECH_INGRESS_LISTEN", "PAASTECH_DEPLOY_READYTIMEOUT", "PAASTECH_DEPLOY_DRAINTIMEOUT", "PAASTECH_DEPLOY_GRACETIMEOUT",
		"PAASTECH_BUILDER_TIMEOUT", "PAASTECH_BUILDER_MEMORY", "PAASTECH_NETWORK_ALLOW", "PAASTECH_INGRESS_LISTENTLS", "PAASTECH_INGRESS_ACCESSLOG_FILE", "PAASTECH_INGRESS_MODE", "PAASTECH_INGRESS_TRAEFIK_CERTRESOLVER", "PAASTECH_INGRESS_PUBLICURL", "PAASTECH_DOCKER_LABELLEDNETWORK", "PAASTECH_TLS_RESOLVER", "PAASTECH_TLS_ISSUER", "PAASTECH_TLS_CA", "PAASTECH_TLS_ROOTS", "PAASTECH_SERVER_PUBLICURL",
		"PAASTECH_RPC_ENGINE", "PAASTECH_RPC_REPOSITORIES", "PAASTECH_RPC_DEPLOYERLISTEN", "PAASTECH_RPC_REPOSITORIESLISTEN", "PAASTECH_RPC_CREDENTIALS",
		"PAASTECH_ACCOUNTS_REGISTRATION", "SSL_CERT_FILE",
	} {
		if value := ts.Getenv(name); value != "" {
			vars = append(vars, name+"="+value)
		}
	}
	return vars
}

// cmdServe starts the daemon and waits until it answers.
func cmdServe(ts *testscript.TestScript, neg bool, args []string) {
	d := ts.Value(daemonKey{}).(*daemon)
	if neg || d.process != nil {
		ts.Fatalf("usage: serve [flags], once")
	}
	d.startModules(ts)
	log, err := os.OpenFile(ts.MkAbs("serve.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	ts.Check(err)
	path, err := lookPath(environment(ts), "paastech")
	ts.Check(err)
	d.process = exec.Command(path, append([]string{"serve"}, args...)...)
	d.process.Env, d.process.Dir = environment(ts), ts.MkAbs(".")
	d.process.Stdout, d.process.Stderr = log, log
	ts.Check(d.process.Start())
	d.log, d.ended = log, make(chan error, 1)
	go func() { d.ended <- d.process.Wait() }()
	await(ts, 2*time.Minute, "serve answers", func() bool {
		response, err := http.Get(ts.Getenv("PAASTECH_SERVER") + "/api/v1/healthz")
		if err != nil {
			return false
		}
		response.Body.Close()
		return response.StatusCode == http.StatusOK
	})
}

// cmdEnd ends the daemon: `end TERM` and it must end well, `end KILL` and it is gone.
func cmdEnd(ts *testscript.TestScript, _ bool, args []string) {
	d := ts.Value(daemonKey{}).(*daemon)
	if len(args) != 1 || d.process == nil {
		ts.Fatalf("usage: end TERM|KILL, after serve")
	}
	signal := map[string]syscall.Signal{"TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL}[args[0]]
	d.signal(signal)
	err := <-d.ended
	d.log.Close()
	d.process = nil
	if signal == syscall.SIGTERM {
		ts.Check(err)
	}
}

// cmdAccount makes a user, logs in and registers a key; git uses it from then on.
func cmdAccount(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: account NAME")
	}
	name := args[0]
	config := ts.MkAbs(name)
	ts.Check(os.MkdirAll(config, 0o700))
	ts.Setenv("XDG_CONFIG_HOME", config)
	run(ts, "password of "+name+"\n", "paastech", "admin", "users", "create", "--username", name, "--email", name+"@example.com", "--password-stdin")
	run(ts, "", "paastech", "login", "-e", name+"@example.com", "-p", "password of "+name)
	key := filepath.Join(config, "id_ed25519")
	run(ts, "", "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key)
	run(ts, "", "paastech", "keys", "add", key+".pub")
	ts.Setenv("GIT_SSH_COMMAND", fmt.Sprintf("ssh -i %s -o IdentitiesOnly=yes -o UserKnownHostsFile=%s -o StrictHostKeyChecking=accept-new -o LogLevel=ERROR", key, filepath.Join(config, "known_hosts")))
}

// cmdApp makes a git repository in DIR from an example (or from what the script put there) and a project for it.
func cmdApp(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: app DIR [EXAMPLE]")
	}
	dir := ts.MkAbs(args[0])
	if len(args) == 2 {
		ts.Check(os.CopyFS(dir, os.DirFS(filepath.Join(ts.Getenv("EXAMPLES"), args[1]))))
	}
	ts.Check(ts.Chdir(args[0]))
	run(ts, "", "git", "init", "-q", "-b", "main")
	run(ts, "", "git", "add", ".")
	run(ts, "", "git", "commit", "-qm", "first")
	run(ts, "", "paastech", "init", filepath.Base(dir), "--yes")
}

func run(ts *testscript.TestScript, stdin, name string, args ...string) {
	if stdin == "" {
		ts.Check(ts.Exec(name, args...))
		return
	}
	path, err := lookPath(environment(ts), name)
	ts.Check(err)
	command := exec.Command(path, args...)
	command.Env, command.Stdin = environment(ts), strings.NewReader(stdin)
	if out, err := command.CombinedOutput(); err != nil {
		ts.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
}

// cmdContainers prints the ids of all containers, of builds too, of the current directory's project.
func cmdContainers(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: containers")
	}
	ts.Check(ts.Exec("paastech", "projects", "info", "--json"))
	var project struct{ ID string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &project))
	ts.Check(ts.Exec("docker", "ps", "-aq", "--no-trunc", "--filter", "label=paastech.project="+project.ID))
}

// cmdUntil repeats a command until its output matches: `until REGEXP COMMAND ARG...`, for three minutes:
// a first build beside all the others of a test run took more than one.
func cmdUntil(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until REGEXP COMMAND ARG...")
	}
	want := regexp.MustCompile(args[0])
	path, err := lookPath(environment(ts), args[1])
	ts.Check(err)
	var last []byte
	await(ts, 3*time.Minute, fmt.Sprintf("%v says %q", args[1:], args[0]), func() bool {
		command := exec.Command(path, args[2:]...)
		command.Env, command.Dir = environment(ts), ts.MkAbs(".")
		last, _ = command.CombinedOutput()
		return want.Match(bytes.TrimSpace(last))
	})
}

func await(ts *testscript.TestScript, limit time.Duration, what string, holds func() bool) {
	for deadline := time.Now().Add(limit); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			ts.Fatalf("not within %s: %s", limit, what)
		}
	}
}
