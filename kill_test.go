package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// TestKilledAtAnyMoment kills the daemon while people register, make, configure and delete projects
// and accounts, and its key is changed. What was acknowledged is there after the next start, what was
// deleted is gone, and the doctor finds nothing that belongs to nobody.
func TestKilledAtAnyMoment(t *testing.T) {
	rounds := 3
	if os.Getenv("PAASTECH_SOAK") == "1" {
		rounds = 100
	}
	d := newDoomed(t)
	for round := range rounds {
		d.start()
		d.check()
		var working sync.WaitGroup
		for worker := range 3 {
			working.Go(func() { d.work(fmt.Sprintf("r%d-w%d", round, worker)) })
		}
		time.Sleep(time.Duration(50+rand.IntN(700)) * time.Millisecond) // a random moment is what is tested
		d.kill()
		working.Wait()
	}
	d.start()
	d.check()
	t.Logf("%d rounds: %d projects and %d accounts acknowledged, %d projects and %d accounts deleted", rounds, len(d.projects), len(d.users), d.deletedProjects, d.deletedUsers)
	if len(d.projects)+d.deletedProjects == 0 || len(d.users)+d.deletedUsers == 0 {
		t.Error("nothing was acknowledged: nothing was tested")
	}
}

// work does what people do until the daemon is gone.
func (d *doomed) work(name string) {
	for i := 0; ; i++ {
		one := fmt.Sprintf("%s-%d", name, i)
		project := ""
		for _, do := range []func() error{
			func() error { return d.register(one) },
			func() (err error) { project, err = d.makeProject(one); return },
			func() error { return d.configure(project, "first") },
			func() error { return d.configure(project, "second") },
			d.deleteSomething, d.rotate,
		} {
			if err := do(); err != nil {
				return
			}
		}
	}
}

var errDead = errors.New("the daemon is dead")

func (d *doomed) register(one string) error {
	username := "u-" + one
	status := d.call(http.MethodPost, "/auth/register", map[string]any{"username": username, "email": username + "@example.com", "password": "password of " + one}, nil)
	switch status {
	case http.StatusCreated:
		d.mu.Lock()
		defer d.mu.Unlock()
		d.users[username] = true
	case 0:
		return errDead
	}
	return nil // the registrations of one address are limited: then the others go on
}

func (d *doomed) makeProject(one string) (string, error) {
	var project struct{ ID string }
	switch d.call(http.MethodPost, "/projects", map[string]any{"name": "p-" + one}, &project) {
	case http.StatusCreated:
		d.mu.Lock()
		defer d.mu.Unlock()
		d.projects[project.ID] = []string{""}
		return project.ID, nil
	case 0:
		return "", errDead
	}
	return "", errors.New("a project was refused")
}

// anyOf picks one of the things that nobody is about to delete.
func anyOf[V any](from map[string]V, but map[string]bool) (string, bool) {
	for name := range from {
		if !but[name] {
			return name, true
		}
	}
	return "", false
}

// configure sets the variable A of a project that nobody else configures: once acknowledged it is
// that value and no other.
func (d *doomed) configure(id, value string) error {
	d.note(id, value, false)
	switch d.call(http.MethodPatch, "/projects/"+id+"/env?deploy=false", map[string]any{"env": map[string]string{"A": value}}, nil) {
	case http.StatusOK:
		d.note(id, value, true)
	case 0:
		return errDead
	}
	return nil
}

func (d *doomed) note(id, value string, acknowledged bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	values, there := d.projects[id]
	switch {
	case !there: // deleted by somebody else
	case acknowledged:
		d.projects[id] = []string{value}
	default:
		d.projects[id] = append(values, value)
	}
}

func (d *doomed) deleteSomething() error {
	d.mu.Lock()
	id, found := anyOf(d.projects, d.uncertain)
	path := "/projects/" + id
	if !found || rand.IntN(2) == 0 {
		if username, there := anyOf(d.users, d.uncertain); there {
			id, found, path = username, true, "/users/"+username
		}
	}
	d.uncertain[id] = true
	d.mu.Unlock()
	if !found {
		return nil
	}
	status := d.call(http.MethodDelete, path, nil, nil)
	if status == 0 {
		return errDead
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if status == http.StatusOK {
		d.gone[id] = true
		if d.users[id] {
			d.deletedUsers++
		} else {
			d.deletedProjects++
		}
		delete(d.users, id)
		delete(d.projects, id)
	}
	return nil
}

func (d *doomed) rotate() error {
	if err := d.local.RotateKey(d.t.Context()); err != nil {
		return errDead
	}
	return nil
}

// check compares with what was acknowledged.
func (d *doomed) check() {
	d.t.Helper()
	for id, values := range d.projects {
		var env struct{ Env map[string]string }
		status := d.call(http.MethodGet, "/projects/"+id+"/env", nil, &env)
		if status == http.StatusNotFound && d.uncertain[id] {
			delete(d.projects, id)
			continue
		}
		if status != http.StatusOK || !slices.Contains(values, env.Env["A"]) {
			d.t.Errorf("project %s: %d, A is %q, one of %q was acknowledged or on its way", id, status, env.Env["A"], values)
			continue
		}
		d.projects[id] = []string{env.Env["A"]}
	}
	for username := range d.users {
		status := d.call(http.MethodGet, "/users/"+username, nil, nil)
		if status == http.StatusNotFound && d.uncertain[username] {
			delete(d.users, username)
		} else if status != http.StatusOK {
			d.t.Errorf("account %s: %d, although it was acknowledged", username, status)
		}
	}
	for name := range d.gone {
		for _, path := range []string{"/projects/" + name, "/users/" + name} {
			if status := d.call(http.MethodGet, path, nil, nil); status != http.StatusNotFound {
				d.t.Errorf("%s: %d, although its deletion was acknowledged", path, status)
			}
		}
	}
	clear(d.gone)
	var findings []paas.Finding
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) { // deletions are finished after the start
		found, err := d.local.Doctor(d.t.Context())
		if err != nil {
			d.t.Fatalf("doctor: %v", err)
		}
		findings = found.Findings()
		if len(findings) == 0 || time.Now().After(deadline) {
			break
		}
	}
	for _, finding := range findings {
		d.t.Errorf("doctor: %s: %s", finding.Part, finding.Message)
	}
}
