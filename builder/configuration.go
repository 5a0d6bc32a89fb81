package builder

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/paastech-cloud/paastech/paas"
)

// setting is a value and where it was said.
type setting struct {
	value string
	file  string
	line  int
}

// configuration is what a file says, before anything is looked up.
type configuration struct {
	path, builder    setting
	buildpacks       []setting
	buildEnv, appEnv paas.Env
	project          string
}

// parser reads one file; YAML is walked by hand so that every complaint has its line, unknown keys
// are told from typing errors, and nothing is ever expanded.
type parser struct{ file string }

// parseConfiguration reads a paastech/buildpacks.yaml or a paastech.yaml.
func parseConfiguration(file string, text []byte) (configuration, error) {
	var said configuration
	p := parser{file}
	document, err := p.document(text)
	if err != nil || document == nil {
		return said, err
	}
	fields := map[string]func(*yaml.Node) error{
		"buildpacks": func(n *yaml.Node) error { return p.buildpacks(n, &said) },
	}
	if file != buildFile {
		fields["project"] = func(n *yaml.Node) error { return p.project(n, &said) }
		fields["env"] = func(n *yaml.Node) (err error) { said.appEnv, err = p.env(n); return err }
	}
	return said, p.mapping(document, "", fields)
}

// document parses the text as one YAML document; nil means it says nothing.
func (p parser) document(text []byte) (*yaml.Node, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document, second yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, p.notYAML(err)
	}
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, wrong(p.file, second.Line, "it has more than one YAML document")
	}
	if len(document.Content) == 0 || isNull(document.Content[0]) {
		return nil, nil
	}
	return document.Content[0], nil
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)`)

// notYAML takes the line out of the library's words.
func (p parser) notYAML(err error) error {
	line, words := 0, err.Error()
	first, _, _ := strings.Cut(words, "\n")
	if found := yamlLine.FindStringSubmatch(first); found != nil {
		line, _ = strconv.Atoi(found[1])
		words = found[2]
	}
	return wrong(p.file, line, "it is not YAML: %s", words)
}

func (p parser) buildpacks(node *yaml.Node, said *configuration) error {
	return p.mapping(node, "buildpacks.", map[string]func(*yaml.Node) error{
		"path":      func(n *yaml.Node) (err error) { said.path, err = p.text(n); return err },
		"builder":   func(n *yaml.Node) (err error) { said.builder, err = p.text(n); return err },
		"buildpack": func(n *yaml.Node) (err error) { said.buildpacks, err = p.texts(n); return err },
		"env":       func(n *yaml.Node) (err error) { said.buildEnv, err = p.env(n); return err },
	})
}

func (p parser) project(node *yaml.Node, said *configuration) error {
	ignored := func(n *yaml.Node) error { _, err := p.text(n); return err }
	return p.mapping(node, "project.", map[string]func(*yaml.Node) error{
		"id": func(n *yaml.Node) error {
			id, err := p.text(n)
			said.project = id.value
			return err
		},
		"name": ignored, "createdat": ignored, "updatedat": ignored,
	})
}

// mapping calls the field of every key.
func (p parser) mapping(node *yaml.Node, name string, fields map[string]func(*yaml.Node) error) error {
	if isNull(node) {
		return nil
	}
	if node.Kind != yaml.MappingNode {
		return wrong(p.file, node.Line, "%s is not a list of `key: value`", place(name))
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		field, known := fields[key.Value]
		switch {
		case key.Kind != yaml.ScalarNode || !known:
			return wrong(p.file, key.Line, "the key %s is not known; known are %s", shown(name+key.Value), knownKeys(name, fields))
		case seen[key.Value]:
			return wrong(p.file, key.Line, "the key %s is there twice", name+key.Value)
		}
		seen[key.Value] = true
		if err := field(value); err != nil {
			return err
		}
	}
	return nil
}

// env reads variables as a list of KEY=value or as a mapping.
func (p parser) env(node *yaml.Node) (paas.Env, error) {
	env := paas.Env{}
	add := func(key string, value setting) error {
		if _, twice := env[key]; twice {
			return wrong(p.file, value.line, "the variable %s is there twice", shown(key))
		}
		env[key] = paas.Secret(value.value)
		if err := env.Validate(); err != nil {
			return wrong(p.file, value.line, "%s", strings.TrimSuffix(paas.Public(err).Message, "."))
		}
		return nil
	}
	switch {
	case isNull(node):
		return nil, nil
	case node.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			value, err := p.text(node.Content[i+1])
			if err != nil {
				return nil, err
			}
			if err := add(node.Content[i].Value, value); err != nil {
				return nil, err
			}
		}
		return env, nil
	}
	lines, err := p.texts(node)
	if err != nil {
		return nil, err
	}
	for _, line := range lines {
		key, value, found := strings.Cut(line.value, "=")
		if !found {
			return nil, wrong(p.file, line.line, "%s is not KEY=value", shown(line.value))
		}
		if err := add(strings.TrimSpace(key), setting{value, line.file, line.line}); err != nil {
			return nil, err
		}
	}
	return env, nil
}

// texts reads a list of texts, or one text as a list of one; an empty text is none.
func (p parser) texts(node *yaml.Node) ([]setting, error) {
	if node.Kind != yaml.SequenceNode {
		one, err := p.text(node)
		if err != nil || one.value == "" {
			return nil, err
		}
		return []setting{one}, nil
	}
	var all []setting
	for _, item := range node.Content {
		one, err := p.text(item)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// text reads a text, a number or a boolean as it is written.
func (p parser) text(node *yaml.Node) (setting, error) {
	said := setting{file: p.file, line: node.Line}
	if isNull(node) {
		return said, nil
	}
	if node.Kind == yaml.AliasNode {
		return said, wrong(p.file, node.Line, "aliases (*%s) are not read here; write the value out", node.Value)
	}
	if node.Kind != yaml.ScalarNode || !slices.Contains([]string{"!!str", "!!int", "!!float", "!!bool", "!!timestamp"}, node.ShortTag()) {
		return said, wrong(p.file, node.Line, "there is something else where a text is expected")
	}
	said.value = node.Value
	return said, nil
}

func isNull(node *yaml.Node) bool { return node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null" }

func place(name string) string {
	if name == "" {
		return "it"
	}
	return strings.TrimSuffix(name, ".")
}

func knownKeys(name string, fields map[string]func(*yaml.Node) error) string {
	var names []string
	for key := range fields {
		names = append(names, name+key)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// shown quotes what somebody wrote, cut to what fits a line.
func shown(text string) string {
	if len(text) > 60 {
		text = text[:60] + "…"
	}
	return fmt.Sprintf("%q", text)
}
