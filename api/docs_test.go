package api_test

import (
	"context"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestDocsNeedNoOtherHost reads the page of the document as a browser would: everything that it names
// is ours, and the policy it comes with lets nothing else in.
func TestDocsNeedNoOtherHost(t *testing.T) {
	w := newWorld(t)
	base := "http://" + w.server.Addr().String()
	page, header := get(t, base+"/api/docs")
	policy := header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") {
		t.Errorf("the policy: %s", policy)
	}
	named := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(page, -1)
	if len(named) != 4 {
		t.Errorf("the page names %q", named)
	}
	for _, name := range named {
		if !strings.HasPrefix(name[1], "/api/") {
			t.Errorf("the page asks %s", name[1])
			continue
		}
		if text, _ := get(t, base+name[1]); len(text) < 100 {
			t.Errorf("%s: %q", name[1], text)
		}
	}
}

func get(t *testing.T, address string) (string, http.Header) {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", address, response.Status, err)
	}
	return string(text), response.Header
}

// TestDocsInABrowser opens the page in Chromium, which cannot reach any other host, and finds the
// operations in it and no violation of the policy.
func TestDocsInABrowser(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	browser := exec.CommandContext(ctx, "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+t.TempDir(), "--enable-logging=stderr",
		"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--virtual-time-budget=60000", "--dump-dom", "http://"+w.server.Addr().String()+"/api/docs")
	var said strings.Builder
	browser.Stderr = &said
	dom, err := browser.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, said.String())
	}
	for _, want := range []string{"operations-accounts-login", "operations-projects-createProject", "/admin/overview"} {
		if !strings.Contains(string(dom), want) {
			t.Errorf("the page does not show %s", want)
		}
	}
	for line := range strings.Lines(said.String()) {
		if strings.Contains(line, "CONSOLE") {
			t.Errorf("the browser complains: %s", line)
		}
	}
}
