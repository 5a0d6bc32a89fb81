package templates

import "github.com/paastech-cloud/paastech/paas"

// Env is a form with a project's variables.
type Env struct {
	Frame
	ProjectHead
	Mistakes
	Build   bool         // those of builds, not of the application
	Unseen  bool         // the reader may not see the values
	Open    bool         // all values are shown
	Rows    []EnvRow     // what is stored, with what was typed over it
	Fresh   []EnvRow     // lines for more
	Paste   string       // of a .env file
	Replace bool         // what is pasted becomes the whole set
	Waiting paas.EnvDiff // what does not run yet
}

func (Env) file() string { return "env.html" }

// EnvRow is one variable in the form.
type EnvRow struct {
	Name   string
	Value  string // as stored, or as typed
	Base   string // tells the value that the row was made with; empty when the row does not show it
	Opaque bool   // the form cannot show the value: only a new one can be typed
	Open   bool
	Remove bool
	Wrong  string
}

// EnvReview shows what a change of variables would do, and asks for the decision.
type EnvReview struct {
	Frame
	ProjectHead
	Mistakes
	Build    bool
	Changes  []EnvChange
	Change   string // all of it, for the form to carry along
	Revision string // of the set that it was compared with
	Rollout  Rollout
}

func (EnvReview) file() string { return "envreview.html" }

// EnvChange is what would become of one variable.
type EnvChange struct {
	Name      string
	What      string // added, changed or removed
	Meanwhile bool   // somebody else changed it since the form was opened
}

// Rollout is what can follow a change of configuration at once.
type Rollout string

// The kinds of Rollout.
const (
	NoRollout  Rollout = ""       // nothing was built yet
	Redeploy   Rollout = "deploy" // the running version is replaced
	StartAgain Rollout = "start"  // the project is stopped
)
