package templates

import (
	"github.com/paastech-cloud/paastech/paas"
)

// Frame is what stands around every page.
type Frame struct {
	Title    string
	Username string // empty when nobody is logged in
	Admin    bool
	Section  string // of the navigation: projects, profile or admin; empty for none
	Done     string // what the form before has done, in a sentence
	Watch    string // whose changes the page shows: projects, or project/<id>; empty for none
	Every    int    // seconds after which the page looks again for what no change announces; 0 never
}

// Scripts tells whether the page is live with JavaScript.
func (f Frame) Scripts() bool { return f.Username != "" }

// Mistakes is what was wrong with what somebody sent.
type Mistakes struct {
	Summary string            // a sentence about the whole
	Fields  map[string]string // by the name of the field
}

// MistakesOf is what a person may know of a failure. Fields that the form does not have are in the
// summary.
func MistakesOf(err *paas.Error) Mistakes {
	m := Mistakes{Summary: err.Message, Fields: map[string]string{}}
	for _, detail := range err.Details {
		m.Fields[detail.Field] = detail.Message
	}
	return m
}

// Of is what was wrong with a field; empty when nothing was.
func (m Mistakes) Of(field string) string { return m.Fields[field] }
