package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/api/client"
)

// doomed is a daemon that is killed again and again, and what it acknowledged.
type doomed struct {
	t       testing.TB
	env     []string
	address string
	local   *client.Local
	sockets map[string]*os.File // bound for the daemon, by name; see handOver
	program string              // that is the daemon; empty: paastech
	process *exec.Cmd
	token   string

	mu              sync.Mutex
	projects        map[string][]string // id -> values that its variable A may have: the acknowledged one and one on the way
	users           map[string]bool     // acknowledged
	uncertain       map[string]bool     // ids and names whose deletion was asked for and not acknowledged
	gone            map[string]bool     // ids and names whose deletion was acknowledged
	deletedProjects int
	deletedUsers    int
}

func newDoomed(t testing.TB) *doomed {
	t.Helper()
	data, err := os.MkdirTemp("", "pt")
	if err != nil {
		t.Fatal(err)
	}
	d := &doomed{t: t, address: freePort(), local: client.NewLocal(filepath.Join(data, "paastech.sock")), projects: map[string][]string{}, users: map[string]bool{}, uncertain: map[string]bool{}, gone: map[string]bool{}}
	inherited := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PAASTECH_") })
	d.env = append(inherited, "HOME="+t.TempDir(), "PAASTECH_DATADIR="+data, "PAASTECH_SERVER_LISTEN="+d.address,
		"PAASTECH_GIT_LISTEN="+freePort(), "PAASTECH_INGRESS_LISTEN="+freePort(), "PAASTECH_ACCOUNTS_REGISTRATION=open")
	t.Cleanup(func() {
		d.kill()
		if out, err := d.command("", "admin", "purge", "--yes"); err != nil {
			t.Errorf("purge: %v\n%s", err, out)
		}
		os.RemoveAll(data)
	})
	d.start()
	if out, err := d.command("password of eve\n", "admin", "users", "create", "--username", "eve", "--email", "eve@example.com", "--admin", "--password-stdin"); err != nil {
		t.Fatalf("make an administrator: %v\n%s", err, out)
	}
	var session struct{ AccessToken string }
	if status := d.call(http.MethodPost, "/auth/login", map[string]any{"email": "eve@example.com", "password": "password of eve"}, &session); status != http.StatusOK {
		t.Fatalf("log-in: %d", status)
	}
	d.token = session.AccessToken
	d.kill()
	return d
}

func (d *doomed) command(stdin string, args ...string) (string, error) {
	command := exec.Command("paastech", args...)
	command.Env, command.Stdin = d.env, strings.NewReader(stdin)
	out, err := command.CombinedOutput()
	return string(out), err
}

// variable is what one of the daemon's is set to.
func (d *doomed) variable(name string) string {
	for _, variable := range d.env {
		if value, is := strings.CutPrefix(variable, name+"="); is {
			return value
		}
	}
	return ""
}

func (d *doomed) start() {
	d.t.Helper()
	log, err := os.OpenFile(filepath.Join(d.t.ArtifactDir(), "serve.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		d.t.Fatal(err)
	}
	defer log.Close()
	d.process = d.serve()
	d.process.Stdout, d.process.Stderr = log, log
	d.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // it does not outlive a test that ran out of time
	if err := d.process.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.until("serve answers", func() bool { return d.call(http.MethodGet, "/healthz", nil, nil) == http.StatusOK })
}

func (d *doomed) kill() {
	if d.process != nil {
		_ = d.process.Process.Kill()
		_ = d.wait()
		d.process = nil
	}
}

// wait returns when the daemon has ended; an error says how, when that was not well.
func (d *doomed) wait() error {
	if d.process.Args != nil {
		return d.process.Wait()
	}
	state, err := d.process.Process.Wait() // the successor of one that was started here
	if err == nil && !state.Success() {
		err = fmt.Errorf("%s", state)
	}
	return err
}

func (d *doomed) until(what string, holds func() bool) {
	d.t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(d.t.ArtifactDir(), "serve.log"))
			d.t.Fatalf("not within a minute: %s\n%s", what, log[max(0, len(log)-4000):])
		}
	}
}

// call sends a request and returns the status, 0 when there was no answer.
func (d *doomed) call(method, path string, body any, content any) int {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			d.t.Error(err)
			return 0
		}
	}
	request, err := http.NewRequest(method, "http://"+d.address+"/api/v1"+path, bytes.NewReader(text))
	if err != nil {
		d.t.Error(err)
		return 0
	}
	request.Header.Set("Content-Type", "application/json")
	if d.token != "" {
		request.Header.Set("Authorization", "Bearer "+d.token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return 0
	}
	if content != nil && response.StatusCode < 300 {
		if err := json.Unmarshal(answer, &struct{ Content any }{content}); err != nil {
			d.t.Errorf("%s %s: %v: %s", method, path, err, answer)
		}
	}
	if response.StatusCode >= 500 && response.StatusCode != http.StatusServiceUnavailable || response.StatusCode == http.StatusBadRequest {
		d.t.Errorf("%s %s: %d %s", method, path, response.StatusCode, answer)
	}
	return response.StatusCode
}
