package main

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// cmdBegin makes a project in the dashboard as an account, and writes the commands that its page shows
// for one way to begin into begin.sh: `begin ACCOUNT NAME WAY`.
func cmdBegin(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: begin ACCOUNT NAME WAY")
	}
	account, name, way := args[0], args[1], args[2]
	jar, err := cookiejar.New(nil)
	ts.Check(err)
	browser, page := &http.Client{Jar: jar}, ""
	for _, form := range []struct {
		path   string
		values url.Values
	}{
		{"/login", url.Values{"email": {account + "@example.com"}, "password": {"password of " + account}}},
		{"/dashboard/new", url.Values{"name": {name}}},
	} {
		response, err := browser.PostForm(ts.Getenv("PAASTECH_SERVER")+form.path, form.values)
		ts.Check(err)
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		ts.Check(err)
		if page = string(text); response.StatusCode != http.StatusOK {
			ts.Fatalf("%s: %s\n%s", form.path, response.Status, page)
		}
	}
	shown := regexp.MustCompile(`(?s)data-commands="` + regexp.QuoteMeta(way) + `">(.*?)</code>`).FindStringSubmatch(page)
	if shown == nil {
		ts.Fatalf("the page shows no commands for %s:\n%s", way, page)
	}
	commands := strings.TrimSpace(html.UnescapeString(shown[1]))
	ts.Logf("%s", commands)
	ts.Check(os.WriteFile(ts.Getenv("WORK")+"/begin.sh", []byte(commands+"\n"), 0o600))
}
