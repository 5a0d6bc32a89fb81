package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/api"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/ui"
	"github.com/paastech-cloud/paastech/web"
)

// TestNoGETChangesTheDatabase is a part of trial T41: every GET route of the API and of the dashboard, from
// the route tables themselves, is asked by everybody; then every row of every table is as before.
func TestNoGETChangesTheDatabase(t *testing.T) {
	w := newWitness(t, "")
	w.use()
	admin := w.session
	w.do("POST", "/auth/login", fields{"email": "grace@example.com", "password": w.secrets["password of a new account"]}, &struct{ AccessToken *string }{&w.session})
	var project, token struct{ ID, Token string }
	w.do("POST", "/projects", fields{"name": "owned"}, &project)
	w.do("POST", "/tokens", fields{"name": "reads", "scope": "read"}, &token)
	names := map[string]string{":id": project.ID, ":username": "grace", ":n": "1", ":token": w.secrets["open reset"]}
	callers := map[string]string{"nobody": "", "owner": w.session, "administrator": admin, "API token": token.Token}
	before := w.still()
	asked := 0
	for _, route := range routes(t) {
		if route.Method != http.MethodGet {
			continue
		}
		asked++
		segments := strings.Split(route.Path, "/")
		for i, segment := range segments {
			if value, known := names[segment]; known {
				segments[i] = value
			}
		}
		path := strings.Join(segments, "/")
		for caller, credential := range callers {
			for _, query := range []string{"", "?wait=false&deploy=true&delete=true&next=/dashboard"} {
				if status := w.look(path+query, credential); status >= http.StatusInternalServerError || status == http.StatusMethodNotAllowed {
					t.Errorf("%s for %s: %d", path+query, caller, status)
				}
			}
		}
	}
	t.Logf("%d routes; rows before: users %d, sessions %d, mails %d, audit %d", asked, len(before["users"]), len(before["sessions"]), len(before["mails"]), len(before["audit"]))
	if asked < 40 || len(before) < 10 {
		t.Errorf("%d routes, %d tables", asked, len(before))
	}
	for table, rows := range w.tables() {
		if table == "samples" {
			continue // the clock writes them
		}
		if !slices.Equal(rows, before[table]) {
			t.Errorf("%s had %d rows, has %d, or one has changed", table, len(before[table]), len(rows))
		}
	}
}

// still is what the tables hold when the work that the requests before have left is done: mails on their way.
func (w *witness) still() map[string][]string {
	w.t.Helper()
	before := w.tables()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		time.Sleep(500 * time.Millisecond)
		now := w.tables()
		if maps.EqualFunc(before, now, slices.Equal) {
			return now
		}
		before = now
	}
	w.t.Fatal("the tables change without end")
	return nil
}

// look asks for a page or an answer; of a stream it takes the beginning.
func (w *witness) look(path, credential string) int {
	w.t.Helper()
	request, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, "http://"+w.address+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	if credential != "" {
		request.Header.Set("Authorization", "Bearer "+credential)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	if response.Header.Get("Content-Type") != "text/event-stream" {
		if _, err := io.Copy(io.Discard, response.Body); err != nil {
			w.t.Fatal(err)
		}
	}
	return response.StatusCode
}

// routes is the table of a whole server that nobody asks.
func routes(t *testing.T) []web.Route {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	platform, err := paas.New(paas.Options{DataDir: t.TempDir(), Domain: "localhost", AppURL: &url.URL{Scheme: "http", Host: "x"}, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	server, err := web.New(platform, web.Options{Listen: "127.0.0.1:0", SigningKey: []byte(rand.Text() + rand.Text()), GitAddress: "127.0.0.1:22", Development: true, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		ended, end := context.WithCancel(t.Context())
		end()
		if err := server.Run(ended); err != nil {
			t.Error(err)
		}
	}()
	if err := api.Register(server, platform, api.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := ui.Register(server, platform); err != nil {
		t.Fatal(err)
	}
	return server.Routes()
}

// tables is every table's rows, each as a sum, but for when a token or a key was used last.
func (w *witness) tables() map[string][]string {
	w.t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(w.data, "paastech.db"))
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	tables := map[string][]string{}
	for _, name := range w.rows(db, `SELECT name FROM sqlite_master WHERE type = 'table'`) {
		name = strings.Trim(name, "[]")
		tables[name] = w.rows(db, fmt.Sprintf(`SELECT * FROM %q`, name))
		slices.Sort(tables[name])
	}
	return tables
}

func (w *witness) rows(db *sql.DB, query string) []string {
	w.t.Helper()
	rows, err := db.QueryContext(w.t.Context(), query)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		w.t.Fatal(err)
	}
	var all []string
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			w.t.Fatal(err)
		}
		if i := slices.Index(columns, "last_used_at"); i >= 0 {
			values[i] = nil
		}
		text := fmt.Sprint(values)
		if len(columns) > 1 {
			text = fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
		}
		all = append(all, text)
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
	return all
}
