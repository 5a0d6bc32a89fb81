package builder

import (
	"log/slog"
	"maps"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
)

// node is a Node application with a manifest and more files.
func node(manifest string, more ...string) map[string]string {
	files := map[string]string{"package.json": manifest, "server.js": ""}
	for i := 0; i+1 < len(more); i += 2 {
		files[more[i]] = more[i+1]
	}
	return files
}

func withScript(script string) map[string]string {
	return node(`{"name":"x","version":"1.0.0","scripts":{"build":"` + script + `","start":"node server.js"}}`)
}

// Applications that are broken in ways that people break them, each built for real.
func TestBrokenApplicationsAreExplained(t *testing.T) {
	const lock = `{"name":"x","version":"1.0.0","lockfileVersion":3,"requires":true,"packages":{"":{"name":"x","version":"1.0.0"}}}`
	goFiles := func(more ...string) map[string]string {
		files := map[string]string{"go.mod": "module x\n\ngo 1.24\n", "main.go": "package main\n\nfunc main() {}\n"}
		for i := 0; i+1 < len(more); i += 2 {
			files[more[i]] = more[i+1]
		}
		return files
	}
	tests := map[string]struct {
		files map[string]string
		code  paas.Code
		says  string
	}{
		"a lock file out of step":      {node(`{"name":"x","version":"1.0.0","dependencies":{"ms":"2.1.3"}}`, "package-lock.json", lock), ELockfile, "package-lock.json do not agree"},
		"an unknown package":           {node(`{"name":"x","version":"1.0.0","dependencies":{"paastech-no-such-package-here":"1.0.0"}}`), EPackageNotFound, "paastech-no-such-package-here"},
		"an unknown version":           {node(`{"name":"x","version":"1.0.0","dependencies":{"ms":"99.0.0"}}`), EPackageNotFound, "ms@99.0.0"},
		"a conflict of versions":       {node(`{"name":"x","version":"1.0.0","dependencies":{"react":"16.14.0","react-dom":"18.2.0"}}`), EVersionConflict, "exclude each other"},
		"a registry that is not there": {node(`{"name":"x","version":"1.0.0","dependencies":{"ms":"2.1.3"}}`, ".npmrc", "registry=http://127.0.0.1:9/\nfetch-retries=0\n"), ERegistry, "could not be reached"},
		"no start command":             {map[string]string{"package.json": `{"name":"x"}`, "lib.js": ""}, ENoStartCommand, "nothing says how to start"},
		"a script that is not there":   {withScript("npm run compile"), EScriptMissing, "the script compile is called"},
		"a tool that is not there":     {withScript("vite build"), EToolMissing, "the program vite"},
		"a full disk":                  {withScript(`node -e \"require('fs').writeFileSync('/dev/full','x')\"`), paas.EBuildDiskFull, "no space left"},
		"memory of its own":            {withScript(`node --max-old-space-size=30 -e \"const a=[];for(;;)a.push({x:Math.random()+''})\"`), paas.EBuildMemory, "out of memory"},
		"a Go program that is wrong":   {goFiles("main.go", "package main\n\nfunc main() { undefined() }\n"), EGoBuild, "main.go:3:15: undefined: undefined"},
		"a Go of the future":           {goFiles("go.mod", "module x\n\ngo 1.999.0\n"), ERuntimeVersion, "the Go version that go.mod asks for"},
		"a Go module not required":     {goFiles("main.go", "package main\n\nimport _ \"golang.org/x/text\"\n\nfunc main() {}\n"), ELockfile, "go mod tidy"},
		"an unknown Python package":    {map[string]string{"requirements.txt": "--no-index\nno-such-thing==1.0\n", "app.py": ""}, EPackageNotFound, "no-such-thing==1.0"},
		"a Python index that is gone":  {map[string]string{"requirements.txt": "--index-url http://127.0.0.1:9/simple\nflask\n", "app.py": ""}, ERegistry, "could not be reached"},
		"a Procfile of nonsense":       {node(`{"name":"x"}`, "Procfile", "just words\n"), EBadProcfile, "line 1 of the Procfile"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, said, err := build(t, shared.builder, newProject(), 1, write(t, maps.Clone(test.files)), nil)
			if !paas.IsKind(err, paas.Rejected) || !paas.IsCode(err, test.code) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, not %s: …%s…\n%s", err, test.code, test.says, said)
			}
		})
	}
}

// What tools of others wrote when they failed, line by line.
func TestTranscriptsAreExplained(t *testing.T) {
	tests := map[string]struct {
		lines string
		code  paas.Code
		says  string
	}{
		"npm: a registry that wants a log-in": {"npm error code E401\nnpm error Unable to authenticate, need: Basic realm=\"npm\"", ERegistryDenied, "a package registry refused the build"},
		"npm: a registry that forbids":        {"npm error code E403\nnpm error 403 403 Forbidden - GET https://npm.pkg.example.com/@corp%2fui - Permission denied", ERegistryDenied, "the package registry npm.pkg.example.com refused"},
		"npm 6: a registry that forbids":      {"npm ERR! code E403\nnpm ERR! 403 403 Forbidden - GET https://user:secret@npm.example.com/ui", ERegistryDenied, "the package registry npm.example.com refused"},
		"npm: a conflict":                     {"npm error code ERESOLVE\nnpm error ERESOLVE unable to resolve dependency tree\nnpm error Found: react@16.14.0", EVersionConflict, "exclude each other"},
		"npm: a warning of a conflict":        {"npm warn ERESOLVE overriding peer dependency\nnpm error code ENOTDIR", paas.EBuildFailed, "npm error code ENOTDIR"},
		"npm: a name that does not resolve":   {"npm error code ENOTFOUND\nnpm error network request to https://registry.npmjs.org/ms failed, reason: getaddrinfo ENOTFOUND registry.npmjs.org", ERegistry, "could not be reached"},
		"npm 6: an unknown package":           {"npm ERR! code E404\nnpm ERR! 404  '@corp/ui@^1.0.0' is not in this registry.", EPackageNotFound, "@corp/ui@^1.0.0 does not exist"},
		"yarn: an unknown package":            {`error Couldn't find package "no-such" on the "npm" registry.`, EPackageNotFound, "no-such does not exist"},
		"yarn: an old lock file":              {"error Your lockfile needs to be updated, but yarn was run with `--frozen-lockfile`.", ELockfile, "the lock file do not agree"},
		"yarn 4: an old lock file":            {"YN0028: The lockfile would have been modified by this install, which is explicitly forbidden.", ELockfile, "the lock file do not agree"},
		"pnpm: an old lock file":              {`ERR_PNPM_OUTDATED_LOCKFILE  Cannot install with "frozen-lockfile" because pnpm-lock.yaml is not up to date with package.json`, ELockfile, "the lock file do not agree"},
		"pnpm: an unknown version":            {"ERR_PNPM_NO_MATCHING_VERSION  No matching version found for ms@99.0.0", EPackageNotFound, "ms@99.0.0 does not exist"},
		"pip: an unknown package":             {"ERROR: Could not find a version that satisfies the requirement no-such==1.0 (from versions: none)\nERROR: No matching distribution found for no-such==1.0", EPackageNotFound, "no-such==1.0 does not exist"},
		"pip: an index that is gone":          {"WARNING: Retrying (Retry(total=1)) after connection broken by 'NewConnectionError: [Errno 111] Connection refused': /simple/flask/\nERROR: No matching distribution found for flask", ERegistry, "could not be reached"},
		"pip: a conflict":                     {"ERROR: Cannot install a==1 and b==2 because these package versions have conflicting dependencies.\nERROR: ResolutionImpossible: for help visit https://pip.pypa.io/", EVersionConflict, "exclude each other"},
		"pip: another Python":                 {"ERROR: Package 'x' requires a different Python: 3.13.5 not in '<3.10'", ERuntimeVersion, "does not run on the language version"},
		"pip: a full disk":                    {"ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", paas.EBuildDiskFull, "no space left"},
		"pip: an index that wants a log-in":   {"pip._vendor.requests.exceptions.HTTPError: 401 Client Error: Unauthorized for url: https://pypi.example.com/simple/x/", ERegistryDenied, "the package registry pypi.example.com refused"},
		"go: an unknown version":              {"go: golang.org/x/text@v0.999.0: reading https://proxy.golang.org/golang.org/x/text/@v/v0.999.0.info: 404 Not Found\n\tserver response: not found: golang.org/x/text@v0.999.0: invalid version: unknown revision v0.999.0", EPackageNotFound, "the module golang.org/x/text@v0.999.0"},
		"go: a private module":                {"go: git.example.com/a/b@v1.0.0: invalid version: git ls-remote -q origin in /x: exit status 128:\n\tfatal: could not read Username for 'https://git.example.com': terminal prompts disabled", ERegistryDenied, "git.example.com refused"},
		"go: an older Go":                     {"go: go.mod requires go >= 1.99 (running go 1.24.4; GOTOOLCHAIN=local)", ERuntimeVersion, "the Go version that go.mod asks for"},
		"go: a sum that is missing":           {"main.go:3:8: missing go.sum entry for module providing package golang.org/x/text", ELockfile, "go mod tidy"},
		"go: an error of the program":         {"# example.com/x\n./main.go:7:2: declared and not used: a\n./main.go:9:2: undefined: b", EGoBuild, "main.go:7:2: declared and not used: a. Correct it"},
		"go: killed for its memory":           {"# example.com/x\n/usr/lib/go/pkg/tool/linux_amd64/compile: signal: killed", paas.EBuildMemory, "ran out of memory"},
		"a full disk after other complaints":  {"npm error code ENOTFOUND\nwrite /layers/x: no space left on device\nsh: 1: vite: not found", paas.EBuildDiskFull, "no space left"},
		"a tool that is not there":            {"sh: line 1: tsc: command not found", EToolMissing, "the program tsc"},
		"nothing that is known":               {"it is Friday", paas.EBuildFailed, "the build failed while the buildpacks ran: it is Friday."},
		"a buildpack that knows better":       {"npm error code E404\nERROR E_NO_START_COMMAND: nothing says how to start.", ENoStartCommand, "nothing says how to start."},
		"a buildpack that knows less":         {"npm error code ERESOLVE\nERROR E_INSTALL_FAILED: npm could not install.", EVersionConflict, "exclude each other"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var said output
			j := job{log: newTranscript(&said, slog.New(slog.DiscardHandler))}
			j.log.Writer().Write([]byte("===> BUILDING\n" + test.lines + "\nERROR: failed to build: exit status 1\n"))
			err := shared.builder.diagnose(&j, &phase{exit: 51})
			if !paas.IsKind(err, paas.Rejected) || !paas.IsCode(err, test.code) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, not %s: …%s…", err, test.code, test.says)
			}
			if first, _, _ := strings.Cut(test.lines, "\n"); !strings.Contains(said.String(), first) || strings.Contains(said.String(), "failed to build") || strings.Contains(err.Error(), "secret") {
				t.Errorf("said %q", said.String())
			}
		})
	}
}
