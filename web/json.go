package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
)

// badJSON says what is wrong with a body, and where.
func badJSON(body []byte, err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		field := fieldAt(body, wrong.Offset)
		if field == "" {
			return paas.Errorf(paas.Invalid, paas.EInvalid, "The body must be a JSON object, not %s.", withArticle(wrong.Value))
		}
		return paas.InvalidField(field, "The field %s cannot be %s.", field, withArticle(wrong.Value))
	}
	// The standard library has no type for this one.
	if quoted, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		name, err := strconv.Unquote(quoted)
		if err != nil {
			name = quoted
		}
		return paas.InvalidField(name, "There is no field %q here.", name)
	}
	return paas.Errorf(paas.Invalid, paas.EInvalid, "The body is not valid JSON.").Because(err)
}

// withArticle is a kind of JSON value as the standard library names it ("array", "number 1.5"), in a sentence.
func withArticle(kind string) string {
	switch {
	case kind == "bool":
		return "true or false"
	case kind == "array" || kind == "object":
		return "an " + kind
	}
	return "a " + kind
}

// open is an object or array that a walk through JSON is in.
type open struct {
	isObject bool
	wantsKey bool
	key      string // of the value that the walk is at
}

// fieldAt is the path, with dots, of the value that ends or begins just before offset. The standard
// library leaves the keys of maps out of its own.
func fieldAt(body []byte, offset int64) string {
	decoder := json.NewDecoder(bytes.NewReader(body))
	path := []open{{}}
	for {
		token, err := decoder.Token()
		if err != nil {
			return ""
		}
		top := &path[len(path)-1]
		if key, ok := token.(string); ok && top.wantsKey {
			top.key, top.wantsKey = key, false
			continue
		}
		if decoder.InputOffset() >= offset {
			return dotted(path)
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			isObject := token == json.Delim('{')
			path = append(path, open{isObject: isObject, wantsKey: isObject})
			continue
		case json.Delim('}'), json.Delim(']'):
			path = path[:len(path)-1]
		}
		top = &path[len(path)-1]
		top.wantsKey = top.isObject
	}
}

func dotted(path []open) string {
	var keys []string
	for _, at := range path {
		if at.isObject {
			keys = append(keys, at.key)
		}
	}
	return strings.Join(keys, ".")
}
