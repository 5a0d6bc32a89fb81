package wire

import (
	"github.com/paastech-cloud/paastech/paas"
)

// Overview is the platform at a glance.
type Overview struct {
	Users       int                 `json:"users"`
	Admins      int                 `json:"admins"`
	Unverified  int                 `json:"unverified"`
	Projects    int                 `json:"projects"`
	Statuses    map[paas.Status]int `json:"statuses"`
	Containers  int                 `json:"containers"`
	Promised    int64               `json:"memoryPromised"` // bytes, to the containers that run
	Deployments int                 `json:"deployments"`    // on their way
	Queued      int                 `json:"queued"`         // of which
	Building    int                 `json:"building"`       // of which
	MailsQueued int                 `json:"mailsQueued"`
	MailsFailed int                 `json:"mailsFailed"`

	Capacity *Capacity `json:"capacity,omitempty"`
	Reserve  int64     `json:"diskReserve"` // bytes
	DiskUse  DiskUse   `json:"diskUse"`
	Concerns []Concern `json:"concerns"`
}

// Capacity is what the host has, in bytes.
type Capacity struct {
	Cores      int     `json:"cores"`
	Load       float64 `json:"load"`
	Memory     int64   `json:"memory"`
	MemoryFree int64   `json:"memoryFree"`
	Disk       int64   `json:"disk"`
	DiskFree   int64   `json:"diskFree"`
}

// DiskUse is what all projects take, in bytes.
type DiskUse struct {
	Repositories int64 `json:"repositories"`
	Images       int64 `json:"images"`
	Logs         int64 `json:"logs"`
	Volumes      int64 `json:"volumes"`
}

// Concern is something to look at.
type Concern struct {
	About   paas.Subject   `json:"about"`
	Project paas.ProjectID `json:"project,omitempty"`
	Message string         `json:"message"`
}

// OverviewOf shows an overview.
func OverviewOf(o paas.Overview) Overview {
	shown := Overview{
		Users: o.Users, Admins: o.Admins, Unverified: o.Unverified, Projects: o.Projects, Statuses: o.Statuses, Containers: o.Containers, Promised: o.Promised,
		Deployments: o.Active, Queued: o.Queued, Building: o.Building, MailsQueued: o.MailsQueued, MailsFailed: o.MailsFailed,
		Reserve: o.Reserve, DiskUse: DiskUse(o.DiskUse), Concerns: make([]Concern, len(o.Concerns)),
	}
	if o.Capacity != nil {
		capacity := Capacity(*o.Capacity)
		shown.Capacity = &capacity
	}
	for i, concern := range o.Concerns {
		shown.Concerns[i] = Concern(concern)
	}
	return shown
}

// Setting is one value of the configuration.
type Setting struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	Secret  bool   `json:"secret"`  // its value is not told
	Default bool   `json:"default"` // it is what it is without a configuration
}

// SettingOf shows a setting.
func SettingOf(s paas.Setting) Setting { return Setting(s) }
