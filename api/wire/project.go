package wire

import (
	"fmt"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// Project is a project as its owner sees it.
type Project struct {
	ID         paas.ProjectID `json:"id"`
	Name       string         `json:"name"`
	Owner      Owner          `json:"owner"`
	Config     Config         `json:"config"`
	Settings   Settings       `json:"settings"`
	CreatedAt  time.Time      `json:"createdAt"`
	UpdatedAt  time.Time      `json:"updatedAt"`
	GitURL     string         `json:"gitUrl"`
	URL        string         `json:"url"`
	Status     paas.Status    `json:"status"`
	Deployment *Deployment    `json:"deployment"` // the newest, whatever became of it
	Live       *Deployment    `json:"live"`       // the one that runs
	Running    paas.Formation `json:"running"`    // containers of the live version that run, by process
	Ending     paas.Formation `json:"ending"`     // those of earlier versions that are on their way out
	Crash      *Crash         `json:"crash"`      // null unless it keeps ending
	Admission  string         `json:"admission"`  // open, maintenance or paused
	Notice     string         `json:"notice"`     // what visitors are told during maintenance
}

// AdmissionOpen is the admission of a project whose requests come in.
const AdmissionOpen = "open"

// Maintenance is what visitors are told meanwhile.
type Maintenance struct {
	Notice string `json:"notice,omitempty"`
}

// Crash is why a project keeps ending, and when it is tried again.
type Crash struct {
	Message   string    `json:"message"`
	NextStart time.Time `json:"nextStart"`
}

// Owner is whose a project is.
type Owner struct {
	ID       paas.UserID `json:"id"`
	Username string      `json:"username"`
}

// Config is what reaches the application. Env is never null.
type Config struct {
	Env paas.Env `json:"env"`
}

// Settings are how a project is deployed.
type Settings struct {
	Branch    string         `json:"branch"`    // empty until the first deploy
	App       paas.App       `json:"app"`       // what is set over what the source declares
	Formation paas.Formation `json:"formation"` // what was scaled; processes that are missing are as declared
	Revision  string         `json:"revision"`  // of app: another as soon as that is another
}

// NewProject is a project to make.
type NewProject struct {
	Name string `json:"name"`
}

// ProjectChange changes a project; what is missing stays.
type ProjectChange struct {
	Name     *string         `json:"name,omitempty"`
	Settings *SettingsChange `json:"settings,omitempty"`
}

// SettingsChange changes settings; what is missing stays.
type SettingsChange struct {
	Branch *string   `json:"branch,omitempty"`
	App    *paas.App `json:"app,omitempty"` // replaces what was set before
}

// Env is a set of variables, and the deployment that a change of it made.
type Env struct {
	Env        paas.Env    `json:"env"`
	Revision   string      `json:"revision"` // of the set: another as soon as that is another
	Deployment *Deployment `json:"deployment,omitempty"`
}

// NewEnv replaces a set of variables.
type NewEnv struct {
	Env paas.Env `json:"env" required:"true"`
}

// EnvChange sets variables; null removes one.
type EnvChange struct {
	Env map[string]*paas.Secret `json:"env"`
}

// Deploy redeploys the newest image; a set of variables that is not empty replaces the stored one.
type Deploy struct {
	EnvVars paas.Env `json:"env_vars"`
}

// StatusQuery asks for the statuses of projects by the first PaaSTech's names.
type StatusQuery struct {
	ContainerNames []paas.ProjectID `json:"container_names,omitempty"`
}

// Statuses answers a StatusQuery.
type Statuses struct {
	ContainerStatuses []ContainerStatus `json:"container_statuses"`
}

// ContainerStatus is one project's status.
type ContainerStatus struct {
	ContainerName   paas.ProjectID `json:"container_name"`
	ContainerStatus string         `json:"container_status"`
}

// Logs is text that was written, oldest line first.
type Logs struct {
	Logs  string    `json:"logs"`
	Lines []LogLine `json:"lines,omitempty"` // instead of text, when they were asked for
}

// LogLine is one line that a container wrote.
type LogLine struct {
	At         time.Time   `json:"at"`
	Deployment int         `json:"deployment"`
	Process    string      `json:"process"` // web.1
	Stream     paas.Stream `json:"stream"`  // stdout, stderr, or system: the platform's own word
	Text       string      `json:"text"`
}

// LogLineOf shows a line.
func LogLineOf(l paas.LogLine) LogLine {
	return LogLine{At: l.At.UTC(), Deployment: l.Deployment, Process: fmt.Sprintf("%s.%d", l.Process, l.Index), Stream: l.Stream, Text: l.Text}
}
