package api

import (
	"net/http"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/api/openapi"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

// TestUnexplainedOperationsKeepTheDaemonFromStarting takes from a good operation one thing at a time.
func TestUnexplainedOperationsKeepTheDaemonFromStarting(t *testing.T) {
	type strange struct {
		Unheard string `json:"unheard"`
	}
	good := func() endpoint {
		answer := func(*web.Call, nothing) (reply[[]paas.Finding], error) { return ok([]paas.Finding{}), nil }
		return tagged("tests", route(answer, operation{name: "try", summary: "Try it.", method: http.MethodGet, path: "/try", level: web.Public, errors: nothingElse()}))[0]
	}
	a := &api{}
	if err := a.describe([]endpoint{good()}); err != nil {
		t.Fatal(err)
	}
	for want, spoil := range map[string]func(*endpoint){
		"no name":                    func(e *endpoint) { e.name = "" },
		"no summary":                 func(e *endpoint) { e.summary = "" },
		"no chapter":                 func(e *endpoint) { e.tag = "" },
		"who may use it":             func(e *endpoint) { e.level = 0 },
		"what can go wrong":          func(e *endpoint) { e.errors = nil },
		"what E_UNHEARD means":       func(e *endpoint) { e.errors = fails("E_UNHEARD") },
		"needs rules and an example": func(e *endpoint) { e.in = described[strange]() },
		"parameter n": func(e *endpoint) {
			e.query = []openapi.Parameter{{Name: "n", In: openapi.InQuery, Schema: &openapi.Schema{}}}
		},
		"parameter :strange": func(e *endpoint) { e.path = "/try/:strange" },
	} {
		spoilt := good()
		spoil(&spoilt)
		if err := a.describe([]endpoint{spoilt}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if err := a.describe([]endpoint{good(), good()}); err == nil || !strings.Contains(err.Error(), "two operations") {
		t.Errorf("twice: %v", err)
	}
}
