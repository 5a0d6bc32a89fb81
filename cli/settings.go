package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/client"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

// branchSetting is the one setting that no source can declare.
const branchSetting = "branch"

func (c *commands) settingsCommand() *cobra.Command {
	var later bool
	set := &cobra.Command{
		Use:     "set SETTING=VALUE...",
		Short:   "Set settings; those that change what runs are rolled out",
		Example: "  paastech settings set health.path=/up limits.memory=256MiB\n  paastech settings set processes.worker.command='node worker.js'\n  paastech settings set 'cron=[{\"schedule\":\"@daily\",\"command\":\"node tidy.js\"}]'",
		Args:    arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.changeSettings(cmd, args, later, func(s appSettings, arg string) error {
				name, value, found := strings.Cut(arg, "=")
				if !found {
					return usagef(cmd, "%q is not SETTING=VALUE, like health.path=/up", arg)
				}
				return s.set(cmd, name, value)
			})
		},
	}
	unset := &cobra.Command{
		Use:     "unset SETTING...",
		Short:   "Let what the source declares, or the default, hold again",
		Example: "  paastech settings unset health.path\n  paastech settings unset limits",
		Args:    arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.changeSettings(cmd, args, later, func(s appSettings, name string) error { return s.unset(name) })
		},
	}
	for _, changes := range []*cobra.Command{set, unset} {
		changes.Flags().BoolVar(&later, "no-deploy", false, "only store them; the next deployment takes them along")
	}
	cmd := newGroup("settings", "Show or change how the application is run", set, unset)
	cmd.Long = "Show or change how the application is run. What is set here holds over what paastech/app.yaml in the source declares. The names are those of the API: branch, health.path, limits.memory, release, processes.web.limits.memory."
	cmd.Example = "  paastech settings\n  paastech settings -P hello"
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return group(cmd, args)
		}
		_, project, err := c.project(cmd.Context())
		if err != nil {
			return err
		}
		return c.showSettings(project)
	}
	return cmd
}

func (c *commands) showSettings(project wire.Project) error {
	settings, err := readSettings(project.Settings)
	if err != nil {
		return err
	}
	return c.emit(project.Settings, func() {
		lines := settings.lines("")
		if len(lines) == 0 {
			c.say("Nothing is set for %s: what its source declares holds.", project.Name)
		}
		c.facts(lines...)
	})
}

// changeSettings applies a change for each argument, all of them or none.
func (c *commands) changeSettings(cmd *cobra.Command, args []string, later bool, change func(appSettings, string) error) error {
	api, project, err := c.project(cmd.Context())
	if err != nil {
		return err
	}
	settings, err := readSettings(project.Settings)
	if err != nil {
		return err
	}
	for _, arg := range args {
		if err := change(settings, arg); err != nil {
			return err
		}
	}
	wanted, err := settings.change()
	if err != nil {
		return err
	}
	changed, err := api.UpdateProject(cmd.Context(), project.ID, wire.ProjectChange{Settings: &wanted}, client.UpdateOptions{Revision: project.Settings.Revision, Later: later})
	if err != nil {
		return err
	}
	if changed.Live != nil && (project.Live == nil || changed.Live.Number != project.Live.Number) {
		c.note("%s is live.", changed.Live.Name)
	}
	return c.showSettings(changed)
}

// appSettings are a project's settings as their names lead to them: health.path is path in health.
type appSettings map[string]any

func readSettings(from wire.Settings) (appSettings, error) {
	text, err := json.Marshal(from.App)
	if err != nil {
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	settings := appSettings{}
	if err := json.Unmarshal(text, &settings); err != nil {
		return nil, fmt.Errorf("read the settings: %w", err)
	}
	if from.Branch != "" {
		settings[branchSetting] = from.Branch
	}
	return settings, nil
}

// change is what the server is asked for.
func (s appSettings) change() (wire.SettingsChange, error) {
	rest := maps.Clone(s)
	delete(rest, branchSetting)
	text, err := json.Marshal(rest)
	if err != nil {
		return wire.SettingsChange{}, fmt.Errorf("write the settings: %w", err)
	}
	var app paas.App
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&app); err != nil {
		return wire.SettingsChange{}, err
	}
	change := wire.SettingsChange{App: &app}
	if branch, ok := s[branchSetting].(string); ok {
		change.Branch = &branch
	}
	return change, nil
}

// set puts a value where a name leads: as text where text fits, else as the JSON that it is.
func (s appSettings) set(cmd *cobra.Command, name, value string) error {
	path := strings.Split(name, ".")
	parent := map[string]any(s)
	for _, part := range path[:len(path)-1] {
		inner, ok := parent[part].(map[string]any)
		if !ok {
			inner = map[string]any{}
			parent[part] = inner
		}
		parent = inner
	}
	last := path[len(path)-1]
	parent[last] = value
	_, asText := s.change()
	if asText == nil {
		return nil
	}
	var parsed any
	if json.Unmarshal([]byte(value), &parsed) == nil {
		parent[last] = parsed
		if _, err := s.change(); err == nil {
			return nil
		}
	}
	if strings.Contains(asText.Error(), "unknown field") {
		return usagef(cmd, "there is no setting %q: they have the names of paastech/app.yaml, like health.path or limits.memory", name)
	}
	return usagef(cmd, "%q is no value for %s: %s", value, name, asText)
}

func (s appSettings) unset(name string) error {
	if name == branchSetting {
		return failf(paas.EInvalid, "A project always has a branch that is deployed. Set another: paastech settings set branch=NAME")
	}
	path := strings.Split(name, ".")
	parents := []map[string]any{s}
	for _, part := range path[:len(path)-1] {
		inner, _ := parents[len(parents)-1][part].(map[string]any)
		parents = append(parents, inner)
	}
	if _, there := parents[len(parents)-1][path[len(path)-1]]; !there {
		return failf(paas.ENotFound, "%q is not set. `paastech settings` shows what is.", name)
	}
	for i := len(path) - 1; i >= 0; i-- { // what has become empty says nothing
		delete(parents[i], path[i])
		if len(parents[i]) > 0 {
			break
		}
	}
	return nil
}

// lines are name and value of each setting, by name.
func (s appSettings) lines(prefix string) []string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(s)) {
		switch value := s[name].(type) {
		case map[string]any:
			lines = append(lines, appSettings(value).lines(prefix+name+".")...)
		case string:
			lines = append(lines, prefix+name, value)
		default:
			text, _ := json.Marshal(value) // it was JSON before
			lines = append(lines, prefix+name, string(text))
		}
	}
	return lines
}
