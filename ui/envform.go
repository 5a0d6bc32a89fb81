package ui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
	"github.com/paastech-cloud/paastech/web"
)

// envForm is what somebody typed into the form of variables.
type envForm struct {
	build   bool
	rows    []templates.EnvRow // of variables that were set when the form was made
	fresh   []templates.EnvRow
	paste   string
	replace bool

	set map[string]*paas.Secret // instead of rows and fresh: a change that comes back from its review
}

// errForm is the answer to what no form of ours sends.
var errForm = paas.Errorf(paas.Invalid, paas.EInvalid, "This is not what the form of this page sends.")

func readEnvForm(values url.Values) (envForm, error) {
	form := envForm{build: values.Get("build") == "1", paste: values.Get("paste"), replace: values.Get("replace") == "1"}
	names, typed, bases := values["name"], values["value"], values["base"]
	newNames, newValues := values["new-name"], values["new-value"]
	if len(names) != len(typed) || len(names) != len(bases) || len(newNames) != len(newValues) {
		return envForm{}, errForm
	}
	for i, name := range names {
		form.rows = append(form.rows, templates.EnvRow{Name: name, Value: lines(typed[i]), Base: bases[i], Remove: slices.Contains(values["remove"], name)})
	}
	for i, name := range newNames {
		form.fresh = append(form.fresh, templates.EnvRow{Name: strings.TrimSpace(name), Value: lines(newValues[i])})
	}
	return form, nil
}

// lines is a text as it was before a browser sent it: forms end their lines as mails do.
func lines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// change is what the form asks for. sum tells which values were left as the form was made with them.
func (f envForm) change(sum func(name string, value paas.Secret) string) (paas.EnvChange, error) {
	change := paas.EnvChange{Build: f.build, Set: map[string]*paas.Secret{}}
	pasted, err := paas.ParseDotenv(f.paste)
	if err != nil {
		return change, paas.InvalidField(".env", "%s", err.Error())
	}
	if f.replace && len(pasted) > 0 {
		change.Replace = pasted
	}
	set := func(name string, value *paas.Secret) error {
		_, twice := change.Set[name]
		_, there := pasted[name]
		switch {
		case there:
			return paas.InvalidField(".env", "%s is in the pasted text and is changed above, too: leave one of them.", name)
		case twice:
			return paas.InvalidField(name, "%s is there twice.", name)
		}
		change.Set[name] = value
		return nil
	}
	for _, row := range slices.Concat(f.rows, f.fresh) {
		if row.Remove {
			err = set(row.Name, nil)
		} else if value := paas.Secret(row.Value); f.touched(row, sum) {
			err = set(row.Name, &value)
		}
		if err != nil {
			return change, err
		}
	}
	if change.Replace == nil {
		for name, value := range pasted {
			change.Set[name] = &value
		}
	}
	return change, nil
}

// touched tells whether somebody typed something into a row.
func (f envForm) touched(row templates.EnvRow, sum func(string, paas.Secret) string) bool {
	if row.Base != "" {
		return sum(row.Name, paas.Secret(row.Value)) != row.Base
	}
	isStored := slices.ContainsFunc(f.rows, func(r templates.EnvRow) bool { return r.Name == row.Name })
	return row.Value != "" || !isStored && row.Name != ""
}

// meanwhile are the variables whose values are no longer those that the form was made with.
func (u *ui) meanwhile(call *web.Call, form envForm) map[string]bool {
	changed, stored := map[string]bool{}, envOf(call.Project, form.build)
	for _, row := range form.rows {
		value, there := stored[row.Name]
		changed[row.Name] = !there || row.Base != "" && u.platform.EnvSum(row.Name, value) != row.Base
	}
	return changed
}

func envOf(project paas.Project, build bool) paas.Env {
	if build {
		return project.BuildEnv
	}
	return project.Env
}

// envRows are the form's lines: one for each variable that is stored, and those for more. What was
// typed stands over what is stored.
func (u *ui) envRows(call *web.Call, form envForm, mistakes templates.Mistakes, open bool) (rows, fresh []templates.EnvRow) {
	stored, seen := envOf(call.Project, form.build), call.ShowsEnvOf(call.Project)
	typed := map[string]templates.EnvRow{}
	for _, row := range form.rows {
		if _, there := stored[row.Name]; there {
			typed[row.Name] = row
		} else if row.Value != "" && !row.Remove {
			fresh = append(fresh, templates.EnvRow{Name: row.Name, Value: row.Value}) // somebody else removed it
		}
	}
	for _, name := range slices.Sorted(maps.Keys(stored)) {
		row := templates.EnvRow{Name: name, Open: open, Opaque: !seen || !survivesForm(stored[name])}
		if !row.Opaque {
			row.Value, row.Base = stored[name].Reveal(), u.platform.EnvSum(name, stored[name])
		}
		if before, there := typed[name]; there {
			row.Open = open || before.Value != lines(row.Value)
			row.Value, row.Base, row.Remove = before.Value, before.Base, before.Remove
		}
		if value, there := form.set[name]; there && value == nil {
			row.Remove = true
		} else if there {
			row.Value, row.Open = value.Reveal(), true
		}
		row.Wrong = mistakes.Of(name)
		row.Open = row.Open || row.Wrong != ""
		rows = append(rows, row)
	}
	for _, name := range slices.Sorted(maps.Keys(form.set)) {
		if _, there := stored[name]; !there && form.set[name] != nil {
			fresh = append(fresh, templates.EnvRow{Name: name, Value: form.set[name].Reveal()})
		}
	}
	fresh = append(fresh, form.fresh...)
	for i := range fresh {
		if fresh[i].Name != "" || fresh[i].Value != "" {
			fresh[i].Wrong = mistakes.Of(fresh[i].Name)
		}
	}
	if len(form.fresh) == 0 {
		fresh = append(fresh, templates.EnvRow{})
	}
	return rows, fresh
}

// survivesForm tells whether a field of a form gives a value back as it is, but for the kind of its line
// ends: a lone carriage return becomes a line end, and C1 controls cannot be written in HTML.
func survivesForm(value paas.Secret) bool {
	return !strings.ContainsFunc(strings.ReplaceAll(value.Reveal(), "\r\n", "\n"), func(r rune) bool {
		return r == '\r' || r >= 0x80 && r < 0xa0
	})
}

// carry writes a change down for a hidden field of a form, in ASCII: browsers leave that as it is.
func carry(set map[string]*paas.Secret) (string, error) {
	text, err := json.Marshal(set)
	if err != nil {
		return "", fmt.Errorf("write the change down: %w", err)
	}
	var ascii bytes.Buffer
	for _, r := range string(text) {
		if r < 0x7f {
			ascii.WriteRune(r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&ascii, `\u%04x`, unit)
		}
	}
	return ascii.String(), nil
}

// readReviewed reads what carry wrote.
func readReviewed(values url.Values) (paas.EnvChange, error) {
	change := paas.EnvChange{Build: values.Get("build") == "1", Revision: values.Get("revision")}
	if err := json.Unmarshal([]byte(values.Get("change")), &change.Set); err != nil || change.Set == nil || change.Revision == "" {
		return change, errForm
	}
	return change, nil
}
