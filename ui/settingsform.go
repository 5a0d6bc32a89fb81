package ui

import (
	"cmp"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
)

// setting is one field of the form: where its value is kept, and what is said beside it. Its name is
// the API's.
type setting struct {
	templates.Setting
	at any // a pointer into an editable
}

// editable is what an owner may set, with all of it at an address.
type editable struct {
	paas.App
	processes map[string]*paas.ProcessSpec
}

func edit(app paas.App, processes []string) *editable {
	e := &editable{App: app, processes: map[string]*paas.ProcessSpec{}}
	for _, name := range processes {
		spec := app.Processes[name]
		e.processes[name] = &spec
	}
	return e
}

// app is what was edited; processes of which nothing is said any more are left out.
func (e *editable) app() paas.App {
	app := e.App
	app.Processes = maps.Clone(app.Processes)
	for name, spec := range e.processes {
		if *spec == (paas.ProcessSpec{}) {
			delete(app.Processes, name)
			continue
		}
		if app.Processes == nil {
			app.Processes = map[string]paas.ProcessSpec{}
		}
		app.Processes[name] = *spec
	}
	return app
}

// settingGroup is a part of the form; its title is said above its fields.
type settingGroup struct {
	id, title, note string
	folds           bool
	settings        []setting
}

func field(name, label, otherwise string, at any) setting {
	return setting{templates.Setting{Name: name, Label: label, Default: otherwise}, at}
}

// groups are all fields of the form, with the platform's defaults beside them.
func (u *ui) groups(e *editable, processes []string) []settingGroup {
	p := u.platform
	how := field("health.tcp", "Asked with", "", &e.Health.TCP)
	how.Choices = [][2]string{{"", "an HTTP request"}, {"true", "a TCP connection"}}
	speaks := field("http.protocol", "Speaks", "", &e.HTTP.Protocol)
	speaks.Choices = [][2]string{{"", "HTTP/1.1"}, {string(paas.H2C), "HTTP/2 without TLS, as gRPC does"}}
	plain := field("http.plain", "Requests without TLS", "", &e.HTTP.Plain)
	plain.Choices = [][2]string{{"", "are sent to https"}, {"true", "come in too"}}
	packed := field("http.compress", "Answers", "", &e.HTTP.Compress)
	packed.Choices = [][2]string{{"", "go out as they are"}, {"true", "are compressed"}}
	release := field("release", "Release command", "none", &e.Release)
	release.Wide, release.Hint = true, "Runs once in every new version, before that takes traffic."
	groups := []settingGroup{
		{"health", "Health check", "How one sees that the application is well. Once anything is set here, nothing of the source's own health check holds.", false, []setting{
			field("health.path", "Path", "any answer below 500 at /", &e.Health.Path),
			how,
			field("health.interval", "Every", lasts(paas.DefaultHealthInterval), &e.Health.Interval),
			field("health.timeout", "Answers within", lasts(paas.DefaultHealthTimeout), &e.Health.Timeout),
			field("health.failures", "Bad answers until it is started anew", strconv.Itoa(paas.DefaultHealthFailures), &e.Health.Failures),
			field("health.grace", "Bad answers do not count for", lasts(paas.DefaultHealthGrace), &e.Health.Grace),
			field("health.deadline", "A new version must be well within", lasts(p.ReadyTimeout), &e.Health.Deadline),
		}},
		{"limits", "Limits of each container", "", false, limitFields("limits", &e.Limits, memoryDefault(p.AppMemory), "the platform's")},
		{"stop", "When containers end", "", false, []setting{
			field("stop.drain", "Requests in flight may take", lasts(p.DrainTimeout), &e.Stop.Drain),
			field("stop.grace", "Between SIGTERM and SIGKILL", lasts(p.GraceTimeout), &e.Stop.Grace),
			field("sleep.after", "Sleeps when nobody asks for", "never", &e.Sleep.After),
		}},
		{"http", "Requests", "Redirects, headers, and who may come in, by address or password, are set as text, at the end of this form.", false, []setting{
			speaks, plain, packed,
			field("http.rate.average", "Requests each client may make", "any number", &e.HTTP.Rate.Average),
			field("http.rate.period", "In a time of", "1s", &e.HTTP.Rate.Period),
			field("http.rate.burst", "At once", "as many", &e.HTTP.Rate.Burst),
		}},
		{"release", "Before a version takes traffic", "", false, []setting{release}},
	}
	for _, name := range processes {
		spec, prefix := e.processes[name], "processes."+name
		command := field(prefix+".command", "Command", "as it was built", &spec.Command)
		command.Wide = true
		groups = append(groups, settingGroup{prefix, "Process " + name, "", true, append([]setting{command}, limitFields(prefix+".limits", &spec.Limits, "as above", "as above")...)})
	}
	return groups
}

func limitFields(prefix string, limits *paas.Limits, memory, others string) []setting {
	return []setting{
		field(prefix+".memory", "Memory", memory, &limits.Memory), field(prefix+".cpu", "Cores", others, &limits.CPU),
		field(prefix+".pids", "Processes and threads", others, &limits.PIDs),
	}
}

// lasts is a time span as people write it.
func lasts(d time.Duration) string { return paas.Duration(d).String() }

func memoryDefault(bytes int64) string {
	if bytes == 0 {
		return "the platform's"
	}
	return paas.Bytes(bytes).String()
}

// shown is a value as people write it; empty for one that is not set.
func shown(at any) string {
	switch at := at.(type) {
	case *string:
		return *at
	case *paas.Protocol:
		return string(*at)
	case *bool:
		return unlessZero(*at, strconv.FormatBool(*at))
	case *int:
		return unlessZero(*at, strconv.Itoa(*at))
	case *int64:
		return unlessZero(*at, strconv.FormatInt(*at, 10))
	case *float64:
		return unlessZero(*at, strconv.FormatFloat(*at, 'f', -1, 64))
	case *paas.Duration:
		return unlessZero(*at, at.String())
	case *paas.Bytes:
		return unlessZero(*at, at.String())
	}
	panic(fmt.Sprintf("no field shows a %T", at))
}

func unlessZero[T comparable](value T, text string) string {
	if value == *new(T) {
		return ""
	}
	return text
}

// take reads what was typed; nothing at all means that it is not set.
func take(at any, text string) error {
	var err error
	switch at := at.(type) {
	case *string:
		*at = text
		return nil
	case *paas.Protocol:
		*at = paas.Protocol(text)
		return nil
	case *bool:
		*at = text == "true"
		return nil
	case *int:
		*at, err = strconv.Atoi(cmp.Or(text, "0"))
	case *int64:
		*at, err = strconv.ParseInt(cmp.Or(text, "0"), 10, 64)
	case *float64:
		if *at, err = strconv.ParseFloat(cmp.Or(text, "0"), 64); err != nil {
			return fmt.Errorf("%q is not a number: write it like 0.5 or 2", text)
		}
		return nil
	case encoding.TextUnmarshaler:
		return at.UnmarshalText([]byte(cmp.Or(text, "0")))
	default:
		panic(fmt.Sprintf("no field takes a %T", at))
	}
	if err != nil {
		return fmt.Errorf("%q is not a whole number", text)
	}
	return nil
}

// readSettings lays what was typed over what is set. Fields that were not sent stay; the error names
// all fields that cannot be read.
func (u *ui) readSettings(values url.Values, app paas.App, processes []string) (paas.App, error) {
	edited := edit(app, processes)
	var details []paas.Detail
	for _, group := range u.groups(edited, processes) {
		for _, setting := range group.settings {
			if !values.Has(setting.Name) {
				continue
			}
			if err := take(setting.at, strings.TrimSpace(values.Get(setting.Name))); err != nil {
				details = append(details, paas.Detail{Field: setting.Name, Message: err.Error() + "."})
			}
		}
	}
	if len(details) > 0 {
		message := details[0].Message
		if len(details) > 1 {
			message = fmt.Sprintf("%d fields cannot be read as they are.", len(details))
		}
		return app, &paas.Error{Kind: paas.Invalid, Code: paas.EInvalid, Message: message, Details: details}
	}
	return edited.app(), nil
}

// writeSettings is all that is set, as the API knows it.
func writeSettings(app paas.App) (string, error) {
	text, err := json.MarshalIndent(app, "", "  ")
	if err != nil {
		return "", fmt.Errorf("write the settings: %w", err)
	}
	return string(text), nil
}

// settingsText is the name of the field with all settings as JSON.
const settingsText = "settings"

// parseSettings reads what writeSettings writes.
func parseSettings(text string) (paas.App, error) {
	var app paas.App
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&app)
	if err == nil && decoder.More() {
		err = errors.New("there is something behind it")
	}
	if mistyped, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return app, paas.InvalidField(settingsText, "The field %s cannot be a %s.", mistyped.Field, mistyped.Value)
	}
	if err != nil {
		return app, paas.InvalidField(settingsText, "This cannot be read as settings: %s.", strings.TrimPrefix(err.Error(), "json: "))
	}
	return app, nil
}
