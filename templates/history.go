package templates

import "github.com/paastech-cloud/paastech/paas"

// History lists what happened to a project, newest first.
type History struct {
	Frame
	ProjectHead
	Events []paas.Event
	Newest bool  // it is the first page
	Next   int64 // where the next page begins; 0 at the end
}

func (History) file() string { return "history.html" }
