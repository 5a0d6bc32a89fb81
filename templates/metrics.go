package templates

// Metrics is what a project used and did, as graphs.
type Metrics struct {
	Frame
	ProjectHead
	Ranges  []Tab // how far back one can look
	Figures []Figure
	Charts  []Chart
	Nothing string // why there is nothing to show; empty when there is
	New     bool   // nothing was ever deployed
}

func (Metrics) file() string { return "metrics.html" }

// Figure is a number that people look for first.
type Figure struct {
	Name  string
	Value string
	About string
	Bad   bool // it asks for attention
}
