package cli

import (
	"slices"
	"testing"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

func TestSettingsByName(t *testing.T) {
	settings, err := readSettings(wire.Settings{Branch: "main", App: paas.App{Health: paas.Health{Path: "/old"}, Release: "true"}})
	if err != nil {
		t.Fatal(err)
	}
	cmd := &cobra.Command{}
	for _, one := range [][2]string{
		{"health.path", "8"}, {"health.tcp", "true"}, {"health.grace", "3s"}, {"limits.memory", "256MiB"}, {"limits.cpu", "0.5"}, {"processes.web.count", "2"},
		{"processes.worker.command", "false"}, {"cron", `[{"schedule":"@daily","command":"tidy"}]`}, {"branch", "live"},
	} {
		if err := settings.set(cmd, one[0], one[1]); err != nil {
			t.Errorf("%v: %v", one, err)
		}
	}
	change, err := settings.change()
	if err != nil {
		t.Fatal(err)
	}
	app := change.App
	if *change.Branch != "live" || app.Health.Path != "8" || !app.Health.TCP || app.Limits.Memory != 256<<20 || app.Limits.CPU != 0.5 || *app.Processes["web"].Count != 2 ||
		app.Processes["worker"].Command != "false" || len(app.Cron) != 1 || app.Release != "true" {
		t.Errorf("%+v", app)
	}
	for _, one := range [][2]string{{"health.way", "x"}, {"nothing", "x"}, {"", "x"}, {"limits.memory", "much"}, {"processes.web.count", "two"}, {"health", "/"}, {"limits.memory.more", "1"}} {
		fresh, _ := readSettings(wire.Settings{})
		if err := fresh.set(cmd, one[0], one[1]); err == nil {
			t.Errorf("%v was taken", one)
		}
	}
	for _, name := range []string{"health.path", "health.tcp", "health.grace", "cron", "processes"} {
		if err := settings.unset(name); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{"health.path", "branch", "nothing.at.all"} {
		if err := settings.unset(name); err == nil {
			t.Errorf("%s was unset", name)
		}
	}
	if lines := settings.lines(""); !slices.Equal(lines, []string{"branch", "live", "limits.cpu", "0.5", "limits.memory", "256MiB", "release", "true"}) {
		t.Errorf("%q", lines)
	}
}
