package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web/problem"
)

const (
	goodToken = "a-good-token"
	projectID = "6f1c2f4e-0a53-4f0e-8f6b-3f2f0c0f9a11"
	keyLine   = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1QcRkDNjrmVYcE8RMWN+zpoxMJgMfMOZoStvLYNPnM"
)

// fakeServer answers like API.md, from memory.
type fakeServer struct {
	*httptest.Server
	mutex       sync.Mutex // guards all below
	requests    []string   // method and path with its query, in their order
	keys        []wire.Key
	projects    []wire.Project
	deployments []wire.Deployment
	env         paas.Env
	gitURL      string
	hostKeys    []wire.HostKey
	log         []string        // of a deployment
	fails       *paas.Diagnosis // how the next deployment ends
}

func serveFake(t *testing.T) *fakeServer {
	f := &fakeServer{env: paas.Env{}, gitURL: "ssh://git@127.0.0.1:2222/" + projectID, log: []string{"Starting v1", "it is up"}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/info", f.info)
	mux.HandleFunc("POST /api/v1/auth/login", f.login)
	mux.HandleFunc("POST /api/v1/auth/logout", f.private(func(http.ResponseWriter, *http.Request) (any, error) { return nil, nil }))
	mux.HandleFunc("GET /api/v1/users/my", f.private(func(http.ResponseWriter, *http.Request) (any, error) { return ada, nil }))
	mux.HandleFunc("GET /api/v1/sessions", f.private(func(http.ResponseWriter, *http.Request) (any, error) {
		return []wire.ActiveSession{{ID: "s1", Current: true, Address: "192.0.2.1", Agent: "paastech (linux/amd64)", CreatedAt: time.Now()}, {ID: "s2", Address: "198.51.100.7", Agent: "Firefox", CreatedAt: time.Now()}}, nil
	}))
	mux.HandleFunc("DELETE /api/v1/sessions", f.private(func(http.ResponseWriter, *http.Request) (any, error) { return nil, nil }))
	mux.HandleFunc("DELETE /api/v1/sessions/{id}", f.private(func(http.ResponseWriter, *http.Request) (any, error) { return nil, nil }))
	mux.HandleFunc("GET /api/v1/sshkeys/my", f.private(func(http.ResponseWriter, *http.Request) (any, error) { return f.keys, nil }))
	mux.HandleFunc("POST /api/v1/sshkeys/my", f.private(f.addKey))
	mux.HandleFunc("DELETE /api/v1/sshkeys/my/{id}", f.private(f.removeKey))
	mux.HandleFunc("GET /api/v1/projects/my", f.private(func(http.ResponseWriter, *http.Request) (any, error) { return f.projects, nil }))
	mux.HandleFunc("POST /api/v1/projects", f.private(f.createProject))
	mux.HandleFunc("GET /api/v1/projects/{id}", f.private(f.withProject(func(p *wire.Project, _ *http.Request) (any, error) { return *p, nil })))
	mux.HandleFunc("DELETE /api/v1/projects/{id}", f.private(f.withProject(func(*wire.Project, *http.Request) (any, error) { f.projects = nil; return nil, nil })))
	mux.HandleFunc("GET /api/v1/projects/{id}/deletion", f.private(f.withProject(func(*wire.Project, *http.Request) (any, error) { return wire.Deletion{Containers: 1}, nil })))
	mux.HandleFunc("PATCH /api/v1/projects/{id}", f.private(f.withProject(f.changeProject)))
	mux.HandleFunc("PATCH /api/v1/projects/{id}/deploy", f.private(f.withProject(f.rollOut)))
	mux.HandleFunc("POST /api/v1/projects/{id}/start", f.private(f.withProject(f.rollOut)))
	mux.HandleFunc("POST /api/v1/projects/{id}/restart", f.private(f.withProject(f.rollOut)))
	mux.HandleFunc("POST /api/v1/projects/{id}/stop", f.private(f.withProject(func(p *wire.Project, _ *http.Request) (any, error) { p.Status = paas.StatusStopped; return *p, nil })))
	mux.HandleFunc("GET /api/v1/projects/{id}/env", f.private(f.withProject(func(*wire.Project, *http.Request) (any, error) { return wire.Env{Env: f.env}, nil })))
	mux.HandleFunc("PATCH /api/v1/projects/{id}/env", f.private(f.withProject(f.setEnv)))
	mux.HandleFunc("GET /api/v1/projects/{id}/deployments", f.private(f.withProject(func(*wire.Project, *http.Request) (any, error) { return f.deployments, nil })))
	mux.HandleFunc("GET /api/v1/projects/{id}/deployments/{n}", f.private(f.withProject(f.deployment)))
	mux.HandleFunc("GET /api/v1/projects/{id}/deployments/{n}/log", f.deploymentLog)
	mux.HandleFunc("GET /api/v1/projects/{id}/logs", f.logs)
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mutex.Lock()
		f.requests = append(f.requests, r.Method+" "+strings.TrimPrefix(r.URL.RequestURI(), "/api/v1"))
		f.mutex.Unlock()
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(f.Close)
	return f
}

var ada = wire.User{ID: "u1", Username: "ada", Email: "ada@example.com", CreatedAt: time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC)}

func answer(w http.ResponseWriter, content any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		document := problem.Of(paas.Public(err))
		w.WriteHeader(document.StatusCode)
		_ = json.NewEncoder(w).Encode(document)
		return
	}
	_ = json.NewEncoder(w).Encode(wire.Answer[any]{Status: wire.OK, Content: content})
}

func (f *fakeServer) private(do func(http.ResponseWriter, *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+goodToken {
			answer(w, nil, paas.Errorf(paas.Unauthenticated, paas.ENotLoggedIn, "You are not logged in."))
			return
		}
		f.mutex.Lock()
		defer f.mutex.Unlock()
		content, err := do(w, r)
		answer(w, content, err)
	}
}

func (f *fakeServer) withProject(do func(*wire.Project, *http.Request) (any, error)) func(http.ResponseWriter, *http.Request) (any, error) {
	return func(_ http.ResponseWriter, r *http.Request) (any, error) {
		for i := range f.projects {
			if string(f.projects[i].ID) == r.PathValue("id") {
				return do(&f.projects[i], r)
			}
		}
		return nil, paas.Errorf(paas.NotFound, paas.ENotFound, "There is no such project among yours.")
	}
}

func (f *fakeServer) info(w http.ResponseWriter, _ *http.Request) {
	answer(w, wire.Info{Version: "1.2.3", URL: f.URL, HostKeys: f.hostKeys, Registration: "closed"}, nil)
}

func (f *fakeServer) login(w http.ResponseWriter, r *http.Request) {
	var in wire.Login
	_ = json.NewDecoder(r.Body).Decode(&in)
	if in.Email != ada.Email || in.Password != "correct horse" {
		answer(w, nil, paas.Errorf(paas.Unauthenticated, paas.EBadLogin, "The e-mail address or the password is wrong."))
		return
	}
	answer(w, wire.Session{AccessToken: goodToken, ExpiresAt: time.Now().Add(6 * time.Hour).UTC()}, nil)
}

func (f *fakeServer) addKey(_ http.ResponseWriter, r *http.Request) (any, error) {
	var in wire.NewKey
	_ = json.NewDecoder(r.Body).Decode(&in)
	parsed, err := paas.ParseSSHKey(in.Value, in.Name)
	key := wire.Key{ID: paas.KeyID(fmt.Sprintf("k%d", len(f.keys)+1)), Name: in.Name, Value: in.Value, Fingerprint: parsed.Fingerprint}
	f.keys = append(f.keys, key)
	return key, err
}

func (f *fakeServer) removeKey(_ http.ResponseWriter, r *http.Request) (any, error) {
	f.keys = slices.DeleteFunc(f.keys, func(k wire.Key) bool { return string(k.ID) == r.PathValue("id") })
	return nil, nil
}

func (f *fakeServer) createProject(_ http.ResponseWriter, r *http.Request) (any, error) {
	var in wire.NewProject
	_ = json.NewDecoder(r.Body).Decode(&in)
	f.addProject(in.Name)
	return f.projects[len(f.projects)-1], nil
}

func (f *fakeServer) addProject(name string) {
	f.projects = append(f.projects, wire.Project{
		ID: projectID, Name: name, Config: wire.Config{Env: paas.Env{}}, GitURL: f.gitURL, Status: paas.StatusNew,
		URL: "http://" + projectID + ".user-app.localhost:8080",
	})
}

func (f *fakeServer) changeProject(project *wire.Project, r *http.Request) (any, error) {
	var in wire.ProjectChange
	_ = json.NewDecoder(r.Body).Decode(&in)
	project.Settings.Branch = *in.Settings.Branch
	return *project, nil
}

// rollOut answers with a queued deployment, which the log then brings to its end.
func (f *fakeServer) rollOut(project *wire.Project, _ *http.Request) (any, error) {
	number := len(f.deployments) + 1
	d := wire.Deployment{Number: number, Name: fmt.Sprintf("v%d", number), State: paas.Queued, Commit: "0123456789abcdef", Branch: "main", CreatedAt: time.Now().UTC()}
	f.deployments = append(f.deployments, d)
	project.Deployment = &d
	return d, nil
}

func (f *fakeServer) setEnv(project *wire.Project, r *http.Request) (any, error) {
	var in wire.EnvChange
	_ = json.NewDecoder(r.Body).Decode(&in)
	f.env = f.env.With(in.Env)
	if project.Live == nil || r.URL.Query().Get("deploy") == "false" || r.URL.Query().Get("build") == "true" {
		return wire.Env{Env: f.env}, nil
	}
	d, err := f.rollOut(project, r)
	made := d.(wire.Deployment)
	return wire.Env{Env: f.env, Deployment: &made}, err
}

func (f *fakeServer) deployment(_ *wire.Project, r *http.Request) (any, error) {
	for _, d := range f.deployments {
		if fmt.Sprint(d.Number) == r.PathValue("n") {
			return d, nil
		}
	}
	return nil, paas.Errorf(paas.NotFound, paas.ENotFound, "There is no such deployment.")
}

func (f *fakeServer) deploymentLog(w http.ResponseWriter, r *http.Request) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if r.Header.Get("Accept") != "text/event-stream" {
		answer(w, wire.Logs{Logs: strings.Join(f.log, "\n") + "\n"}, nil)
		return
	}
	d := &f.deployments[len(f.deployments)-1]
	d.State, d.Diagnosis = paas.Live, nil
	if f.fails != nil {
		d.State, d.Diagnosis = paas.Failed, f.fails
	} else {
		f.projects[0].Status, f.projects[0].Live = paas.StatusRunning, d
	}
	stream(w, f.log)
	end, _ := json.Marshal(d)
	fmt.Fprintf(w, "event: %s\ndata: %s\n\n", wire.EventEnd, end)
}

func (f *fakeServer) logs(w http.ResponseWriter, r *http.Request) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	lines := []wire.LogLine{
		{At: time.Date(2026, 1, 31, 10, 0, 0, 0, time.UTC), Deployment: 1, Process: "web.1", Stream: paas.Stdout, Text: "one"},
		{At: time.Date(2026, 1, 31, 10, 0, 1, 0, time.UTC), Deployment: 1, Process: "worker.1", Stream: paas.Stdout, Text: "two"},
		{At: time.Date(2026, 1, 31, 10, 0, 2, 0, time.UTC), Deployment: 1, Process: "web.1", Stream: paas.System, Text: "web.1 ended with exit code 1."},
	}
	if r.Header.Get("Accept") != "text/event-stream" {
		answer(w, wire.Logs{Lines: lines}, nil)
		return
	}
	var texts []string
	for _, line := range lines {
		text, _ := json.Marshal(line)
		texts = append(texts, string(text))
	}
	stream(w, texts)
	fmt.Fprintf(w, "event: %s\ndata: \n\n", wire.EventEnd)
}

func stream(w http.ResponseWriter, lines []string) {
	w.Header().Set("Content-Type", "text/event-stream")
	for _, line := range lines {
		fmt.Fprintf(w, "data: %s\n\n", line)
	}
}
