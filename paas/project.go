package paas

import (
	"regexp"
	"time"
)

// ProjectID identifies a project: a UUIDv4. It is also the first label of the project's hostname.
type ProjectID string

// Project is a named thing a user deploys: one bare git repository, one configuration, one hostname.
type Project struct {
	ID           ProjectID
	Owner        UserID
	OwnerName    string // username of the owner, filled on reading
	Name         string
	Env          Env       // reaches the application
	BuildEnv     Env       // reaches the build only
	DeployBranch string    // the branch whose pushes deploy; empty until main or master is first pushed
	Stopped      bool      // its owner wants it stopped
	Depth        Depth     // how deep it sleeps
	SleptAt      time.Time // since when it is at that depth; zero while it is awake
	Reception    Reception // of its visitors
	App          App       // what its owner set over what the source declares
	Formation    Formation // what its owner scaled to; processes that are missing are as declared
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

// ProjectNamePattern is what names of projects look like.
const ProjectNamePattern = `^[a-z]([a-z0-9-]*[a-z0-9])?$`

var projectName = regexp.MustCompile(ProjectNamePattern)

// MaxProjectName is how many characters a project's name has at the most.
const MaxProjectName = 40

// ValidateProjectName says what is wrong with a project's name.
func ValidateProjectName(name string) error {
	if len(name) > MaxProjectName || !projectName.MatchString(name) {
		return InvalidField("name", "A project's name has 1 to %d lower-case letters, digits or -, begins with a letter and does not end with -.", MaxProjectName)
	}
	return nil
}

// Status is what a project shows to people.
type Status string

// The statuses of a project (DESIGN.md, section 1).
const (
	StatusNew       Status = "new"       // never built
	StatusStarting  Status = "starting"  // its first version is being built or started, or it was started again and has not answered
	StatusRunning   Status = "running"   // answers
	StatusUnhealthy Status = "unhealthy" // runs but does not answer well
	StatusCrashing  Status = "crashing"  // its containers keep ending
	StatusSleeping  Status = "sleeping"  // until the next request
	StatusStopping  Status = "stopping"
	StatusStopped   Status = "stopped"
	StatusFailed    Status = "failed" // its first deployment never got live
)

// Legacy is the first PaaSTech's name for a status.
func (s Status) Legacy() string {
	switch s {
	case StatusStarting:
		return "STATUS_STARTING"
	case StatusRunning, StatusSleeping, StatusUnhealthy, StatusCrashing:
		return "STATUS_RUNNING"
	case StatusStopping:
		return "STATUS_STOPPING"
	case StatusNew, StatusStopped, StatusFailed:
		return "STATUS_STOPPED"
	}
	return "STATUS_UNKNOWN"
}
