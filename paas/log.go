package paas

import (
	"context"
	"iter"
	"regexp"
	"time"
)

// Stream is where a line was written to.
type Stream string

// The streams of a log.
const (
	Stdout Stream = "stdout"
	Stderr Stream = "stderr"
	System Stream = "system" // the platform's own word about a container: started, ended, killed for its memory
)

// LogLine is one line that a container wrote.
type LogLine struct {
	At         time.Time   `json:"at"`
	Deployment int         `json:"deployment"`
	Process    string      `json:"process"`
	Index      int         `json:"index"`
	Container  ContainerID `json:"container"`
	Stream     Stream      `json:"stream"`
	Text       string      `json:"text"` // without its end of line; valid UTF-8; cut at MaxLogLine
}

// MaxLogLine bounds a line in bytes; what is longer is cut into several.
const MaxLogLine = 16 << 10

// LogQuery chooses lines of a project's log.
type LogQuery struct {
	Tail       int // newest lines; 0 means all
	Since      time.Time
	Until      time.Time // zero: no bound
	Process    string    // web, or web.2; empty means all
	Deployment int       // 0 means all
	Grep       string    // a text that the line contains, regardless of case
	Follow     bool
}

// processQuery is how a process or one of its containers is named.
var processQuery = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,50}$`)

// Validate says what is wrong with a query.
func (q LogQuery) Validate() error {
	switch {
	case q.Process != "" && !processQuery.MatchString(q.Process):
		return InvalidField("process", "%q is neither a type of process, like web, nor a container, like web.1.", q.Process)
	case len(q.Grep) > 1000:
		return InvalidField("grep", "The text that is looked for has at most 1000 bytes.")
	}
	return nil
}

// Logbook keeps what containers wrote, outside of them, within a bound for each project: the oldest
// goes first.
type Logbook interface {
	// Append keeps lines of a project; they are on disk within a second, and readable at once. It
	// never blocks for readers.
	Append(ctx context.Context, project ProjectID, lines ...LogLine) error

	// Seen is the time of the newest line that was kept of a container, also when the quota has taken
	// it since; zero when there was none. The platform's own word about a container does not count.
	Seen(ctx context.Context, project ProjectID, container ContainerID) (time.Time, error)

	// Read yields the lines that a query chooses, oldest first. With Follow it goes on with new ones
	// until ctx ends; a reader too slow for them gets a System line that says how many were left out.
	Read(ctx context.Context, project ProjectID, query LogQuery) iter.Seq2[LogLine, error]

	// Size is how many bytes of disk a project's log takes.
	Size(ctx context.Context, project ProjectID) (int64, error)

	// Forget removes a project's log. It is idempotent.
	Forget(ctx context.Context, project ProjectID) error

	// Projects lists every project that has a log.
	Projects(ctx context.Context) ([]ProjectID, error)

	// Quota is how many bytes of disk a project's log may take. It is kept when lines are appended;
	// Limit keeps it now, where it was larger when they were.
	Quota() int64
	Limit(ctx context.Context, project ProjectID) error

	// Trim removes the oldest lines of all projects until no more than so many bytes are left.
	Trim(ctx context.Context, budget int64) error
}
