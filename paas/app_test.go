package paas

import (
	"encoding/json"
	"maps"
	"reflect"
	"testing"
	"time"
)

func TestSchedules(t *testing.T) {
	then := time.Date(2024, 2, 28, 23, 58, 30, 0, time.UTC) // a Wednesday of a leap year
	for _, test := range []struct{ schedule, next string }{
		{"* * * * *", "2024-02-28T23:59:00Z"},
		{"0 * * * *", "2024-02-29T00:00:00Z"},
		{"@daily", "2024-02-29T00:00:00Z"},
		{"*/20 * * * *", "2024-02-29T00:00:00Z"},
		{"5-59/20 4 * * *", "2024-02-29T04:05:00Z"},
		{"30 3 29 2 *", "2024-02-29T03:30:00Z"},
		{"0 12 * * mon", "2024-03-04T12:00:00Z"},
		{"0 12 * * 7", "2024-03-03T12:00:00Z"},
		{"0 12 * * 0", "2024-03-03T12:00:00Z"},
		{"0 0 13 * fri", "2024-03-01T00:00:00Z"}, // either day is enough
		{"0 0 1 jan,jul *", "2024-07-01T00:00:00Z"},
		{"15,45 9-17 * * 1-5", "2024-02-29T09:15:00Z"},
	} {
		schedule, err := ParseSchedule(test.schedule)
		if err != nil {
			t.Errorf("%s: %v", test.schedule, err)
			continue
		}
		if next := schedule.Next(then).Format(time.RFC3339); next != test.next {
			t.Errorf("%s: next is %s, want %s", test.schedule, next, test.next)
		}
	}
	for _, wrong := range []string{"", "* * * *", "60 * * * *", "* 24 * * *", "0 0 0 * *", "0 0 * 13 *", "0 0 * * 8", "0 0 31 feb *", "*/0 * * * *", "5-1 * * * *", "a * * * *", "+5 * * * *", "* * * * * *", "@reboot", ", * * * *"} {
		if _, err := ParseSchedule(wrong); !IsKind(err, Invalid) {
			t.Errorf("%q was taken: %v", wrong, err)
		}
	}
}

func TestQuantities(t *testing.T) {
	for text, want := range map[string]Bytes{"512MiB": 512 << 20, "1GiB": 1 << 30, "1.5G": 3 << 29, "64m": 64 << 20, "100": 100, "2 GB": 2 << 30, "7kb": 7 << 10} {
		var got Bytes
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q: %d %v, want %d", text, got, err, want)
		}
	}
	for _, wrong := range []string{"", "x", "-1MiB", "1XiB", "1MiX", "MiB", "NaN", "1e30GiB", "1 2 MiB"} {
		var got Bytes
		if err := got.UnmarshalText([]byte(wrong)); err == nil {
			t.Errorf("%q was taken as %d", wrong, got)
		}
	}
	for text, want := range map[string]string{"90s": "1m30s", "60s": "1m", "1h": "1h", "500ms": "500ms", "24h0m": "24h"} {
		var got Duration
		if err := got.UnmarshalText([]byte(text)); err != nil || got.String() != want {
			t.Errorf("%q: %s %v, want %s", text, got, err, want)
		}
	}
}

func TestAppRules(t *testing.T) {
	many := 51
	for field, app := range map[string]App{
		"processes.we b":            {Processes: map[string]ProcessSpec{"we b": {}}},
		"processes.web.count":       {Processes: map[string]ProcessSpec{"web": {Count: &many}}},
		"processes.web.command":     {Processes: map[string]ProcessSpec{"web": {Command: "a\nb"}}},
		"processes.web.limits.pids": {Processes: map[string]ProcessSpec{"web": {Limits: Limits{PIDs: 4000}}}},
		"limits.memory":             {Limits: Limits{Memory: 1024}},
		"limits.cpu":                {Limits: Limits{CPU: -1}},
		"health.path":               {Health: Health{Path: "up"}},
		"health.tcp":                {Health: Health{Path: "/up", TCP: true}},
		"health.interval":           {Health: Health{Interval: 1}},
		"cron.schedule":             {Cron: []CronLine{{Schedule: "never", Command: "x"}}},
		"cron":                      {Cron: []CronLine{{Schedule: "@daily"}}},
		"volumes.name":              {Volumes: []Volume{{Name: "../x", Path: "/data"}}},
		"volumes.path":              {Volumes: []Volume{{Name: "x", Path: "/etc/ssl"}}},
		"volumes":                   {Volumes: []Volume{{Name: "x", Path: "/a"}, {Name: "x", Path: "/b"}}},
		"volumes.size":              {Volumes: []Volume{{Name: "x", Path: "/a", Size: 1}}},
		"files.writable":            {Files: Files{Writable: []string{"/data/../etc"}}},
		"sleep.after":               {Sleep: Sleep{After: 1}},
	} {
		err := app.Validate()
		if !IsKind(err, Invalid) || Public(err).Details[0].Field != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	two := 2
	good := App{
		Processes: map[string]ProcessSpec{"web": {Command: "node server.js", Count: &two, Limits: Limits{Memory: 256 << 20, CPU: 0.5, PIDs: 100}}},
		Health:    Health{Path: "/up?full=1", Interval: Duration(time.Second)}, Release: "node migrate.js",
		Cron: []CronLine{{"0 3 * * *", "node clean.js"}}, Volumes: []Volume{{"data", "/workspace/data", 1 << 30}},
		Files: Files{ReadOnly: true, Writable: []string{"/var/cache"}, Size: 1 << 20}, Sleep: Sleep{After: Duration(time.Hour)},
	}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	text, err := json.Marshal(good)
	var back App
	if err != nil || json.Unmarshal(text, &back) != nil || !reflect.DeepEqual(good, back) {
		t.Errorf("%v: %s", err, text)
	}
	if empty, _ := json.Marshal(App{}); string(empty) != "{}" {
		t.Errorf("an app that says nothing is %s", empty)
	}
}

func TestOwnersSettingsLieOverTheSource(t *testing.T) {
	three := 3
	source := App{
		Processes: map[string]ProcessSpec{"web": {Command: "serve", Limits: Limits{Memory: 1 << 30}}},
		Health:    Health{Path: "/up"}, Limits: Limits{CPU: 1}, Release: "migrate",
	}
	got := source.With(App{Processes: map[string]ProcessSpec{"web": {Count: &three}, "worker": {Command: "work"}}, Limits: Limits{Memory: 2 << 30}})
	want := App{
		Processes: map[string]ProcessSpec{"web": {Command: "serve", Count: &three, Limits: Limits{Memory: 1 << 30}}, "worker": {Command: "work"}},
		Health:    Health{Path: "/up"}, Limits: Limits{CPU: 1, Memory: 2 << 30}, Release: "migrate",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if len(source.Processes) != 1 || source.Processes["web"].Count != nil {
		t.Error("the source's own declaration was changed")
	}
}

func TestFormations(t *testing.T) {
	two := 2
	image := Image{Processes: []Process{{Type: "worker"}, {Type: "web"}, {Type: "release"}}}
	for _, test := range []struct {
		app    App
		scaled Formation
		want   Formation
	}{
		{App{}, nil, Formation{"web": 1, "worker": 0}},
		{App{Processes: map[string]ProcessSpec{"worker": {Count: &two}, "clock": {Command: "tick"}}}, nil, Formation{"web": 1, "worker": 2, "clock": 0}},
		{App{Processes: map[string]ProcessSpec{"worker": {Count: &two}}}, Formation{"web": 3, "worker": 1, "gone": 5}, Formation{"web": 3, "worker": 1}},
	} {
		if got := formation(image, test.app, test.scaled); !maps.Equal(got, test.want) {
			t.Errorf("%+v scaled to %s: %s, want %s", test.app, test.scaled, got, test.want)
		}
	}
	if text := (Formation{"worker": 1, "a": 2, "web": 3}).String(); text != "web=3 a=2 worker=1" {
		t.Error(text)
	}
}
