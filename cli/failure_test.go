package cli

import (
	"encoding/json"
	"testing"

	"github.com/paastech-cloud/paastech/web/problem"
)

func TestFailuresAreDocumentsForPrograms(t *testing.T) {
	atHome(t)
	f := serveFake(t)
	t.Setenv("PAASTECH_TOKEN", "pt_nobodys")
	for _, test := range []struct {
		args   []string
		exit   int
		code   string
		status int
	}{
		{[]string{"projects", "ls", "--json", "--server", f.URL}, 1, "E_NOT_LOGGED_IN", 401},
		{[]string{"projects", "ls", "--json", "--server", "http://127.0.0.1:1"}, 1, "E_UNREACHABLE", 503},
		{[]string{"projects", "--wrong", "--json"}, 2, "E_USAGE", 400},
		{[]string{"--json", "nonsense"}, 2, "E_USAGE", 400},
		{[]string{"init", "--json", "x"}, 1, "E_NO_REPOSITORY", 400},
	} {
		got := run(t, "", test.args...)
		var document problem.Document
		if err := json.Unmarshal([]byte(got.stdout), &document); err != nil {
			t.Errorf("%v: %v\n%s%s", test.args, err, got.stdout, got.stderr)
			continue
		}
		if got.stderr != "" {
			t.Errorf("%v: the failure is told on stderr, too: %s", test.args, got.stderr)
		}
		if got.code != test.exit || string(document.Code) != test.code || document.StatusCode != test.status || document.Status != "error" || document.Message == "" {
			t.Errorf("%v: exit code %d, %+v; want %d, %s, %d", test.args, got.code, document, test.exit, test.code, test.status)
		}
	}
}
