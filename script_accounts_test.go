package main

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var mailedLink = regexp.MustCompile(`http\S+`)

// cmdLink waits for a mail and puts the link in it into $LINK: `link KIND ADDRESS`. A link that was
// found before is not found again.
func cmdLink(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: link KIND ADDRESS")
	}
	earlier := ts.Getenv("LINK")
	await(ts, time.Minute, "a mail of kind "+args[0]+" to "+args[1], func() bool {
		ts.Check(ts.Exec("paastech", "admin", "mails", "--json"))
		var mails []struct{ ID, Kind, To string }
		ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &mails))
		for _, mail := range mails { // the newest first
			if mail.Kind != args[0] || mail.To != args[1] {
				continue
			}
			ts.Check(ts.Exec("paastech", "admin", "mails", mail.ID))
			link := mailedLink.FindString(ts.ReadFile("stdout"))
			ts.Setenv("LINK", link)
			return link != "" && link != earlier
		}
		return false
	})
}

// cmdAddress keeps where the application of the repository in the current directory is, in ADDRESS, and
// the name in it, in HOST.
func cmdAddress(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: address")
	}
	ts.Check(ts.Exec("paastech", "open", "--print"))
	address, err := url.Parse(strings.TrimSpace(ts.ReadFile("stdout")))
	ts.Check(err)
	ts.Setenv("ADDRESS", strings.TrimSuffix(address.String(), "/"))
	ts.Setenv("HOST", address.Hostname())
}

// cmdVariable puts the first line of a file into a variable.
func cmdVariable(name string) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg || len(args) != 1 {
			ts.Fatalf("it wants the name of a file")
		}
		line, _, _ := strings.Cut(ts.ReadFile(args[0]), "\n")
		ts.Setenv(name, strings.TrimSpace(line))
	}
}
