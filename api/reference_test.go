package api_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/api"
	"github.com/paastech-cloud/paastech/api/openapi"
)

// TestReference holds the reference in docs against the code that it is made from; `make docs` writes it anew.
func TestReference(t *testing.T) {
	var document openapi.Document
	if err := json.Unmarshal(newContract(t, newWorld(t).server).text, &document); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"api.md": apiReference(document), "errors.md": errorReference()} {
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

func errorReference() string {
	var out strings.Builder
	out.WriteString("# Error codes\n\nMade from the code by `make docs`. Code and sentence are the same in the push, the command line, the API and the page; the sentences here are examples.\n\n| code | HTTP | like |\n|---|---|---|\n")
	all := api.Meanings()
	for _, code := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&out, "| `%s` | %d | %s |\n", code, all[code].Status, strings.ReplaceAll(all[code].Sentence, "|", "\\|"))
	}
	return out.String()
}

func apiReference(document openapi.Document) string {
	var out strings.Builder
	fmt.Fprintf(&out, "# API\n\nMade from the code by `make docs`. Every server has the whole of it at `/api/docs`, and for programs at `/api/v1/openapi.json`. All paths begin with `%s`. Every operation may also answer %s.\n", document.Servers[0].URL, strings.Join(usual, ", "))
	for _, tag := range document.Tags {
		fmt.Fprintf(&out, "\n## %s\n\n", tag.Name)
		if tag.Description != "" {
			fmt.Fprintf(&out, "%s\n\n", tag.Description)
		}
		out.WriteString("| operation | | who | codes besides the usual |\n|---|---|---|---|\n")
		for _, path := range slices.Sorted(maps.Keys(document.Paths)) {
			for _, method := range slices.Sorted(maps.Keys(document.Paths[path])) {
				operation := document.Paths[path][method]
				if !slices.Contains(operation.Tags, tag.Name) {
					continue
				}
				fmt.Fprintf(&out, "| `%s %s` | %s | %s | %s |\n", strings.ToUpper(method), path, strings.ReplaceAll(operation.Summary, "|", "\\|"), operation.Level, strings.Join(unusual(operation.Errors), ", "))
			}
		}
	}
	return out.String()
}

// usual are the codes that nearly every operation may answer.
var usual = []string{"E_INTERNAL", "E_INVALID", "E_NOT_LOGGED_IN", "E_SHUTTING_DOWN", "E_TOKEN_SCOPE", "E_TOO_LARGE", "E_UNAVAILABLE"}

func unusual(codes []string) []string {
	return slices.DeleteFunc(slices.Clone(codes), func(code string) bool { return slices.Contains(usual, code) })
}
