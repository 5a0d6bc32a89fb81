package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/api/client"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/store/postgrestest"
)

// TestSecretsStayWhereTheyBelong is trial T45 over a whole daemon that logs all it can: passwords, the
// tokens of mailed links, API tokens, sessions, invitations and the values of variables are used, and
// put where they do not belong. Then none is in the log, in an answer that refuses something, in the
// database, in a copy of it, in the audit or in any other file of the data directory.
func TestSecretsStayWhereTheyBelong(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) {
		w := newWitness(t, "")
		w.live()
		backup := filepath.Join(t.TempDir(), "backup.db")
		w.paastech("", "db", "backup", backup)
		w.searchFile(backup)
		w.end()
		w.searchAll()
	})
	t.Run("PostgreSQL, and a mail server that is away", func(t *testing.T) {
		runtime.LockOSThread() // PostgreSQL dies with this thread
		server, err := postgrestest.Start()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := server.Stop(); err != nil {
				t.Error(err)
			}
		})
		address, err := server.Empty(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		w := newWitness(t, address)
		w.live()
		w.end()
		w.searchAll()
		w.searchDump(address)
	})
}

// witness is a daemon, the secrets that it was told, and what it refused.
type witness struct {
	t        *testing.T
	data     string
	address  string
	env      []string
	local    *client.Local
	log      bytes.Buffer // of the daemon; read when it has ended
	process  *exec.Cmd
	session  string
	secrets  map[string]string // by what they are
	refusals map[string]string // answers that refuse something, by request
}

func newWitness(t *testing.T, database string) *witness {
	t.Helper()
	data, err := os.MkdirTemp("", "pt")
	if err != nil {
		t.Fatal(err)
	}
	w := &witness{t: t, data: data, address: freePort(), local: client.NewLocal(filepath.Join(data, "paastech.sock")), secrets: map[string]string{}, refusals: map[string]string{}}
	w.env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PAASTECH_") }),
		"HOME="+t.TempDir(), "PAASTECH_DATADIR="+data, "PAASTECH_SERVER_LISTEN="+w.address, "PAASTECH_GIT_LISTEN="+freePort(), "PAASTECH_INGRESS_LISTEN="+freePort(),
		"PAASTECH_ACCOUNTS_REGISTRATION=open", "PAASTECH_SERVER_DEVELOPMENT=true", "PAASTECH_LOG_LEVEL=debug")
	if database != "" {
		host, port, _ := strings.Cut(freePort(), ":")
		w.env = append(w.env, "PAASTECH_DATABASE_URL="+database, "PAASTECH_MAIL_SMTP_HOST="+host, "PAASTECH_MAIL_SMTP_PORT="+port,
			"PAASTECH_MAIL_SMTP_USERNAME=mailer", "PAASTECH_MAIL_SMTP_PASSWORD="+w.secret("password of the mail server"), "PAASTECH_MAIL_FROM=paas@example.com")
	}
	t.Cleanup(func() {
		w.end()
		w.paastech("", "admin", "purge", "--yes")
		os.RemoveAll(data)
	})
	w.process = exec.Command("paastech", "serve")
	w.process.Env, w.process.Stdout, w.process.Stderr = w.env, &w.log, &w.log
	if err := w.process.Start(); err != nil {
		t.Fatal(err)
	}
	w.until("serve answers", func() bool {
		response, err := http.Get("http://" + w.address + "/api/v1/healthz")
		if err == nil {
			response.Body.Close()
		}
		return err == nil && response.StatusCode == http.StatusOK
	})
	return w
}

// secret makes one of a kind that people choose; it ends in what every way of quoting changes.
func (w *witness) secret(what string) string {
	w.secrets[what] = "Canary" + rand.Text() + `"<&+é/`
	return w.secrets[what]
}

// learnt notes a secret that the daemon made.
func (w *witness) learnt(what, secret string) string {
	w.t.Helper()
	if len(secret) < 20 {
		w.t.Fatalf("the %s is %q", what, secret)
	}
	w.secrets[what] = secret
	return secret
}

func (w *witness) until(what string, holds func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("not within a minute: %s", what)
		}
	}
}

func (w *witness) paastech(stdin string, args ...string) {
	w.t.Helper()
	command := exec.Command("paastech", args...)
	command.Env, command.Stdin = w.env, strings.NewReader(stdin)
	if out, err := command.CombinedOutput(); err != nil {
		w.t.Errorf("%v: %v\n%s", args, err, out)
	}
}

func (w *witness) end() {
	if w.process == nil {
		return
	}
	_ = w.process.Process.Signal(syscall.SIGTERM)
	if err := w.process.Wait(); err != nil {
		w.t.Errorf("serve: %v\n%s", err, &w.log)
	}
	w.process = nil
}

// request is one that the witness sends; the body is JSON unless it is text.
type request struct {
	method, path string
	body         any
	header       http.Header
}

// ask sends a request, with the session unless it has credentials of its own.
func (w *witness) ask(r request) (int, http.Header, []byte) {
	w.t.Helper()
	text, isText := r.body.(string)
	if !isText && r.body != nil {
		encoded, err := json.Marshal(r.body)
		if err != nil {
			w.t.Fatal(err)
		}
		text = string(encoded)
	}
	request, err := http.NewRequestWithContext(w.t.Context(), r.method, "http://"+w.address+r.path, strings.NewReader(text))
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header = http.Header{"Content-Type": {"application/json"}, "Authorization": {"Bearer " + w.session}}
	for name, values := range r.header {
		request.Header[name] = values
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if response.StatusCode >= 500 {
		w.t.Errorf("%s %s: %d %s", r.method, r.path, response.StatusCode, answer)
	}
	return response.StatusCode, response.Header, answer
}

// do is a request to the API that must be granted.
func (w *witness) do(method, path string, body, content any) {
	w.t.Helper()
	status, _, answer := w.ask(request{method: method, path: "/api/v1" + path, body: body})
	if status >= 300 {
		w.t.Fatalf("%s %s: %d %s", method, path, status, answer)
	}
	if content != nil {
		if err := json.Unmarshal(answer, &struct{ Content any }{content}); err != nil {
			w.t.Fatalf("%s %s: %v: %s", method, path, err, answer)
		}
	}
}

type fields = map[string]any

// logIn begins a session.
func (w *witness) logIn(password string) {
	w.t.Helper()
	var session struct{ AccessToken string }
	w.do("POST", "/auth/login", fields{"email": "eve@example.com", "password": password}, &session)
	w.session = session.AccessToken
	w.learnt(fmt.Sprintf("signature of session %d", len(w.secrets)), w.session[strings.LastIndexByte(w.session, '.')+1:])
}

// link waits for a mail and returns the token of its link.
func (w *witness) link(kind paas.MailKind) string {
	w.t.Helper()
	token := ""
	w.until("a mail to "+string(kind), func() bool {
		mails, err := w.local.Mails(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		for _, mail := range mails {
			if mail.Kind != kind {
				continue
			}
			whole, err := w.local.Mail(w.t.Context(), mail.ID)
			if err != nil {
				w.t.Fatal(err)
			}
			token = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`).FindString(whole.Text)
			return token != "" && !slices.Contains(slices.Collect(maps.Values(w.secrets)), token)
		}
		return false
	})
	return w.learnt(fmt.Sprintf("token of the mail to %s, %d", kind, len(w.secrets)), token)
}

// use does with secrets what they are for, and returns a project's id.
func (w *witness) use() string {
	w.t.Helper()
	first, second, third := w.secret("first password"), w.secret("second password"), w.secret("third password")
	w.paastech(first+"\n", "admin", "users", "create", "--username", "eve", "--email", "eve@example.com", "--admin", "--password-stdin")
	w.logIn(first)
	w.do("POST", "/auth/register", fields{"username": "grace", "email": "grace@example.com", "password": w.secret("password of a new account")}, nil)
	w.do("POST", "/auth/confirm/"+w.link(paas.MailConfirm), nil, nil)
	w.do("POST", "/users/my/password", fields{"currentPassword": first, "password": second}, nil)
	w.do("POST", "/auth/password/request", fields{"email": "eve@example.com"}, nil)
	w.do("POST", "/auth/password/reset/"+w.link(paas.MailReset), fields{"password": third, "passwordVerification": third}, nil)
	w.logIn(third)
	w.do("POST", "/auth/password/request", fields{"email": "eve@example.com"}, nil)
	w.learnt("open reset", w.link(paas.MailReset)) // stays in force
	w.do("PATCH", "/users/my", fields{"email": "eve@example.org", "password": third}, nil)
	w.link(paas.MailAddress)
	var made struct{ ID, Token, Code string }
	w.do("POST", "/tokens", fields{"name": "ci", "scope": "read"}, &made)
	w.learnt("API token", made.Token)
	w.do("POST", "/admin/invites", fields{}, &made)
	w.learnt("invitation", made.Code)
	w.do("POST", "/projects", fields{"name": "hello"}, &made)
	w.do("PATCH", "/projects/"+made.ID+"/env", fields{"env": fields{"SECRET": w.secret("value of a variable")}}, nil)
	w.do("PUT", "/projects/"+made.ID+"/env?build=true", fields{"env": fields{"SECRET": w.secret("value of a variable of builds")}}, nil)
	return made.ID
}

// live does with secrets what they are for, and then what they are not for.
func (w *witness) live() {
	w.t.Helper()
	project := w.use()
	for _, secret := range w.secrets {
		w.misuse(project, secret)
	}
	if len(w.refusals) < 25*len(w.secrets) {
		w.t.Errorf("only %d requests were refused", len(w.refusals))
	}
	var records []paas.AuditEntry
	w.do("GET", "/admin/audit?limit=200", nil, &records)
	if len(records) < 100 {
		w.t.Errorf("only %d records in the audit", len(records))
	}
	for _, record := range records {
		w.search("a record of the audit", fmt.Appendf(nil, "%+v", record))
	}
}
