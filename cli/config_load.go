package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/traefik/paerser/env"
	"github.com/traefik/paerser/file"
	"gopkg.in/yaml.v3"
)

const envPrefix = "PAASTECH_"

// clientVariables are the client's own: the configuration does not know them.
var clientVariables = []string{"PAASTECH_TOKEN", "PAASTECH_SERVER"}

// installedConfig is read when it is there and no file is named.
const installedConfig = "/etc/paastech/config.yaml"

// loadConfig reads the file (path may be empty), then the environment over it. Unknown keys are
// errors that name the key.
func loadConfig(path string, environ []string) (Config, error) {
	config := defaults()
	if path == "" {
		if _, err := os.Stat(installedConfig); err == nil {
			path = installedConfig
		}
	}
	if path != "" {
		if err := loadFile(path, &config); err != nil {
			return Config{}, err
		}
	}
	if err := loadEnvironment(environ, &config); err != nil {
		return Config{}, err
	}
	dataDir, err := filepath.Abs(config.DataDir)
	if err != nil {
		return Config{}, fmt.Errorf("find the data directory: %w", err)
	}
	config.DataDir = dataDir
	return config, nil
}

func loadFile(path string, config *Config) error {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no configuration file %s: check --config", path)
	}
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	return decodeConfig(content, path, config)
}

// decodeConfig reads the content of a file over a configuration.
func decodeConfig(content []byte, path string, config *Config) error {
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		return fmt.Errorf("%s is not valid YAML: %w", path, err)
	}
	if len(document.Content) == 0 || document.Content[0].Tag == "!!null" {
		return nil
	}
	if err := checkKeys(document.Content[0], reflect.TypeOf(*config), ""); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := file.DecodeContent(string(content), ".yaml", config); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// checkKeys refuses keys that the configuration does not have: paerser passes over unknown ones at the top.
func checkKeys(node *yaml.Node, in reflect.Type, path string) error {
	if in.Kind() != reflect.Struct {
		return nil
	}
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: %s holds keys of its own, each on a line below it", node.Line, strings.TrimSuffix(path, "."))
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		field, known := in.FieldByNameFunc(func(name string) bool { return strings.EqualFold(name, key.Value) })
		if !known {
			return fmt.Errorf("line %d: unknown key %q; known here are: %s", key.Line, path+key.Value, strings.Join(keysOf(in), ", "))
		}
		if err := checkKeys(node.Content[i+1], field.Type, path+key.Value+"."); err != nil {
			return err
		}
	}
	return nil
}

// keysOf lists the keys of one level as they are written in a file.
func keysOf(in reflect.Type) []string {
	var keys []string
	for field := range in.Fields() {
		keys = append(keys, keyName(field.Name))
	}
	return keys
}

// keyName turns a field's name into its key: CABundle -> caBundle, DataDir -> dataDir, URL -> url.
func keyName(field string) string {
	upper := 0
	for upper < len(field) && field[upper] >= 'A' && field[upper] <= 'Z' {
		upper++
	}
	switch {
	case upper == len(field) || field == "PIDs":
		return strings.ToLower(field)
	case upper > 1:
		upper--
	}
	return strings.ToLower(field[:upper]) + field[upper:]
}

func loadEnvironment(environ []string, config *Config) error {
	own := map[string]string{}
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, envPrefix) && !slices.Contains(clientVariables, name) {
			own[name] = value
		}
	}
	for _, name := range slices.Sorted(maps.Keys(own)) {
		if err := env.Decode([]string{name + "=" + own[name]}, envPrefix, config); err != nil {
			return fmt.Errorf("environment variable %s: no such setting, or not a value for it (%w)", name, err)
		}
	}
	return nil
}
