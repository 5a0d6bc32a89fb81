package templates

import "time"

// Logs is what a project writes.
type Logs struct {
	Frame
	ProjectHead
	LogFilter
	Mistakes Mistakes
	At       *time.Time // of the line that the address names, among those around it
	Log      Lines
}

func (Logs) file() string { return "logs.html" }

// LogFilter says which lines are shown, as it was typed, and what it offers.
type LogFilter struct {
	Process, Deployment, Grep, Since, Until string

	Processes   []string // types, and containers of those that have several
	Deployments []string
}

// Filtered tells whether some lines are left out.
func (f LogFilter) Filtered() bool {
	return f.Process != "" || f.Deployment != "" || f.Grep != "" || f.Since != "" || f.Until != ""
}
