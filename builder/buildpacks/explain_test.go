package buildpacks

import (
	"strings"
	"testing"
)

func TestExplain(t *testing.T) {
	tests := []struct {
		files []string
		want  string
	}{
		{nil, "empty"},
		{[]string{"notes.txt"}, "looked for package.json"},
		{[]string{"Dockerfile", "main.c"}, "There is a Dockerfile, which is not built yet."},
		{[]string{"Gemfile"}, "Ruby is not supported yet"},
		{[]string{"a/b/package.json", "frontend/package.json"}, "set `path: frontend`"},
		{[]string{"node_modules/x/package.json"}, "Add one of them"},
	}
	for _, test := range tests {
		if got := Explain(test.files); !strings.Contains(got, test.want) {
			t.Errorf("Explain(%q) = %q, want it to say %q", test.files, got, test.want)
		}
	}
}

func TestFindFailure(t *testing.T) {
	log := "npm run build\nERROR E_FIRST: not this.\n[builder] ERROR E_BUILD_SCRIPT_FAILED: the script failed.\r\nERROR: failed to build: exit status 1\n"
	code, sentence, ok := FindFailure(log)
	if !ok || code != "E_BUILD_SCRIPT_FAILED" || sentence != "the script failed." {
		t.Errorf("FindFailure = %q, %q, %v", code, sentence, ok)
	}
	if _, _, ok := FindFailure("ERROR: failed to build\n"); ok {
		t.Error("FindFailure found a failure that no buildpack printed")
	}
}
