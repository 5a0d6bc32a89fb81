package cli

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

const example = "../config.example.yaml"

func TestExampleHoldsTheDefaults(t *testing.T) {
	config, err := loadConfig(example, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := defaults()
	want.DataDir, _ = filepath.Abs(want.DataDir)
	empty := func(c *Config) { // absent and empty are the same
		c.Server.TrustedProxies, c.API.CORSOrigins, c.Ingress.TrustedProxies = nil, nil, nil
		c.Ingress.ProxyProtocol = nil
		c.Builder.Allowed, c.Builder.Aliases, c.Network.Allow = nil, nil, nil
		c.TLS.DNS.Settings, c.TLS.Certificates, c.TLS.Addresses = nil, nil, nil
	}
	empty(&config)
	empty(&want)
	if !reflect.DeepEqual(config, want) {
		t.Errorf("the example says\n%+v\nbut the defaults are\n%+v", config, want)
	}
}

func TestExampleNamesEveryKey(t *testing.T) {
	content, err := os.ReadFile(example)
	if err != nil {
		t.Fatal(err)
	}
	var written map[string]any
	if err := yaml.Unmarshal(content, &written); err != nil {
		t.Fatal(err)
	}
	checkNamed(t, written, reflect.TypeFor[Config](), "")
}

func checkNamed(t *testing.T, written map[string]any, in reflect.Type, path string) {
	t.Helper()
	for field := range in.Fields() {
		key := keyName(field.Name)
		value, there := written[key]
		if !there {
			t.Errorf("%s%s is not in the example", path, key)
			continue
		}
		if inner, isMap := value.(map[string]any); isMap && field.Type.Kind() == reflect.Struct {
			checkNamed(t, inner, field.Type, path+key+".")
		}
	}
}

func TestEnvironmentBeatsFile(t *testing.T) {
	file := writeConfig(t, "domain: from.file\nserver: {listen: '127.0.0.1:1'}\nbuilder: {timeout: 3m, allowed: [a, b]}\n")
	config, err := loadConfig(file, []string{"PAASTECH_DOMAIN=from.env", "PAASTECH_TOKEN=x", "PAASTECH_SERVER=http://x", "PAASTECH_NETWORK_ALLOW=10.0.0.0/8,10.1.0.0/16"})
	if err != nil {
		t.Fatal(err)
	}
	if config.Domain != "from.env" || config.Server.Listen != "127.0.0.1:1" || config.Builder.Timeout.String() != "3m0s" ||
		len(config.Builder.Allowed) != 2 || len(config.Network.Allow) != 2 || config.Git.Listen != "127.0.0.1:2222" {
		t.Errorf("%+v", config)
	}
}

func TestWrongConfigurationNamesTheKey(t *testing.T) {
	for content, says := range map[string]string{
		"domian: x":                      `line 1: unknown key "domian"`,
		"server:\n  listne: x":           `line 2: unknown key "server.listne"`,
		"limits: {app: {memroy: 1}}":     `unknown key "limits.app.memroy"`,
		"server: x":                      "server holds keys of its own",
		"builder: {timeout: soon}":       "soon",
		"builder: {concurrency: plenty}": "plenty",
		"a: [":                           "not valid YAML",
	} {
		_, err := loadConfig(writeConfig(t, content), nil)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want …%s…", content, err, says)
		}
	}
	for _, variable := range []string{"PAASTECH_DOMIAN=x", "PAASTECH_SERVER_LISTNE=x", "PAASTECH_BUILDER_TIMEOUT=soon"} {
		name, _, _ := strings.Cut(variable, "=")
		if _, err := loadConfig("", []string{variable}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", variable, err)
		}
	}
	if _, err := loadConfig("/nowhere.yaml", nil); err == nil || !strings.Contains(err.Error(), "--config") {
		t.Errorf("missing file: %v", err)
	}
}

func writeConfig(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
