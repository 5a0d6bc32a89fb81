package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// misuse puts a secret where it does not belong, as people do by mistake.
func (w *witness) misuse(project, secret string) {
	w.t.Helper()
	for _, r := range misplaced(project, secret) {
		status, header, answer := w.ask(r)
		if status < 400 {
			w.t.Errorf("%s %s with a secret in it: %d %s", r.method, r.path, status, answer)
		}
		// Which of the names that somebody sent is a bad one, they must be told.
		body, _ := r.body.(fields)
		if variables, _ := body["env"].(fields); variables[secret] == nil {
			w.refusals[fmt.Sprintf("%s %s, %d", r.method, r.path, len(w.refusals))] = fmt.Sprint(header, string(answer))
		}
	}
}

func misplaced(project, secret string) []request {
	in, own := url.PathEscape(secret), "/api/v1/projects/"+project
	anonymous := http.Header{"Authorization": nil}
	names := []request{
		{"PATCH", own + "/env", fields{"env": fields{secret: "b"}}, nil},
		{"PATCH", own, fields{"name": secret}, nil},
		{"POST", "/api/v1/projects", fields{"name": secret}, nil},
	}
	if regexp.MustCompile(`^\w[\w-]*$`).MatchString(secret) {
		names = nil // it would be a good one, and kept as what it was given as
	}
	return append(names, []request{
		{"POST", "/api/v1/auth/login", fields{"email": secret, "password": "a wrong one"}, anonymous},
		{"POST", "/api/v1/auth/login", fields{"email": secret + "@example.com", "password": secret + "x"}, anonymous},
		{"POST", "/api/v1/auth/register", fields{"username": secret, "email": secret, "password": secret}, anonymous},
		{"POST", "/api/v1/auth/register", secret, anonymous},
		{"POST", "/api/v1/auth/confirm/" + in + "x", nil, anonymous},
		{"POST", "/api/v1/auth/password/reset/" + in + "x", fields{"password": secret, "passwordVerification": secret}, anonymous},
		{"POST", "/api/v1/auth/password/reset/" + in, fields{"password": secret, "passwordVerification": "another"}, anonymous},
		{"POST", "/api/v1/users", fields{"username": secret, "email": secret, "password": secret}, nil},
		{"PATCH", "/api/v1/users/my", fields{"email": "a@example.net", "password": secret + "x"}, nil},
		{"POST", "/api/v1/users/my/password", fields{"currentPassword": secret + "x", "password": secret}, nil},
		{"GET", "/api/v1/users/" + in, nil, nil},
		{"DELETE", "/api/v1/users/" + in, nil, nil},
		{"PUT", "/api/v1/users/" + in + "/admin", nil, nil},
		{"GET", "/api/v1/projects/" + in, nil, nil},
		{"DELETE", "/api/v1/projects/" + in, nil, nil},
		{"PATCH", "/api/v1/projects/" + in + "/env", fields{"env": fields{"A": secret}}, nil},
		{"PATCH", own + "/env", fields{"env": secret}, nil},
		{"GET", own + "/deployments/" + in, nil, nil},
		{"GET", own + "/logs?tail=" + url.QueryEscape(secret), nil, nil},
		{"POST", "/api/v1/projects/status", fields{"container_names": []string{secret}}, nil},
		{"POST", "/api/v1/sshkeys/my", fields{"value": secret, "name": secret}, nil},
		{"DELETE", "/api/v1/sshkeys/my/" + in, nil, nil},
		{"POST", "/api/v1/tokens", fields{"name": secret, "scope": secret}, nil},
		{"DELETE", "/api/v1/tokens/" + in, nil, nil},
		{"POST", "/api/v1/admin/invites", fields{"email": secret}, nil},
		{"DELETE", "/api/v1/admin/invites/" + in, nil, nil},
		{"GET", "/api/v1/nothing/" + in + "?" + in + "=" + url.QueryEscape(secret), nil, nil},
		{"GET", "/nothing/" + in, nil, nil},
		{"GET", "/api/v1/users/my", nil, http.Header{"Authorization": {"Bearer x" + secret}}},
		{"GET", "/api/v1/users/my", nil, http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte("eve:"+secret))}}},
		{"GET", "/api/v1/users/my", nil, http.Header{"Authorization": nil, "Cookie": {"access=x" + in}}},
		{"DELETE", "/api/v1/users/my", fields{"password": secret + "x"}, http.Header{"Origin": {"http://" + in}, "X-Forwarded-For": {in}, "User-Agent": {in}}},
	}...)
}

// forms are the ways a text can be written in a file.
func forms(secret string) []string {
	quoted := func(text string) string { return text[1 : len(text)-1] }
	encoded, _ := json.Marshal(secret)
	all := []string{
		secret, quoted(fmt.Sprintf("%q", secret)), quoted(fmt.Sprintf("%+q", secret)), quoted(string(encoded)), url.QueryEscape(secret), url.PathEscape(secret),
		hex.EncodeToString([]byte(secret)), strings.ToUpper(hex.EncodeToString([]byte(secret))), strings.ToLower(secret),
	}
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 { // the same text has three forms, by where it begins
			text := encoding.EncodeToString(append(make([]byte, before), secret...))
			all = append(all, text[(before*8+5)/6:len(text)-1])
		}
	}
	return all
}

func (w *witness) search(where string, text []byte) {
	w.t.Helper()
	for what, secret := range w.secrets {
		for _, form := range forms(secret) {
			if at := bytes.Index(text, []byte(form)); at >= 0 {
				w.t.Errorf("%s has the %s: …%q", where, what, text[max(0, at-80):min(len(text), at+len(form)+20)])
				break
			}
		}
	}
}

func (w *witness) searchFile(path string) {
	w.t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		w.t.Fatal(err)
	}
	w.search(path, text)
}

// searchAll looks for the secrets in everything that the daemon has left and said.
func (w *witness) searchAll() {
	w.t.Helper()
	files := 0
	err := filepath.WalkDir(w.data, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			files++
			w.searchFile(path)
		}
		return err
	})
	if err != nil || files < 5 {
		w.t.Errorf("%d files in the data directory, %v", files, err)
	}
	for request, answer := range w.refusals {
		w.search("the answer to "+request, []byte(answer))
	}
	if lines := bytes.Count(w.log.Bytes(), []byte("\n")); lines < len(w.refusals) {
		w.t.Errorf("the log has only %d lines", lines)
	}
	w.search("the log", w.log.Bytes())
}

// searchDump looks into what pg_dump writes.
func (w *witness) searchDump(address string) {
	w.t.Helper()
	database, err := url.Parse(address)
	if err != nil {
		w.t.Fatal(err)
	}
	query := database.Query()
	dump, err := exec.Command("pg_dump", "-h", query.Get("host"), "-U", query.Get("user"), "postgres").Output()
	if err != nil || !bytes.Contains(dump, []byte("grace@example.com")) {
		w.t.Fatalf("pg_dump: %v, %d bytes", err, len(dump))
	}
	w.search("the database", dump)
}
