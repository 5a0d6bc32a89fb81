package wire

import (
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// Scaled is a project's formation, and the deployment that a change of it made.
type Scaled struct {
	Formation  paas.Formation `json:"formation"`
	Deployment *Deployment    `json:"deployment,omitempty"`
}

// Operation is one step of a rollout.
type Operation struct {
	Kind       paas.OperationKind `json:"kind"`
	Deployment int                `json:"deployment"`
	Process    string             `json:"process,omitempty"`
	Index      int                `json:"index,omitempty"`
	Container  paas.ContainerID   `json:"container,omitempty"`
	Says       string             `json:"says"` // in words
}

// OperationOf shows a step.
func OperationOf(o paas.Operation) Operation {
	return Operation{Kind: o.Kind, Deployment: o.Deployment, Process: o.Process, Index: o.Index, Container: o.Container, Says: o.String()}
}

// Sample is what a project used and did in the span that ends at a time.
type Sample struct {
	At       time.Time  `json:"at"`
	Seconds  int        `json:"seconds"` // the span
	CPU      float64    `json:"cpu"`     // percent of one core
	Memory   uint64     `json:"memory"`  // bytes
	Limit    uint64     `json:"memoryLimit"`
	Received uint64     `json:"received"` // bytes
	Sent     uint64     `json:"sent"`
	Restarts int        `json:"restarts"`
	Requests uint64     `json:"requests"`
	Errors   uint64     `json:"errors"`
	Latency  Percentile `json:"latency"`
}

// Percentile is durations that so many of a hundred requests did not exceed, in milliseconds; the
// bound of the histogram's bucket.
type Percentile struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
}

// SampleOf shows a sample.
func SampleOf(s paas.Sample) Sample {
	milliseconds := func(of float64) float64 { return float64(s.Traffic.Percentile(of)) / float64(time.Millisecond) }
	return Sample{
		At: s.At.UTC(), Seconds: int(s.Span / time.Second), CPU: s.CPU, Memory: s.Memory, Limit: s.Limit, Received: s.Received, Sent: s.Sent,
		Restarts: s.Restarts, Requests: s.Traffic.Requests, Errors: s.Traffic.Errors,
		Latency: Percentile{milliseconds(50), milliseconds(95), milliseconds(99)},
	}
}

// VolumeUse is a volume as it is.
type VolumeUse struct {
	Name    string `json:"name"`
	Size    int64  `json:"size"` // bytes
	Used    int64  `json:"used"`
	Mounted bool   `json:"mounted"` // a container has it
}

// VolumeOf shows a volume.
func VolumeOf(v paas.VolumeUse) VolumeUse {
	return VolumeUse{Name: v.Name, Size: int64(v.Size), Used: int64(v.Used), Mounted: v.Mounted}
}

// CronRun is one time that a cron line ran.
type CronRun struct {
	Schedule  string     `json:"schedule"`
	Command   string     `json:"command"`
	Due       time.Time  `json:"due"`
	StartedAt time.Time  `json:"startedAt"`
	EndedAt   *time.Time `json:"endedAt"` // null while it runs
	ExitCode  int        `json:"exitCode"`
	Note      string     `json:"note"` // why it did not run, or did not end well
}

// CronRunOf shows a run.
func CronRunOf(r paas.CronRun) CronRun {
	return CronRun{Schedule: r.Line.Schedule, Command: r.Line.Command, Due: r.Due.UTC(), StartedAt: r.StartedAt.UTC(), EndedAt: utc(r.EndedAt), ExitCode: r.ExitCode, Note: r.Note}
}
