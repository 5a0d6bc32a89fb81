package builder

import (
	_ "embed"
	"slices"
)

//go:embed app.schema.json
var appSchema []byte

// AppSchema is the JSON Schema (draft 2020-12) of paastech/app.yaml, for editors.
func AppSchema() []byte { return slices.Clone(appSchema) }
