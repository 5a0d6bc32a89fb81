package templates

import (
	"fmt"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
)

// AdminHead is what stands above every page of the administration.
type AdminHead struct {
	Tab string // of the pages: overview, users, projects, keys, audit or settings
}

// AdminTabs are the pages of the administration.
func (h AdminHead) AdminTabs() []Tab {
	var tabs []Tab
	for _, tab := range []Tab{
		{Name: "overview", Label: "Overview", Path: "/admin"}, {Name: "users", Label: "Users", Path: "/admin/users"}, {Name: "projects", Label: "Projects", Path: "/admin/projects"},
		{Name: "keys", Label: "SSH keys", Path: "/admin/keys"}, {Name: "audit", Label: "Audit", Path: "/admin/audit"}, {Name: "settings", Label: "Settings", Path: "/admin/settings"},
	} {
		tab.Current = tab.Name == h.Tab
		tabs = append(tabs, tab)
	}
	return tabs
}

// Listing is a list that can be searched, and may show only its beginning.
type Listing struct {
	What   string // is listed: users, projects
	Search string
	Shown  int
	Found  int
	All    int
}

// Admin is the platform at a glance.
type Admin struct {
	Frame
	AdminHead
	Overview paas.Overview
	Gauges   []Gauge
	Look     paas.Look // the doctor's last
	Mailbox  bool      // kept mails can be read
}

func (Admin) file() string { return "admin.html" }

// Statuses are those that projects have, with how many do.
func (a Admin) Statuses() []StatusCount {
	var counts []StatusCount
	for _, status := range []paas.Status{
		paas.StatusRunning, paas.StatusStarting, paas.StatusUnhealthy, paas.StatusCrashing, paas.StatusFailed, paas.StatusSleeping, paas.StatusStopping, paas.StatusStopped, paas.StatusNew,
	} {
		if n := a.Overview.Statuses[status]; n > 0 {
			counts = append(counts, StatusCount{status, n})
		}
	}
	return counts
}

// StatusCount is how many projects have a status.
type StatusCount struct {
	Status paas.Status
	Count  int
}

// Gauge is something that the host has a bounded amount of.
type Gauge struct {
	What  string
	Value string
	Of    string
	Note  string
	Meter Meter
}

// Gauges are the host's, as far as it was measured.
func Gauges(o paas.Overview) []Gauge {
	if o.Capacity == nil {
		return nil
	}
	return []Gauge{loadGauge(*o.Capacity), memoryGauge(o), diskGauge(o)}
}

func loadGauge(c paas.Capacity) Gauge {
	gauge := Gauge{What: "Processor", Value: fmt.Sprintf("%.2f", c.Load), Of: counted(c.Cores, "core"), Note: "Processes that ran or wanted to, over the last minute"}
	gauge.Meter = MeterOf(fmt.Sprintf("%s of %s busy", gauge.Value, gauge.Of), int64(c.Load*100), int64(c.Cores)*100)
	return gauge
}

func memoryGauge(o paas.Overview) Gauge {
	used := o.Capacity.Memory - o.Capacity.MemoryFree
	gauge := Gauge{What: "Memory", Value: size(used), Of: size(o.Capacity.Memory), Note: size(o.Promised) + " promised to containers that run"}
	gauge.Meter = MeterOf(fmt.Sprintf("%s of %s used", gauge.Value, gauge.Of), used, o.Capacity.Memory)
	return gauge
}

func diskGauge(o paas.Overview) Gauge {
	c := o.Capacity
	used := c.Disk - c.DiskFree
	gauge := Gauge{What: "Disk", Value: size(used), Of: size(c.Disk), Note: size(o.Reserve) + " stay free: no build starts below"}
	gauge.Meter.Label = fmt.Sprintf("%s of %s used", gauge.Value, gauge.Of)
	gauge.Meter.Add("a", "Images and build caches", o.DiskUse.Images, c.Disk)
	gauge.Meter.Add("b", "Volumes", o.DiskUse.Volumes, c.Disk)
	gauge.Meter.Add("c", "Repositories", o.DiskUse.Repositories, c.Disk)
	gauge.Meter.Add("d", "Logs", o.DiskUse.Logs, c.Disk)
	gauge.Meter.Add("other", "Everything else", used-o.DiskUse.Sum(), c.Disk)
	return gauge
}

func size(n int64) string { return bytesOf(uint64(max(0, n))) }

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// AdminProjects lists everybody's projects.
type AdminProjects struct {
	Frame
	AdminHead
	Listing
	Projects []OwnedProject
}

func (AdminProjects) file() string { return "admin-projects.html" }

// OwnedProject is a project with whose it is.
type OwnedProject struct {
	ProjectRow
	Owner string
}

// AdminKeys lists everybody's SSH keys.
type AdminKeys struct {
	Frame
	AdminHead
	Listing
	Keys []KeyRow
}

func (AdminKeys) file() string { return "admin-keys.html" }

// AdminSettings shows the configuration.
type AdminSettings struct {
	Frame
	AdminHead
	Groups []Section
}

func (AdminSettings) file() string { return "admin-settings.html" }

// Section is the settings below one key.
type Section struct {
	Name     string
	Settings []paas.Setting
}

// Sections puts settings whose names begin alike together, in their order; those at the top are general.
func Sections(settings []paas.Setting) []Section {
	var groups []Section
	for _, setting := range settings {
		name, _, below := strings.Cut(setting.Name, ".")
		if !below {
			name = "general"
		}
		if last := len(groups) - 1; last < 0 || groups[last].Name != name {
			groups = append(groups, Section{Name: name})
		}
		group := &groups[len(groups)-1]
		group.Settings = append(group.Settings, setting)
	}
	return groups
}
