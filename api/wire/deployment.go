package wire

import (
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// Deployment is one attempt to make a version run.
type Deployment struct {
	Number    int             `json:"number"`
	Name      string          `json:"name"` // v3
	State     paas.State      `json:"state"`
	Reason    paas.Reason     `json:"reason"`
	Branch    string          `json:"branch"`
	Commit    paas.CommitID   `json:"commit"`
	Subject   string          `json:"subject"` // the first line of the commit's message
	Author    string          `json:"author"`  // of the commit, as it says
	Port      int             `json:"port"`    // where the application answers; 0 until known
	Processes []paas.Process  `json:"processes"`
	Formation paas.Formation  `json:"formation"`          // how many containers of each process it runs
	App       paas.App        `json:"app"`                // how they run
	Restores  int             `json:"restores,omitempty"` // the deployment that this one rolls back to
	Diagnosis *paas.Diagnosis `json:"diagnosis"`          // why it failed
	CreatedAt time.Time       `json:"createdAt"`
	BegunAt   *time.Time      `json:"begunAt"` // its build left the queue; null when nothing was to be built
	BuiltAt   *time.Time      `json:"builtAt"`
	LiveAt    *time.Time      `json:"liveAt"`
	EndedAt   *time.Time      `json:"endedAt"`
}

// DeploymentOf shows a deployment, without its environment and image.
func DeploymentOf(d paas.Deployment) Deployment {
	processes := d.Image.Processes
	if processes == nil {
		processes = []paas.Process{}
	}
	return Deployment{
		Number: d.Number, Name: d.Name(), State: d.State, Reason: d.Reason, Branch: d.Branch, Commit: d.Commit, Subject: d.Note.Subject, Author: d.Note.Author,
		Port: d.Port, Processes: processes, Formation: d.Runs(), App: d.App, Restores: d.Restores, Diagnosis: d.Diagnosis,
		CreatedAt: d.CreatedAt.UTC(), BegunAt: utc(d.BegunAt), BuiltAt: utc(d.BuiltAt), LiveAt: utc(d.LiveAt), EndedAt: utc(d.EndedAt),
	}
}

// EventEnd is the name of the event that closes a stream of log lines, which are events without a
// name. Its data is the Deployment in the log of one, else null.
const EventEnd = "end"
