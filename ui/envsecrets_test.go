package ui_test

import (
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

// note is text that goroutines write. The zero value is empty.
type note struct {
	mu   sync.Mutex
	text strings.Builder // guarded by mu
}

func (n *note) Write(text []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.Write(text)
}

func (n *note) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.String()
}

// TestValuesStayInTheirForms: none reaches a log, the audit, an address or a cache.
func TestValuesStayInTheirForms(t *testing.T) {
	var log note
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	v := newVisitor(t, func(o *web.Options) { o.Logger = logger })
	v.login()
	project := v.project("hello")
	path := "/dashboard/" + string(project.ID) + "/env"
	_, _, page := v.visit(path)
	for _, form := range []url.Values{
		{"new-name": {"canary-name"}, "new-value": {"canary-value"}}, {"paste": {"canary-line"}}, {"step": {"save"}, "change": {"canary-change"}},
		{"new-name": {"A"}, "new-value": {"canary-value"}},
	} {
		var at string
		at, _, page = v.send(path, form)
		if strings.Contains(at, "canary") {
			t.Errorf("an address: %s", at)
		}
	}
	review := inputs(page)
	review.Set("step", "save")
	if at, _, _ := v.send(path, review); strings.Contains(at, "canary") || v.stored(project, false) != "A=canary-value" {
		t.Errorf("%s, stored %s", at, v.stored(project, false))
	}
	entries, err := v.platform.Audit(t.Context(), paas.AuditQuery{Limit: 100})
	v.must(err)
	if len(entries) < 5 || strings.Contains(fmt.Sprint(entries), "canary") {
		t.Errorf("the audit: %v", entries)
	}
	response, err := v.Get(v.base + path + "?show=1")
	v.must(err)
	if _, _, page = v.read(response, nil); response.Header.Get("Cache-Control") != "no-store" || !strings.Contains(page, "canary-value") || strings.Count(page, `autocomplete="off"`) == 0 {
		t.Errorf("the page with the values: %v", response.Header)
	}
	if text := log.String(); strings.Contains(text, "canary") || !strings.Contains(text, "/dashboard/:id/env") {
		t.Errorf("the log: %s", text)
	}
}
