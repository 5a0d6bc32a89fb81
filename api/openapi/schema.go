package openapi

// Schema is a JSON schema (draft 2020-12), as far as it is used here.
type Schema struct {
	Ref                  string             `json:"$ref,omitempty"`
	Type                 any                `json:"type,omitempty"` // a name, or several
	Description          string             `json:"description,omitempty"`
	Format               string             `json:"format,omitempty"`
	Pattern              string             `json:"pattern,omitempty"`
	Enum                 []any              `json:"enum,omitempty"`
	Const                any                `json:"const,omitempty"`
	Default              any                `json:"default,omitempty"`
	MinLength            int                `json:"minLength,omitempty"`
	MaxLength            int                `json:"maxLength,omitempty"`
	Minimum              *int               `json:"minimum,omitempty"`
	Maximum              *int               `json:"maximum,omitempty"`
	Items                *Schema            `json:"items,omitempty"`
	MaxItems             int                `json:"maxItems,omitempty"`
	Properties           map[string]*Schema `json:"properties,omitempty"`
	Required             []string           `json:"required,omitempty"`
	AdditionalProperties any                `json:"additionalProperties,omitempty"` // false, or a schema
	PropertyNames        *Schema            `json:"propertyNames,omitempty"`
	MaxProperties        int                `json:"maxProperties,omitempty"`
	Not                  *Schema            `json:"not,omitempty"`
	AllOf                []*Schema          `json:"allOf,omitempty"`
	AnyOf                []*Schema          `json:"anyOf,omitempty"`

	Example any `json:"-"` // a value that it describes, from which the examples of bodies are made
}

// Types of JSON values.
const (
	String  = "string"
	Integer = "integer"
	Number  = "number"
	Boolean = "boolean"
	Object  = "object"
	Array   = "array"
	Null    = "null"
)

// nullable is the schema, or null.
func (s *Schema) nullable() *Schema {
	name, simple := s.Type.(string)
	if !simple || s.Const != nil || s.Enum != nil {
		return &Schema{AnyOf: []*Schema{s, {Type: Null}}, Example: s.Example}
	}
	copied := *s
	copied.Type = []string{name, Null}
	return &copied
}
