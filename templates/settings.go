package templates

import (
	"slices"

	"github.com/paastech-cloud/paastech/paas"
)

// Settings are forms with how a project is called, deployed and run.
type Settings struct {
	Frame
	ProjectHead
	Mistakes
	NewName  string // as typed, or as it is
	Branch   string
	Groups   []SettingGroup
	Text     string // everything that is set, as JSON
	Open     bool   // the text is what was typed last
	Revision string // of what is set
	Waiting  bool   // what runs does not have all of it yet
	Rollout  Rollout
	Volumes  Volumes
}

func (Settings) file() string { return "settings.html" }

// SettingGroup are settings that belong together.
type SettingGroup struct {
	ID       string
	Title    string
	Note     string
	Wrong    string
	Folds    bool // it is of interest to few
	Settings []Setting
}

// Open tells whether a group that folds has something to show.
func (g SettingGroup) Open() bool {
	return slices.ContainsFunc(g.Settings, func(s Setting) bool { return s.Value != "" || s.Declared != "" || s.Wrong != "" || s.Changed })
}

// Setting is one field, beside what holds while it is empty.
type Setting struct {
	Name     string // of the field, and in the API
	Label    string
	Hint     string
	Value    string      // as typed, or as set
	Choices  [][2]string // not nil: values and their words
	Wide     bool
	Declared string // in the source
	Default  string // when neither says anything
	Stored   string // by somebody else in the meantime
	Changed  bool   // somebody else stored it
	Wrong    string
}

// Volumes are a project's directories that outlive deployments.
type Volumes struct {
	ID      paas.ProjectID
	All     []VolumeRow
	Unknown bool   // the engine did not say
	Named   string // the one whose deletion was refused
	Typed   string
	Wrong   string
}

// VolumeRow is one of them.
type VolumeRow struct {
	Name       string
	Used, Size uint64 // bytes
	Mounted    bool   // a version uses it
}

// DeleteProject says what the deletion of a project takes along, and asks for its name.
type DeleteProject struct {
	Frame
	ProjectHead
	Mistakes
	Typed      string
	Containers int
	Disk       uint64 // bytes
	Variables  int
	Volumes    []VolumeRow
}

func (DeleteProject) file() string { return "deleteproject.html" }

// NewProject is the form that makes one.
type NewProject struct {
	Frame
	Mistakes
	Typed string
}

func (NewProject) file() string { return "newproject.html" }
