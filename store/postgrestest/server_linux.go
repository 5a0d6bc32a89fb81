// Package postgrestest runs a private PostgreSQL, Debian's, for tests. Only tests import it.
package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Server is a PostgreSQL in a temporary directory, reached by a unix socket only.
type Server struct {
	dir     string
	command *exec.Cmd
	schemas atomic.Int64 // how many were made
}

// Start makes and starts a server. It dies with the thread that started it: a caller that lives long
// locks its goroutine to it (runtime.LockOSThread).
func Start() (*Server, error) {
	initdb, err := binary("initdb")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "paastech-pg-")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir}
	if err := s.start(initdb); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func (s *Server) start(initdb string) error {
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

func (s *Server) awaitReady() error {
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

// Stop ends the server and removes all of it.
func (s *Server) Stop() error {
	defer os.RemoveAll(s.dir)
	if s.command == nil || s.command.Process == nil {
		return nil
	}
	if err := s.command.Process.Signal(syscall.SIGINT); err != nil { // fast shutdown
		return err
	}
	return s.command.Wait()
}

// Empty makes an empty database and returns its URL: a schema of its own, so that it costs nothing.
func (s *Server) Empty(ctx context.Context) (string, error) {
	connection, err := pgx.Connect(ctx, s.url(""))
	if err != nil {
		return "", err
	}
	schema := fmt.Sprintf("empty%d", s.schemas.Add(1))
	_, err = connection.Exec(ctx, "CREATE SCHEMA "+schema)
	return s.url(schema), errors.Join(err, connection.Close(ctx))
}

func (s *Server) url(schema string) string {
	query := url.Values{"host": {s.dir}, "user": {"test"}}
	if schema != "" {
		query.Set("search_path", schema)
	}
	return (&url.URL{Scheme: "postgres", Path: "/postgres", RawQuery: query.Encode()}).String()
}

// binary finds Debian's PostgreSQL, which is not on the PATH: the newest one.
func binary(name string) (string, error) {
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
