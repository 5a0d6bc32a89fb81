package paas

import (
	"context"
	"io"
	"net/netip"
	"time"
)

// ContainerID is the engine's name of a container.
type ContainerID string

// Engine runs containers: Docker on this host, or a cluster. It sees only what carries the
// instance's own label.
type Engine interface {
	// Launch creates and starts a container, pulling the image and making the project's network and
	// volumes when they are not there. The container is not restarted by the engine until Keep is called.
	Launch(ctx context.Context, spec ContainerSpec) (Container, error)

	// Await returns when the container is ready, when it has ended, or when the probe's deadline has
	// passed; the Readiness says which. An error means the engine itself did not work.
	Await(ctx context.Context, id ContainerID, probe Probe) (Readiness, error)

	// Check asks a running container once, within the probe's Timeout; a Readiness that is not Ready
	// says what was seen instead.
	Check(ctx context.Context, id ContainerID, probe Probe) (Readiness, error)

	// Keep tells the engine to start the container again when it ends or the host restarts, also
	// while this daemon is away.
	Keep(ctx context.Context, id ContainerID) error

	// Start starts a container that exists and does not run, and keeps it. It is idempotent.
	Start(ctx context.Context, id ContainerID) error

	// Stop sends SIGTERM, waits for grace, then sends SIGKILL; the engine does not start the container
	// again. The container stays. Stopping what is stopped or gone is no error.
	Stop(ctx context.Context, id ContainerID, grace time.Duration) error

	// Freeze takes the processor from all processes of a running container; they keep their memory. It
	// is idempotent.
	Freeze(ctx context.Context, id ContainerID) error

	// Thaw gives it back. It is idempotent.
	Thaw(ctx context.Context, id ContainerID) error

	// Remove removes a container, running or not. Removing what is gone is no error.
	Remove(ctx context.Context, id ContainerID) error

	// Containers lists all containers of this instance, running or not.
	Containers(ctx context.Context) ([]Container, error)

	// ContainersOf lists a project's containers, running or not.
	ContainersOf(ctx context.Context, project ProjectID) ([]Container, error)

	// Run runs a container to its end with its streams attached, and removes it, also when ctx ends
	// first. The spec is OneOff.
	Run(ctx context.Context, spec ContainerSpec, streams Streams) (Ending, error)

	// Exec runs a command in a running container, as its own user, until the command or ctx ends.
	Exec(ctx context.Context, id ContainerID, command []string, streams Streams) (Ending, error)

	// Output calls each with every line that the container has written since then, oldest first, and
	// goes on until the container has ended and all its lines were read, or ctx ends, or each returns
	// an error, which is then returned. NotFound when the container is gone.
	Output(ctx context.Context, id ContainerID, since time.Time, each func(LogLine) error) error

	// Statistics measures a running container; a stopped one gives zeros.
	Statistics(ctx context.Context, id ContainerID) (Statistics, error)

	// Changes returns a channel that gets a value whenever containers of this instance started or
	// ended, or the engine came back; it holds at most one value and closes with the context.
	Changes(ctx context.Context) <-chan struct{}

	// Endings tells of containers of this instance, but one-off ones, that ended although nobody asked the
	// engine for it: ExitCode, OOMKilled and EndedAt say how. It closes with the context. What happens
	// while the engine is away is not told.
	Endings(ctx context.Context) <-chan Container

	// Retain removes the project's images but those kept and those that a container is of.
	Retain(ctx context.Context, project ProjectID, keep []ImageRef) error

	// Neighbours says where the labels of containers that a person runs beside the platform's lead, the
	// way that is asked first in front; and, a sentence each, what in their labels has no effect.
	Neighbours(ctx context.Context) ([]Neighbour, []string, error)

	// Examine looks at what only the engine sees: whether it answers, the host, the packet filter, and the
	// networks of the projects that should run. It changes nothing.
	Examine(ctx context.Context, running []ProjectID) []Check

	// Mend puts right what Examine finds, as far as that is safe, and mounts the volumes of the projects
	// that should run; it says what it did, a sentence each.
	Mend(ctx context.Context, running []ProjectID) ([]string, error)

	// Lacking returns those of the images that the engine does not have.
	Lacking(ctx context.Context, images []ImageRef) ([]ImageRef, error)

	// Volumes lists a project's volumes, mounted or not.
	Volumes(ctx context.Context, project ProjectID) ([]VolumeUse, error)

	// RemoveVolume removes a volume and what is in it; Conflict while a container has it mounted.
	RemoveVolume(ctx context.Context, project ProjectID, name string) error

	// Forget removes all that the engine keeps for a project: containers, network, images, volumes. It
	// is idempotent.
	Forget(ctx context.Context, project ProjectID) error

	// Projects lists every project the engine keeps anything for.
	Projects(ctx context.Context) ([]ProjectID, error)
}

// ContainerSpec is a container to run.
type ContainerSpec struct {
	Project    ProjectID
	Deployment int
	Process    string // type in the image's process table
	Index      int    // from 1: web.1, web.2
	OneOff     bool   // runs to its end: a release command, a cron line, a person's run
	Image      ImageRef
	Command    string   // instead of the image's own for the process; read as a shell in the container does
	Args       []string // instead of Command: a program and its arguments, read by no shell
	Env        Env      // complete: PORT included
	Port       int
	Hostname   Hostname // for the routing labels; empty takes no traffic
	Limits     Limits   // zero fields: the engine's defaults
	Volumes    []Volume
	Files      Files
}

// Container is what the engine says about a container of ours.
type Container struct {
	ID         ContainerID
	Project    ProjectID
	Deployment int
	Process    string
	Index      int
	OneOff     bool
	Port       int        // as told by its label
	Address    netip.Addr // in its project's network; invalid when it does not run
	Running    bool
	Paused     bool // it runs, but Freeze was called
	Restarting bool // the engine is about to start it again
	Kept       bool // Keep was called
	Restarts   int  // by the engine, since Start
	ExitCode   int
	OOMKilled  bool
	StartedAt  time.Time
	EndedAt    time.Time // zero while it runs
	Memory     Bytes     // its limit
}

// Probe is how a container is asked whether it is well: over HTTP at / (any complete answer below
// 500) or at a Path (200 to 399), or by a TCP connection. The first port is tried first; another counts
// only while it is open and the first is closed. Without ports it is ready when it has lived for Settle.
type Probe struct {
	Ports    []int
	Path     string
	TCP      bool
	H2C      bool          // it is asked by HTTP/2 without TLS
	Timeout  time.Duration // for one answer; 0 is a third of the deadline
	Deadline time.Duration // for Await
	Settle   time.Duration
}

// Readiness is the evidence of a start: ready on a port, or what was seen instead.
type Readiness struct {
	Ready     bool
	Port      int  // where it answered
	Ended     bool // the container ended by itself
	ExitCode  int
	OOMKilled bool
	Status    int              // the last HTTP status, when one was seen
	Connected bool             // something accepted a connection at a probed port
	Listeners []netip.AddrPort // TCP sockets that listened in the container at the end
}

// Ending is how a container or a command in one ended.
type Ending struct {
	ExitCode  int
	OOMKilled bool
}

// Streams are a command's. With a terminal everything it writes goes to Output.
type Streams struct {
	Input    io.Reader // nil: it has none
	Output   io.Writer
	Errors   io.Writer
	Terminal *Terminal // nil: it has none
}

// Terminal is the size of a terminal, and its changes until the channel is closed.
type Terminal struct {
	Size    TerminalSize
	Resizes <-chan TerminalSize
}

// TerminalSize is in characters.
type TerminalSize struct{ Rows, Columns int }

// VolumeUse is a volume as it is.
type VolumeUse struct {
	Name     string
	Size     Bytes // its quota; 0 is none
	Used     Bytes
	Mounted  bool  // a container has it
	Attached bool  // its file system is mounted on the host
	Capacity Bytes // of the file system in it; 0 when Size is
}

// Statistics is a measurement of what a container, or all of a project's, uses.
type Statistics struct {
	CPUUsage    float64 `json:"cpu_usage"`    // percent of one core
	MemoryUsage uint64  `json:"memory_usage"` // bytes, without the page cache
	MemoryLimit uint64  `json:"memory_limit"` // bytes
	PIDs        uint64  `json:"pids"`
	Received    uint64  `json:"network_received"` // bytes since the container's start
	Sent        uint64  `json:"network_sent"`
}
