package openapi

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Vocabulary says what the fields and types of an API mean: their rules and an example. A field is
// looked up as Type.field, then by its Go type, then as field.
type Vocabulary struct {
	Fields map[string]Schema
	Types  map[reflect.Type]Schema
}

// Generator makes schemas from Go types as encoding/json writes and reads them.
type Generator struct {
	vocabulary Vocabulary
	components map[string]*Schema
	types      map[string]reflect.Type // that components are of
}

// NewGenerator makes a generator with no components yet.
func NewGenerator(vocabulary Vocabulary) *Generator {
	return &Generator{vocabulary: vocabulary, components: map[string]*Schema{}, types: map[string]reflect.Type{}}
}

// Components are the schemas of the structs that were asked for as answers, by name.
func (g *Generator) Components() map[string]*Schema { return g.components }

// Strictness says what a request may carry besides.
type Strictness int

// The two kinds of requests.
const (
	Closed Strictness = iota // fields that are not described are refused
	Open                     // they are passed over
)

// Request is the schema of a body that is read. What has a zero that means something may be left out
// or null: numbers, flags, lists, sets, pointers, and strings that say omitempty.
func (g *Generator) Request(t reflect.Type, how Strictness) (*Schema, error) {
	return g.of(t, t.Name(), reading{input: true, closed: how == Closed})
}

// Answer is the schema of a body that is written: every field is there unless it says omitempty.
func (g *Generator) Answer(t reflect.Type) (*Schema, error) { return g.of(t, t.Name(), reading{}) }

// reading is how a type is looked at.
type reading struct{ input, closed bool }

func (g *Generator) of(t reflect.Type, field string, how reading) (*Schema, error) {
	if known, ok := g.known(t, field); ok {
		return known, nil
	}
	switch t.Kind() {
	case reflect.Pointer:
		schema, err := g.of(t.Elem(), field, how)
		if err != nil {
			return nil, err
		}
		return schema.nullable(), nil
	case reflect.Slice:
		items, err := g.of(t.Elem(), field, how)
		if err != nil {
			return nil, err
		}
		return &Schema{Type: Array, Items: items, Example: []any{items.Example}}, nil
	case reflect.Struct:
		return g.object(t, how)
	case reflect.Bool:
		return &Schema{Type: Boolean, Example: false}, nil
	}
	return nil, fmt.Errorf("%s (%s) is not in the vocabulary: it needs rules and an example", field, t)
}

// known looks a field or type up.
func (g *Generator) known(t reflect.Type, field string) (*Schema, bool) {
	if schema, ok := g.vocabulary.Fields[field]; ok {
		return &schema, true
	}
	if t == reflect.TypeFor[time.Time]() {
		return &Schema{Type: String, Format: "date-time", Example: "2026-01-31T12:00:00Z"}, true
	}
	if schema, ok := g.vocabulary.Types[t]; ok {
		return &schema, true
	}
	if t.Kind() == reflect.Struct || t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
		return nil, false
	}
	_, last, _ := strings.Cut(field, ".")
	schema, ok := g.vocabulary.Fields[last]
	return &schema, ok
}

// object is a struct: part of a request, or a component that answers refer to.
func (g *Generator) object(t reflect.Type, how reading) (*Schema, error) {
	if !how.input && g.types[t.Name()] == t {
		return g.reference(t), nil
	}
	schema := &Schema{Type: Object, Properties: map[string]*Schema{}}
	example := map[string]any{}
	if how.closed {
		schema.AdditionalProperties = false
	}
	if err := g.properties(t, schema, example, how); err != nil {
		return nil, err
	}
	schema.Example = example
	if how.input {
		return schema, nil
	}
	if other, taken := g.types[t.Name()]; taken && other != t {
		return nil, fmt.Errorf("%s and %s have the same name", t, other)
	}
	g.types[t.Name()], g.components[t.Name()] = t, schema
	return g.reference(t), nil
}

func (g *Generator) reference(t reflect.Type) *Schema {
	return &Schema{Ref: "#/components/schemas/" + t.Name(), Example: g.components[t.Name()].Example}
}

// properties adds the fields of a struct, those of embedded structs among them.
func (g *Generator) properties(t reflect.Type, into *Schema, example map[string]any, how reading) error {
	for i := range t.NumField() {
		field := t.Field(i)
		if field.Anonymous {
			if err := g.properties(field.Type, into, example, how); err != nil {
				return err
			}
			continue
		}
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "" || name == "-" {
			return fmt.Errorf("%s.%s has no name in JSON", t, field.Name)
		}
		property, optional, err := g.property(t, field, name, options, how)
		if err != nil {
			return err
		}
		into.Properties[name], example[name] = property, property.Example
		if !optional {
			into.Required = append(into.Required, name)
		}
	}
	return nil
}

// property is one field, and whether it may be left out.
func (g *Generator) property(owner reflect.Type, field reflect.StructField, name, options string, how reading) (*Schema, bool, error) {
	left := options == "omitempty" || options == "omitzero"
	of := field.Type
	if of.Kind() == reflect.Pointer && (left || how.input) {
		of = of.Elem()
	}
	schema, err := g.of(of, owner.Name()+"."+name, how)
	if err != nil || !how.input {
		return schema, left, err
	}
	if required := field.Tag.Get("required") == "true" || !left && of.Kind() == reflect.String && of == field.Type; required {
		return schema, false, nil
	}
	return schema.nullable(), true, nil
}
