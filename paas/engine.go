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
	// Launch creates and starts a container, pulling the image and making the project's network when
	// they are not there. The container is not restarted by the engine until Keep is called.
	Launch(ctx context.Context, spec ContainerSpec) (Container, error)

	// Await returns when the container answers, when it has ended, or when the probe's deadline has
	// passed; the Readiness says which. An error means the engine itself did not work.
	Await(ctx context.Context, id ContainerID, probe Probe) (Readiness, error)

	// Keep tells the engine to start the container again whenever it ends or the host restarts.
	Keep(ctx context.Context, id ContainerID) error

	// Start starts a container that exists and does not run. It is idempotent.
	Start(ctx context.Context, id ContainerID) error

	// Stop sends SIGTERM, waits for grace, then sends SIGKILL. The container stays, with its logs.
	// Stopping what is stopped or gone is no error.
	Stop(ctx context.Context, id ContainerID, grace time.Duration) error

	// Remove removes a container, running or not. Removing what is gone is no error.
	Remove(ctx context.Context, id ContainerID) error

	// Containers lists all containers of this instance, running or not.
	Containers(ctx context.Context) ([]Container, error)

	// Logs returns both streams as one text, oldest line first; with Follow it ends when the
	// container or the context does. NotFound when the container is gone.
	Logs(ctx context.Context, id ContainerID, options LogOptions) (io.ReadCloser, error)

	// Statistics measures a running container; a stopped one gives zeros.
	Statistics(ctx context.Context, id ContainerID) (Statistics, error)

	// Changes returns a channel that gets a value whenever containers of this instance started or
	// ended, or the engine came back; it holds at most one value and closes with the context.
	Changes(ctx context.Context) <-chan struct{}

	// Forget removes all that the engine keeps for a project: containers, network, images. It is idempotent.
	Forget(ctx context.Context, project ProjectID) error

	// Projects lists every project the engine keeps anything for (containers, networks, images).
	Projects(ctx context.Context) ([]ProjectID, error)
}

// ContainerSpec is a container to run.
type ContainerSpec struct {
	Project    ProjectID
	Deployment int
	Process    string // type in the image's process table
	Image      ImageRef
	Env        Env // complete: PORT included
	Port       int
	Hostname   Hostname // for the routing labels
	Memory     int64    // bytes; 0 means the engine's default
}

// Container is what the engine says about a container of ours.
type Container struct {
	ID         ContainerID
	Project    ProjectID
	Deployment int
	Process    string
	Port       int        // as told by its label
	Address    netip.Addr // in its project's network; invalid when it does not run
	Running    bool
	Restarting bool // the engine is about to start it again
	Kept       bool // Keep was called
	Restarts   int
	ExitCode   int
	OOMKilled  bool
	StartedAt  time.Time
}

// Probe is how readiness is asked for: any complete HTTP answer below 500 at one of Ports. The first
// port is tried first; another counts only while it is open and the first is closed.
type Probe struct {
	Ports    []int
	Deadline time.Duration
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

// LogOptions choose log lines.
type LogOptions struct {
	Tail       int // newest lines; 0 means all
	Since      time.Time
	Follow     bool
	Timestamps bool
}

// Statistics is a measurement of what a container, or all of a project's, uses.
type Statistics struct {
	CPUUsage    float64 `json:"cpu_usage"`    // percent of one core
	MemoryUsage uint64  `json:"memory_usage"` // bytes, without the page cache
	MemoryLimit uint64  `json:"memory_limit"` // bytes
}
