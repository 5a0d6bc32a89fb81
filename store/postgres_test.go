package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// server is the PostgreSQL that this package's tests share; each test has a schema of its own in it.
var server *postgresServer

func TestMain(m *testing.M) {
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	runtime.LockOSThread() // the server dies with this thread (Pdeathsig)
	var err error
	if server, err = startPostgres(); err != nil {
		fmt.Fprintln(os.Stderr, "private PostgreSQL:", err)
		return 1
	}
	code := m.Run()
	if err := server.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "private PostgreSQL:", err)
		return 1
	}
	return code
}

// postgresServer is a PostgreSQL in a temporary directory, reached by a unix socket only.
type postgresServer struct {
	dir     string
	command *exec.Cmd
}

func startPostgres() (*postgresServer, error) {
	initdb, err := postgresBinary("initdb")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "paastech-pg-")
	if err != nil {
		return nil, err
	}
	s := &postgresServer{dir: dir}
	if err := s.start(initdb); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return s, nil
}

func (s *postgresServer) start(initdb string) error {
	process, err := unprivileged(s.dir)
	if err != nil {
		return err
	}
	data := filepath.Join(s.dir, "data")
	create := exec.Command(initdb, "--pgdata", data, "--username", "test", "--auth", "trust", "--encoding", "UTF8", "--no-locale", "--no-sync")
	create.SysProcAttr, create.Dir = process, s.dir
	if out, err := create.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	s.command = exec.Command(filepath.Join(filepath.Dir(initdb), "postgres"), "-D", data,
		"-c", "listen_addresses=", "-c", "unix_socket_directories="+s.dir, "-c", "fsync=off", "-c", "max_connections=200")
	s.command.SysProcAttr, s.command.Dir = process, s.dir
	if err := s.command.Start(); err != nil {
		return err
	}
	return s.awaitReady()
}

func (s *postgresServer) awaitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		connection, err := pgx.Connect(ctx, s.url(""))
		if err == nil {
			return connection.Close(ctx)
		}
		if ctx.Err() != nil {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (s *postgresServer) stop() error {
	defer os.RemoveAll(s.dir)
	if s.command == nil || s.command.Process == nil {
		return nil
	}
	if err := s.command.Process.Signal(syscall.SIGINT); err != nil { // fast shutdown
		return err
	}
	return s.command.Wait()
}

// url names the server, with a schema of its own for the tables.
func (s *postgresServer) url(schema string) string {
	query := url.Values{"host": {s.dir}, "user": {"test"}}
	if schema != "" {
		query.Set("search_path", schema)
	}
	return (&url.URL{Scheme: "postgres", Path: "/postgres", RawQuery: query.Encode()}).String()
}

// postgresBinary finds Debian's PostgreSQL, which is not on the PATH: the newest one.
func postgresBinary(name string) (string, error) {
	found, err := filepath.Glob(filepath.Join("/usr/lib/postgresql/*/bin", name))
	if err != nil || len(found) == 0 {
		return "", errors.New("there is no PostgreSQL in /usr/lib/postgresql: apt-get install --no-install-recommends postgresql")
	}
	return slices.Max(found), nil
}

// unprivileged makes a process run as somebody who owns dir: PostgreSQL refuses to run as root.
func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	attributes := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if os.Geteuid() != 0 {
		return attributes, nil
	}
	account, err := user.Lookup("nobody")
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	attributes.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attributes, os.Chown(dir, int(uid), int(gid))
}
