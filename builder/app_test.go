package builder

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"github.com/paastech-cloud/paastech/paas"
)

const fullApp = `processes:
  web: {command: "node server.js", count: 2, memory: 256MiB, cpu: 0.5, pids: 100}
  worker: {count: 1}          # command from the Procfile
health: {path: /healthz, interval: 10s, timeout: 5s, grace: 10s, deadline: 60s, failures: 3}
limits: {memory: 512MiB, cpu: 1, pids: 256}
release: "node migrate.js"
cron:
  - {schedule: "0 3 * * *", command: "node cleanup.js"}
volumes:
  - {name: data, path: /data, size: 1GiB}
files: {readOnly: true, writable: [/tmp/cache], size: 64MiB}
stop: {drain: 30s, grace: 10s}
sleep: {after: 30m, unless: [worker]}
http:
  plain: true
  protocol: h2c
  compress: true
  redirects:
    - {from: "^https://www[.](.*)", to: "https://$1", permanent: true}
  headers: {request: {X-A: b}, response: {Server: "", X-C: "d e"}}
  users: ["ada:$2y$05$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC"]
  allow: [203.0.113.0/24, 2001:db8::1]
  rate: {average: 100, period: 1m, burst: 20}
`

func seconds(n int) paas.Duration { return paas.Duration(time.Duration(n) * time.Second) }

func TestAppReadsEverything(t *testing.T) {
	two, one := 2, 1
	want := paas.App{
		Processes: map[string]paas.ProcessSpec{
			"web":    {Command: "node server.js", Count: &two, Limits: paas.Limits{Memory: 256 << 20, CPU: 0.5, PIDs: 100}},
			"worker": {Count: &one},
		},
		Health:  paas.Health{Path: "/healthz", Interval: seconds(10), Timeout: seconds(5), Grace: seconds(10), Deadline: seconds(60), Failures: 3},
		Limits:  paas.Limits{Memory: 512 << 20, CPU: 1, PIDs: 256},
		Release: "node migrate.js",
		Cron:    []paas.CronLine{{Schedule: "0 3 * * *", Command: "node cleanup.js"}},
		Volumes: []paas.Volume{{Name: "data", Path: "/data", Size: 1 << 30}},
		Files:   paas.Files{ReadOnly: true, Writable: []string{"/tmp/cache"}, Size: 64 << 20},
		Stop:    paas.StopSpec{Drain: seconds(30), Grace: seconds(10)},
		Sleep:   paas.Sleep{After: seconds(1800), Unless: []string{"worker"}},
		HTTP: paas.HTTP{
			Plain: true, Protocol: paas.H2C, Compress: true, Redirects: []paas.PatternRedirect{{From: "^https://www[.](.*)", To: "https://$1", Permanent: true}},
			Headers: paas.HeaderChanges{Request: map[string]string{"X-A": "b"}, Response: map[string]string{"Server": "", "X-C": "d e"}},
			Users:   []paas.Secret{"ada:$2y$05$c4WoMPo3SXsafkva.HHa6uXQZWr7oboPiC2bT/r7q1BB8I2s0BRqC"}, Allow: []string{"203.0.113.0/24", "2001:db8::1"},
			Rate: paas.Rate{Average: 100, Period: seconds(60), Burst: 20},
		},
	}
	plan, err := planOf(t, map[string]string{appFile: fullApp})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(plan.App, want) {
		t.Errorf("read %+v\nnot  %+v", plan.App, want)
	}
	if said := strings.Join(plan.Notes, "\n"); said != "Application configuration read from paastech/app.yaml." {
		t.Errorf("said %q", said)
	}
}

func TestAppMaySayNothing(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "processes:\nhealth:\ncron:\nvolumes: []\nrelease:\nfiles: {writable: }\n", "limits: {memory: , cpu: , pids: }\nhealth: {tcp: }\nsleep: {after: }\n"} {
		app, err := parseApp([]byte(text))
		if err != nil || app.Validate() != nil || len(app.Processes)+len(app.Cron)+len(app.Volumes) != 0 {
			t.Errorf("%q: %+v, %v", text, app, err)
		}
	}
	app, err := parseApp([]byte("processes: {web: , worker: {count: 0}}\nhealth: {tcp: true}"))
	if err != nil || !app.Health.TCP || app.Processes["web"].Count != nil || *app.Processes["worker"].Count != 0 {
		t.Errorf("%+v, %v", app, err)
	}
}

// Every complaint names file and line, those of the hub's rules too.
func TestAppSaysWhereItIsWrong(t *testing.T) {
	tests := map[string]struct{ text, says string }{
		"not yaml":              {"release: a\na: b: c", "app.yaml:2: it is not YAML"},
		"a list":                {"- 1", "app.yaml:1: it is not a list of `key: value`"},
		"an unknown key":        {"health: {}\nporcesses: {}", `app.yaml:2: the key "porcesses" is not known; known are cron, files, health, http, limits, processes, release, sleep, stop, volumes`},
		"an unknown inner key":  {"processes:\n  web:\n    memroy: 1GiB", `app.yaml:3: the key "processes.web.memroy" is not known; known are processes.web.command, processes.web.count`},
		"a doubled key":         {"health: {path: /a,\n  path: /b}", "app.yaml:2: the key health.path is there twice"},
		"a doubled process":     {"processes:\n  web: {}\n  web: {}", "app.yaml:3: the key processes.web is there twice"},
		"a count":               {"processes:\n  web:\n    count: 51", "app.yaml:3: processes.web.count: web: from 0 to 50 containers"},
		"a count in words":      {"processes:\n  web:\n    count: two", `app.yaml:3: "two" is not a whole number`},
		"a process's name":      {"processes:\n  web: {}\n  '-x': {}", `app.yaml:3: processes.-x: "-x" is not the name`},
		"a process's memory":    {"processes:\n  web:\n    command: a\n    memory: 512", "app.yaml:4: processes.web.memory: A container's memory is at least 6MiB"},
		"an amount":             {"limits:\n  memory: much", `app.yaml:2: "much" is not an amount of bytes`},
		"a time span":           {"stop:\n  grace: 10", `app.yaml:2: "10" is not a time span`},
		"cores":                 {"limits:\n  cpu: .nan", "app.yaml:2: \".nan\" is not a number of cores"},
		"a flag":                {"files:\n  readOnly: 'yes'", `app.yaml:2: "yes" is neither true nor false`},
		"path and tcp":          {"health:\n  path: /\n  tcp: true", "app.yaml:3: health.tcp: A health check has a path, or is tcp"},
		"two commands lines":    {"release: |\n  a\n  b", "app.yaml:1: release: A command is one line"},
		"the second cron line":  {"cron:\n  - {schedule: '@daily', command: a}\n  - schedule: 61 * * * *\n    command: b", `app.yaml:3: cron.schedule: "61" is not a minute`},
		"a cron line's command": {"cron:\n  - {schedule: '@daily', command: a}\n  - schedule: '@daily'", "app.yaml:3: cron: A cron line needs a command"},
		"cron as a text":        {"cron: '@daily'", "app.yaml:1: cron is not a list"},
		"the second volume":     {"volumes:\n  - {name: a, path: /a}\n  - name: b\n    path: /etc", `app.yaml:4: volumes.path: "/etc" cannot be written to`},
		"a volume twice":        {"volumes:\n  - {name: a, path: /a}\n  - {name: a, path: /b}", "app.yaml:3: volumes: The volume a or its path is there twice"},
		"a writable directory":  {"files:\n  writable:\n    - /tmp/a\n    - relative", `app.yaml:4: files.writable: "relative" cannot be written to`},
		"sleep":                 {"sleep:\n  after: 1s", "app.yaml:2: sleep.after: An application can sleep"},
		"a protocol":            {"http:\n  protocol: spdy", "app.yaml:2: http.protocol: An application speaks http1 or h2c"},
		"a second redirect":     {"http:\n  redirects:\n    - {from: a, to: b}\n    - from: '('\n      to: b", `app.yaml:4: http.redirects.from: "(" is no regular expression`},
		"a redirect nowhere":    {"http: {redirects: [{from: a}]}", "http.redirects.to: A redirect's to is an address"},
		"a header of ours":      {"http:\n  headers:\n    request:\n      X-Forwarded-For: 1.2.3.4", "app.yaml:4: http.headers.request: X-Forwarded-For is the platform's to say"},
		"a header's name":       {"http: {headers: {response: {'a b': c}}}", `"a b" is not the name of a header`},
		"a header of two lines": {"http: {headers: {response: {a: \"b\\r\\nc: d\"}}}", "a header's value is one line"},
		"a user in clear":       {"http:\n  users:\n    - ada:password", "app.yaml:3: http.users: A user is name:hash with a hash of bcrypt"},
		"a network":             {"http:\n  allow:\n    - 10.0.0.0/8\n    - home", `app.yaml:4: http.allow: "home" is neither an address nor a network`},
		"a rate":                {"http:\n  rate:\n    average: -1", "app.yaml:3: http.rate: average and burst are numbers of requests"},
		"an alias":              {"release: &a x\nprocesses: {web: {command: *a}}", "app.yaml:2: aliases"},
		"two documents":         {"release: a\n---\nrelease: b", "more than one YAML document"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := parseApp([]byte(test.text))
			if !paas.IsKind(err, paas.Invalid) || !paas.IsCode(err, paas.EAppConfig) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, not …%s…", err, test.says)
			}
		})
	}
}

func TestAppIsASmallFileOfTheTree(t *testing.T) {
	huge := strings.Repeat("# a comment\n", maxConfiguration/12+1)
	if _, err := planOf(t, map[string]string{appFile: huge}); !paas.IsCode(err, paas.EAppConfig) || !strings.Contains(err.Error(), "longer than 64 KiB") {
		t.Errorf("a huge one: %v", err)
	}
	dir := write(t, map[string]string{"elsewhere": "release: a", "paastech/x": ""})
	if err := os.Symlink("../elsewhere", filepath.Join(dir, appFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := shared.builder.Plan(t.Context(), dir); !paas.IsCode(err, paas.EAppConfig) || !strings.Contains(err.Error(), "it is a link") {
		t.Errorf("a link: %v", err)
	}
	plan, err := planOf(t, map[string]string{"paastech/app.yml": "nonsense: ["})
	if err != nil || len(plan.Notes) != 1 || !strings.Contains(plan.Notes[0], "paastech/app.yml is not read") {
		t.Errorf("another name: %v, %v", plan.Notes, err)
	}
}

func TestAProcessWithoutACommandMustBeInTheImage(t *testing.T) {
	files := helloNode()
	files[appFile] = "processes: {web: {count: 1}, worker: {count: 1}, clock: {}, other: {command: node other.js}}"
	_, said, err := build(t, shared.builder, newProject(), 1, write(t, files), nil)
	if !paas.IsKind(err, paas.Rejected) || !paas.IsCode(err, paas.EAppConfig) || !strings.Contains(err.Error(), "names clock, worker without a command, and the built image has no such process; it has web.") {
		t.Errorf("got %v\n%s", err, said)
	}
	files["Procfile"] = "worker: node worker.js\nclock: node clock.js\n"
	if _, said, err := build(t, shared.builder, newProject(), 1, write(t, files), nil); err != nil {
		t.Errorf("got %v\n%s", err, said)
	}
}

func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(AppSchema()))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft2020)
	if err := compiler.AddResource("app.schema.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("app.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// What the schema refuses, the parser refuses too; what the parser accepts, the schema accepts.
func TestSchemaAgreesWithTheParser(t *testing.T) {
	schema := compiledSchema(t)
	for text, valid := range map[string]bool{
		fullApp: true, "": true, "health: {tcp: true}": true, "health: {tcp: false, path: /x}": true, "stop: {drain: 1m30s, grace: 0}": true,
		"processes: {web: , a.b: {memory: 300000000}}": true, "limits: {memory: 1.5 GB, cpu: 2}": true, "cron: []\nvolumes: [{name: a, path: /workspace/b}]": true,
		"proceses: {}": false, "health: {path: /a, tcp: true}": false, "health: {path: a}": false, "processes: {web: {count: 51}}": false, "processes: {'-': {}}": false,
		"limits: {memory: much}": false, "limits: {pids: 1000}": false, "sleep: {after: soon}": false, "cron: [{schedule: '@daily'}]": false, "cron: {}": false,
		"volumes: [{name: A, path: /a}]": false, "volumes: [{name: a, path: a}]": false, "files: {writable: /a}": false, "files: {readOnly: maybe}": false, "http: {protocol: }\n": true, "http: {redirects: , headers: {request: {}, response: }, users: [], allow: , rate: {}}": true,
		"http: {protocol: h3}": false, "http: {redirects: [{from: a}]}": false, "http: {rate: {average: many}}": false, "http: {headers: {request: [a]}}": false, "http: {users: [ada]}": false, "stop: {grace: 10}": false,
	} {
		var document any
		if err := yaml.Unmarshal([]byte(text), &document); err != nil {
			t.Fatal(err)
		}
		refused := schema.Validate(document)
		if _, err := parseApp([]byte(text)); (err == nil) != valid || (refused == nil) != valid {
			t.Errorf("%q: the parser says %v, the schema says %v", text, err, refused)
		}
	}
}

// The keys that the parser knows are those of the schema: it is asked by a key that it does not.
func TestSchemaHasTheKeysOfTheParser(t *testing.T) {
	var schema map[string]any
	if err := json.Unmarshal(AppSchema(), &schema); err != nil {
		t.Fatal(err)
	}
	objects := 0
	var compare func(node map[string]any, before, after, name string)
	compare = func(node map[string]any, before, after, name string) {
		if items, ok := node["items"].(map[string]any); ok {
			compare(items, before+"[", "]"+after, name)
			return
		}
		if each, ok := node["additionalProperties"].(map[string]any); ok {
			compare(each, before+"{p: ", "}"+after, name+"p.")
			return
		}
		properties, ok := node["properties"].(map[string]any)
		if !ok {
			return
		}
		objects++
		_, err := parseApp([]byte(before + "{no-such-key: 1}" + after))
		if err == nil {
			t.Fatalf("%s{no-such-key: 1}%s is accepted", before, after)
		}
		_, list, _ := strings.Cut(strings.TrimSuffix(err.Error(), "."), "known are ")
		var wanted []string
		for key, inner := range properties {
			wanted = append(wanted, name+key)
			compare(inner.(map[string]any), before+"{"+key+": ", "}"+after, name+key+".")
		}
		slices.Sort(wanted)
		if list != strings.Join(wanted, ", ") {
			t.Errorf("%s: the parser knows %s; the schema has %s", name, list, strings.Join(wanted, ", "))
		}
	}
	compare(schema, "", "", "")
	if objects != 13 {
		t.Errorf("%d mappings were compared", objects)
	}
}

// FuzzParseApp reads anything as an application's configuration: it is accepted and good, or refused as
// the input's fault with the file named.
func FuzzParseApp(f *testing.F) {
	for _, seed := range []string{
		fullApp, "processes: {web: {count: -1}}", "processes: {\"\\x00\": {}}", "cron: [[]]", "volumes: [{}]", "files: {writable: [..]}", "&a [*a]", "health: {interval: 1ns}",
		"limits: {memory: 99999999999TiB, cpu: 1e309, pids: 9223372036854775808}", "? {a: b}\n: c", "processes: {? [a] : {}}", "processes: {<<: {web: {}}}", "\x00", "%YAML 9",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		app, err := parseApp(text)
		switch {
		case err == nil && app.Validate() != nil:
			t.Errorf("%q is accepted, but %v", text, app.Validate())
		case err != nil && (!paas.IsKind(err, paas.Invalid) || !paas.IsCode(err, paas.EAppConfig) || !strings.HasPrefix(paas.Public(err).Message, appFile)):
			t.Errorf("%q: %v", text, err)
		}
	})
}
