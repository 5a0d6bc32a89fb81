package templates

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
)

// In is m as a form shows it that has these fields: what is wrong with one of them stands beside it, and
// everything else above.
func (m Mistakes) In(fields ...string) Mistakes {
	if len(m.Fields) == 0 {
		return m
	}
	for field := range m.Fields {
		if !slices.Contains(fields, field) {
			return m
		}
	}
	m.Summary = ""
	return m
}

// Wrong is what stands beside a field; nil when nothing is wrong with it.
func (m Mistakes) Wrong(field, id string) *Wrong {
	if m.Fields[field] == "" {
		return nil
	}
	return &Wrong{ID: id + "-wrong", Message: m.Fields[field]}
}

// Wrong is what is wrong with a field, under an id that the field refers to.
type Wrong struct{ ID, Message string }

// Field is the id and name of a field, and what describes it: hints by their ids, and what is wrong,
// which then has the focus.
func (m Mistakes) Field(field, id string, hints ...string) template.HTMLAttr {
	if m.Fields[field] != "" {
		hints = append([]string{id + "-wrong"}, hints...)
	}
	attributes := fmt.Sprintf(`id="%s" name="%s"`, template.HTMLEscapeString(id), template.HTMLEscapeString(field))
	if len(hints) > 0 {
		attributes += fmt.Sprintf(` aria-describedby="%s"`, template.HTMLEscapeString(strings.Join(hints, " ")))
	}
	if m.Fields[field] != "" {
		attributes += ` aria-invalid="true" autofocus`
	}
	return template.HTMLAttr(attributes)
}
