package cli_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// composeBase is what the images of compose.yaml are made from where none can be pulled.
const composeBase = "ca-certificates,e2fsprogs,git,mmdebstrap,postgresql"

// composeOverride puts images of our own in the place of those that are pulled.
const composeOverride = `
services:
  paastech:
    build: {context: ., args: {BASE: "%[1]s"}}
  database:
    image: "%[1]s"
    command:
      - sh
      - -c
      - |
        set -e
        install -d -o postgres -g postgres /var/lib/postgresql/data /run/postgresql
        bin=/usr/lib/postgresql/15/bin
        rm -f /tmp/password
        echo "$$POSTGRES_PASSWORD" > /tmp/password && chown postgres /tmp/password
        test -f /var/lib/postgresql/data/PG_VERSION || su postgres -c "$$bin/initdb -D /var/lib/postgresql/data -U $$POSTGRES_USER -A scram-sha-256 --pwfile /tmp/password"
        echo "host all all all scram-sha-256" >> /var/lib/postgresql/data/pg_hba.conf
        su postgres -c "$$bin/postgres -D /var/lib/postgresql/data --listen_addresses='*'" &
        until su postgres -c "PGPASSWORD='$$POSTGRES_PASSWORD' psql -q -U $$POSTGRES_USER -h 127.0.0.1 -d postgres -c 'CREATE DATABASE $$POSTGRES_DB'" || su postgres -c "PGPASSWORD='$$POSTGRES_PASSWORD' psql -q -U $$POSTGRES_USER -h 127.0.0.1 -d $$POSTGRES_DB -c 'SELECT 1'"; do sleep 0.2; done
        wait
`

// TestCompose builds the image and brings up compose.yaml as a person does: with PostgreSQL, a first application
// with a volume, and the two kinds of networks kept apart.
func TestCompose(t *testing.T) {
	c := newComposition(t)
	c.compose("build", "--quiet")
	c.compose("up", "--detach")
	t.Cleanup(func() {
		if t.Failed() {
			out, _ := c.tryCompose("logs", "--no-color", "--tail", "60")
			t.Log(out)
		}
		_, _ = c.tryCompose("stop")
		if out, err := c.tryCompose("run", "--rm", "-T", "--no-deps", "paastech", "admin", "purge", "--yes"); err != nil {
			t.Errorf("purge: %v\n%s", err, out)
		}
		_, _ = c.tryCompose("down", "--volumes")
	})
	daemon, database := c.container("paastech"), c.container("database")
	for _, id := range []string{database, daemon} {
		c.until(id+" is healthy", func() bool {
			return strings.TrimSpace(c.docker("inspect", "--format", "{{.State.Health.Status}}", id)) == "healthy"
		})
	}

	code := strings.TrimSpace(c.docker("exec", daemon, "paastech", "admin", "invites", "create", "--admin"))
	c.client("a fine day\n", "register", "-e", "ada@example.com", "-u", "ada", "--invite", regexp.MustCompile(`(?m)^\S+$`).FindString(code))
	c.client("a fine day\n", "login", "-e", "ada@example.com")
	c.push()
	c.until("the application answers", c.answers)
	c.client("", "settings", "set", "-P", c.project, `volumes=[{"name":"data","path":"/data","size":"16MiB"}]`)
	if out := c.client("", "volumes", "-P", c.project); !regexp.MustCompile(`(?m)^data .*true$`).MatchString(out) {
		t.Errorf("the volume has no file system of its own:\n%s", out)
	}
	out, err := exec.Command("docker", "exec", daemon, "paastech", "doctor").CombinedOutput()
	if err != nil {
		t.Errorf("doctor: %v\n%s", err, out)
	}
	if said := c.docker("logs", daemon); strings.Contains(said, "is off") {
		t.Errorf("with the host's network and processes something is off:\n%s", said)
	}

	internal := strings.Fields(c.docker("inspect", "--format", "{{range .NetworkSettings.Networks}}{{.NetworkID}} {{end}}", database))
	application := strings.Fields(c.docker("ps", "--quiet", "--no-trunc", "--filter", "label=paastech.project="+c.project))
	if len(internal) != 1 || len(application) != 1 {
		t.Fatalf("the database is in the networks %v, the application has the containers %v", internal, application)
	}
	theirs := strings.Fields(c.docker("inspect", "--format", "{{range .NetworkSettings.Networks}}{{.NetworkID}} {{end}}", application[0]))
	if slices.Contains(theirs, internal[0]) {
		t.Error("the application is in the database's network")
	}
	c.compose("restart", "paastech")
	c.until("the application answers after a restart of the daemon", c.answers)

	c.saysWhatIsOff()
}

// composition is compose.yaml with what it needs, in a directory of its own.
type composition struct {
	*debianHost
	dir  string
	data string
	base string
}

func newComposition(t *testing.T) *composition {
	t.Helper()
	c := &composition{dir: filepath.Join(t.TempDir(), fmt.Sprintf("compose%d", os.Getpid()))}
	c.debianHost = &debianHost{t: t, home: t.TempDir(), dashboard: freeAddress(t), ingress: freeAddress(t), git: freeAddress(t)}
	c.must(os.Mkdir(c.dir, 0o700))
	c.program = filepath.Join(c.dir, "paastech")
	c.build(c.program, "0.0.1-test")
	c.makeBuilder()
	for _, name := range []string{"Dockerfile", ".dockerignore", "compose.yaml"} {
		content, err := os.ReadFile(filepath.Join("..", name))
		c.must(err)
		c.must(os.WriteFile(filepath.Join(c.dir, name), content, 0o600))
	}
	c.base = debianImage(t, composeBase)
	c.must(os.WriteFile(filepath.Join(c.dir, "compose.override.yaml"), fmt.Appendf(nil, composeOverride, c.base), 0o600))
	c.data = sharedDirectory(t)
	c.writeEnvironment()
	return c
}

// writeEnvironment fills in .env.example, all of which the daemon has to take.
func (c *composition) writeEnvironment() {
	c.t.Helper()
	example, err := os.ReadFile(filepath.Join("..", ".env.example"))
	c.must(err)
	_, port, _ := strings.Cut(freeAddress(c.t), ":")
	values := map[string]string{
		"PAASTECH_SERVER_LISTEN": c.dashboard, "PAASTECH_INGRESS_LISTEN": c.ingress, "PAASTECH_GIT_LISTEN": c.git,
		"POSTGRES_PASSWORD": "a-word-of-our-own", "POSTGRES_PORT": port, "DATA_DIR": c.data,
		"DAEMON_IMAGE": fmt.Sprintf("paastech-test/daemon:%d", os.Getpid()),
	}
	var lines []string
	for line := range strings.Lines(string(example)) {
		name, _, is := strings.Cut(strings.TrimSpace(line), "=")
		if value, ours := values[name]; is && ours {
			line = name + "=" + value + "\n"
			delete(values, name)
		}
		lines = append(lines, line)
	}
	if len(values) > 0 {
		c.t.Errorf(".env.example lacks %v", values)
	}
	c.must(os.WriteFile(filepath.Join(c.dir, ".env"), []byte(strings.Join(lines, "")), 0o600))
	c.t.Cleanup(func() {
		_ = exec.Command("docker", "image", "rm", fmt.Sprintf("paastech-test/daemon:%d", os.Getpid())).Run()
	})
}

// sharedDirectory is one whose mounts containers see, as systemd makes every directory of a host.
func sharedDirectory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "paastech-shared-")
	if err == nil {
		err = unix.Mount(dir, dir, "", unix.MS_BIND, "")
	}
	if err == nil {
		err = unix.Mount("", dir, "", unix.MS_SHARED, "")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
		_ = os.RemoveAll(dir)
	})
	return dir
}

// saysWhatIsOff runs the daemon without the host's processes, and without its network.
func (c *composition) saysWhatIsOff() {
	c.t.Helper()
	image := strings.TrimSpace(c.docker("inspect", "--format", "{{.Config.Image}}", c.container("paastech")))
	run := func(arguments ...string) string {
		all := append([]string{"run", "--rm", "--volume", "/var/run/docker.sock:/var/run/docker.sock", "--cap-add", "NET_ADMIN", "--entrypoint", "timeout",
			"--env", "PAASTECH_SERVER_LISTEN=" + freeAddress(c.t), "--env", "PAASTECH_INGRESS_LISTEN=" + freeAddress(c.t), "--env", "PAASTECH_GIT_LISTEN=" + freeAddress(c.t)}, arguments...)
		out, _ := exec.Command("docker", append(all, image, "5", "paastech", "serve")...).CombinedOutput()
		return string(out)
	}
	if out := run("--network", "host"); !strings.Contains(out, "is off") || !strings.Contains(out, "--pid host") {
		c.t.Errorf("without the host's processes:\n%s", out)
	}
	if out := run(); !strings.Contains(out, "--network host") || strings.Contains(out, "PaaSTech serves") {
		c.t.Errorf("without the host's network:\n%s", out)
	}
}

func (c *composition) container(service string) string {
	c.t.Helper()
	return strings.TrimSpace(c.compose("ps", "--quiet", service))
}

func (c *composition) compose(args ...string) string {
	c.t.Helper()
	out, err := c.tryCompose(args...)
	if err != nil {
		c.t.Fatalf("docker-compose %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (c *composition) tryCompose(args ...string) (string, error) {
	command := exec.Command("docker-compose", args...)
	command.Dir = c.dir
	command.Env = append(os.Environ(), "DOCKER_BUILDKIT=0", "COMPOSE_DOCKER_CLI_BUILD=0")
	out, err := command.CombinedOutput()
	return string(out), err
}
