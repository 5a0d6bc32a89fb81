package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/paastech-cloud/paastech/builder"
)

// TestReference holds the reference in docs against the code that it is made from; `make docs` writes it anew.
func TestReference(t *testing.T) {
	example, err := os.ReadFile("../config.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"commands.md":      commandReference(),
		"configuration.md": "# Configuration\n\nMade from `config.example.yaml` by `make docs`.\n\n```yaml\n" + string(example) + "```\n",
		"app.md":           appReference(t),
	} {
		path := filepath.Join("../docs/reference", name)
		if os.Getenv("PAASTECH_DOCS") == "1" {
			if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		kept, err := os.ReadFile(path)
		if err != nil || string(kept) != content {
			t.Errorf("%s is not what the code says (%v): make docs", path, err)
		}
	}
}

// commandReference is every command with its flags, in the order of --help.
func commandReference() string {
	var out strings.Builder
	out.WriteString("# Commands\n\nMade from the program by `make docs`. Every command also takes `--help`.\n")
	program := Program{Version: "test", Args: []string{"paastech"}}
	eachCommand(newRoot(program, newConsole(program)), func(cmd *cobra.Command) {
		fmt.Fprintf(&out, "\n## %s\n\n", cmd.CommandPath())
		about := cmd.Long
		if about == "" {
			about = cmd.Short + "."
		}
		fmt.Fprintf(&out, "%s\n", about)
		if cmd.HasSubCommands() && cmd.HasParent() {
			var names []string
			for _, sub := range cmd.Commands() {
				names = append(names, "`"+sub.CommandPath()+"`")
			}
			fmt.Fprintf(&out, "\n%s\n", strings.Join(names, ", "))
		}
		if cmd.Example != "" {
			fmt.Fprintf(&out, "\n```sh\n%s\n```\n", unindented(cmd.Example))
		} else if !cmd.HasSubCommands() {
			fmt.Fprintf(&out, "\n```\n%s\n```\n", cmd.UseLine())
		}
		writeFlags(&out, cmd)
	})
	return out.String()
}

func unindented(text string) string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		lines = append(lines, strings.TrimPrefix(line, "  "))
	}
	return strings.Join(lines, "\n")
}

func writeFlags(out *strings.Builder, cmd *cobra.Command) {
	var lines []string
	cmd.LocalFlags().VisitAll(func(flag *pflag.Flag) {
		if flag.Hidden || flag.Name == "help" || flag.Name == "version" {
			return
		}
		name := "`--" + flag.Name + "`"
		if flag.Shorthand != "" {
			name = "`-" + flag.Shorthand + "`, " + name
		}
		lines = append(lines, fmt.Sprintf("- %s: %s", name, flag.Usage))
	})
	if len(lines) > 0 {
		fmt.Fprintf(out, "\n%s\n", strings.Join(lines, "\n"))
	}
}

// schemaPart is as much of JSON Schema as the reference tells.
type schemaPart struct {
	Ref         string                `json:"$ref"`
	Description string                `json:"description"`
	Type        any                   `json:"type"`
	Enum        []any                 `json:"enum"`
	Properties  map[string]schemaPart `json:"properties"`
	Items       *schemaPart           `json:"items"`
	Additional  json.RawMessage       `json:"additionalProperties"`
	Defs        map[string]schemaPart `json:"$defs"`
}

// appReference is every key of paastech/app.yaml.
func appReference(t *testing.T) string {
	t.Helper()
	var schema schemaPart
	if err := json.Unmarshal(builder.AppSchema(), &schema); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	fmt.Fprintf(&out, "# paastech/app.yaml\n\nMade from its JSON Schema, which every server has at `/api/v1/app.schema.json`, by `make docs`.\n\n%s\n\n| key | kind | what it says |\n|---|---|---|\n", schema.Description)
	schema.write(&out, "", schema.Defs)
	return out.String()
}

func (s schemaPart) write(out *strings.Builder, path string, defs map[string]schemaPart) {
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		part := s.Properties[name]
		part.row(out, path+name, defs)
	}
	if s.Items != nil {
		s.Items.resolved(defs).write(out, strings.TrimSuffix(path, ".")+"[].", defs)
	}
	var below schemaPart
	if bytes.HasPrefix(bytes.TrimSpace(s.Additional), []byte("{")) && json.Unmarshal(s.Additional, &below) == nil {
		below.resolved(defs).write(out, path+"NAME.", defs)
	}
}

func (s schemaPart) row(out *strings.Builder, path string, defs map[string]schemaPart) {
	whole := s.resolved(defs)
	fmt.Fprintf(out, "| `%s` | %s | %s |\n", path, whole.kind(), strings.ReplaceAll(whole.Description, "|", "\\|"))
	whole.write(out, path+".", defs)
}

// resolved is a part with what it refers to; what it says itself comes first.
func (s schemaPart) resolved(defs map[string]schemaPart) schemaPart {
	name, refers := strings.CutPrefix(s.Ref, "#/$defs/")
	if !refers {
		return s
	}
	whole := defs[name].resolved(defs)
	if s.Description != "" {
		whole.Description = s.Description
	}
	return whole
}

func (s schemaPart) kind() string {
	switch kind := s.Type.(type) {
	case string:
		return kind
	case []any:
		var kinds []string
		for _, each := range kind {
			if each != "null" {
				kinds = append(kinds, fmt.Sprint(each))
			}
		}
		return strings.Join(kinds, " or ")
	}
	if len(s.Enum) > 0 {
		return strings.Trim(fmt.Sprint(s.Enum), "[]")
	}
	return ""
}
