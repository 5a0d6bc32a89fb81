package web_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestBodies(t *testing.T) {
	d := open(t, nil)
	for name, try := range map[string]struct {
		body   string
		status int
		says   string
	}{
		"good":             {`{"name":"a"}`, 200, "ada"},
		"none":             {``, 200, "ada"},
		"unknown":          {`{"nme":"a"}`, 400, `"field":"nme"`},
		"unknown, quoted":  {`{"n\"e":"a"}`, 400, `There is no field \"n\\\"e\" here.`},
		"number":           {`{"name":1}`, 400, `{"field":"name","message":"The field name cannot be a number."}`},
		"array in a field": {`{"name":[]}`, 400, `The field name cannot be an array.`},
		"boolean":          {`{"name":true}`, 400, `The field name cannot be true or false.`},
		"inner":            {`{"inner":{"j":1,"k":"v"}}`, 400, `"field":"inner.k"`},
		"inner object":     {`{"inner":{"j":{}}}`, 400, `"field":"inner.j"`},
		"list":             {` {"name":"x","list":[{"a":1},{"a":2,"b":"c"}]}`, 400, `"field":"list.b"`},
		"array":            {`[]`, 400, "must be a JSON object, not an array"},
		"text":             {`"name"`, 400, "must be a JSON object, not a string"},
		"broken":           {`{"name":`, 400, "not valid JSON"},
		"trailing":         {`{"name":"a"} {}`, 400, "nothing after"},
		"deep":             {`{"name":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`, 400, "not valid JSON"},
		"too large":        {`{"name":"` + strings.Repeat("a", 1<<20) + `"}`, 413, "E_TOO_LARGE"},
		"NUL":              {"{\"name\":\"a\x00\"}", 400, "E_INVALID"},
		"escaped NUL":      {`{"name":"a\u0000"}`, 400, "NUL"},
		"no NUL":           {`{"name":"a\\u0000"}`, 200, "ada"},
		"not UTF-8":        {"{\"name\":\"\xff\"}", 400, "Unicode"},
		"half a pair":      {`{"name":"\ud83e"}`, 400, "Unicode"},
		"other half":       {`{"name":"\udd86"}`, 400, "Unicode"},
		"half, then more":  {`{"name":"\ud83e\u0061"}`, 400, "Unicode"},
		"a pair":           {`{"name":"\ud83e\udd86"}`, 200, "ada"},
		"broken escape":    {`{"name":"\u00`, 400, "not valid JSON"},
	} {
		if body := d.expect(try.status, "POST", "/api/mine", try.body, withBearer(d.token)); !strings.Contains(body, try.says) {
			t.Errorf("%s: %s", name, body)
		}
	}
	d.expect(http.StatusBadRequest, "POST", "/api/mine", `{"name":"a"}`, func(r *http.Request) {
		withBearer(d.token)(r)
		r.Header.Set("Content-Type", "text/plain")
	})
}
