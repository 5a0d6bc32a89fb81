package ui_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/paastech-cloud/paastech/ui/browsertest"
)

// TestPictures takes a picture of every page in light, in dark and on a phone, into the directory that
// PAASTECH_PICTURES names (make screenshots); else into one that is kept for nobody.
func TestPictures(t *testing.T) {
	dir := os.Getenv("PAASTECH_PICTURES")
	if dir == "" {
		dir = t.ArtifactDir()
	}
	h := newInhabited(t, plainWords)
	tab := browsertest.New(t).Tab()
	take := func(name, path string) {
		t.Helper()
		for _, look := range looks {
			tab.Look(look.wide, look.dark)
			tab.Visit(h.base + path)
			if over := browsertest.Ask[int](tab, `document.documentElement.scrollWidth - innerWidth`); over > 0 {
				t.Errorf("%s is %d pixels wider than a window of %d", path, over, look.wide)
			}
			h.must(os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%s.png", name, look.name)), tab.Picture(), 0o644))
		}
	}
	h.everyPage(tab, take)
	tab.Expect("404")
	take("not-found", "/nothing-here")
}

// looks are how pages are seen.
var looks = []struct {
	name string
	wide int64
	dark bool
}{{"light", 1280, false}, {"dark", 1280, true}, {"phone", 360, false}}

// everyPage does something with each page: with the public ones first, then as ada, who administers.
func (h *inhabited) everyPage(tab *browsertest.Tab, do func(name, path string)) {
	h.t.Helper()
	for _, page := range [][2]string{{"home", "/"}, {"login", "/login"}, {"register", "/register"}, {"recovery", "/password-recovery"}} {
		do(page[0], page[1])
	}
	tab.Look(1280, false)
	h.enter(tab)
	for _, page := range [][2]string{
		{"projects", "/dashboard"},
		{"overview", projectPath(h, "")},
		{"overview-maintenance", "/dashboard/" + string(h.failing.ID)},
		{"events", projectPath(h, "events")},
		{"deployments", projectPath(h, "deployments")},
		{"deployment", projectPath(h, "deployments/4")},
		{"deployment-live", projectPath(h, "deployments/7")},
		{"deployment-failed", projectPath(h, "deployments/5")},
		{"deployments-none", "/dashboard/" + string(h.empty.ID) + "/deployments"},
		{"logs", projectPath(h, "logs")},
		{"logs-filtered", projectPath(h, "logs") + "?process=worker&since=1h"},
		{"logs-of-nothing", "/dashboard/" + string(h.empty.ID) + "/logs"},
		{"metrics", projectPath(h, "metrics")},
		{"metrics-day", projectPath(h, "metrics") + "?range=24h"},
		{"metrics-none", "/dashboard/" + string(h.empty.ID) + "/metrics"},
		{"never-pushed", "/dashboard/" + string(h.empty.ID)},
		{"new-project", "/dashboard/new"},
		{"settings", projectPath(h, "settings")},
		{"domains", projectPath(h, "domains")},
		{"domains-none", "/dashboard/" + string(h.empty.ID) + "/domains"},
		{"delete-project", projectPath(h, "delete")},
		{"variables", projectPath(h, "env")},
		{"variables-shown", projectPath(h, "env?show=1")},
		{"no-variables", "/dashboard/" + string(h.empty.ID) + "/env?build=1"},
	} {
		do(page[0], page[1])
	}
	h.administered(h.accounts)
	for _, page := range [][2]string{
		{"profile", "/dashboard/profile"},
		{"profile-delete", "/dashboard/profile/delete"},
		{"admin", "/admin"},
		{"admin-users", "/admin/users"},
		{"admin-user", "/admin/users/grace"},
		{"admin-projects", "/admin/projects"},
		{"admin-keys", "/admin/keys"},
		{"admin-audit", "/admin/audit"},
		{"admin-settings", "/admin/settings"},
	} {
		do(page[0], page[1])
	}
}

func projectPath(h *inhabited, page string) string {
	return filepath.Join("/dashboard", string(h.running.ID), page)
}
