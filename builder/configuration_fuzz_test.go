package builder

import (
	"testing"

	"github.com/paastech-cloud/paastech/paas"
)

// FuzzParseConfiguration reads anything as a project's build configuration: it is accepted, or refused
// as the input's fault.
func FuzzParseConfiguration(f *testing.F) {
	for _, seed := range []string{
		"buildpacks:\n  path: .\n  builder: paketobuildpacks/builder:full\n  env:\n    - A=1\n", "project: {id: x}\nenv: {PORT: 80, A: true}\n",
		"buildpacks: {path: ../.., buildpack: /etc/passwd}", "env: [", "&a [*a]", "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "\x00", "%YAML 9", "- 1", "buildpacks: {env: ['=', 'A', '$(id)=1']}",
	} {
		f.Add("paastech.yaml", []byte(seed))
		f.Add("paastech/buildpacks.yaml", []byte(seed))
	}
	f.Fuzz(func(t *testing.T, file string, text []byte) {
		if _, err := parseConfiguration(file, text); err != nil && !paas.IsKind(err, paas.Invalid) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
