package paas

import (
	"bytes"
	"context"
	"sync"
	"time"
)

// CronProcess is the type of process that cron lines appear as in the log.
const CronProcess = "cron"

// CronRun is one time that a cron line ran.
type CronRun struct {
	Project   ProjectID
	Line      CronLine
	Due       time.Time
	StartedAt time.Time
	EndedAt   *time.Time // nil while it runs
	ExitCode  int
	Note      string // why it did not run, or did not end well
}

// CronStore keeps the history of cron lines.
type CronStore interface {
	// SaveCronRun keeps a run, by its project, schedule, command and due time; of each line the newest
	// MaxCronRuns are kept.
	SaveCronRun(ctx context.Context, run CronRun) error
	// CronRuns lists a project's, newest first.
	CronRuns(ctx context.Context, project ProjectID, limit int) ([]CronRun, error)
}

// MaxCronRuns is how many runs of one line are kept.
const MaxCronRuns = 50

// cronTimeout bounds one run.
const cronTimeout = 6 * time.Hour

// cronJobs knows which lines run, so that none overlaps with itself.
type cronJobs struct {
	mu      sync.Mutex
	running map[cronKey]bool // guarded by mu
}

type cronKey struct {
	project ProjectID
	line    CronLine
}

func (j *cronJobs) begin(key cronKey) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.running[key] {
		return false
	}
	if j.running == nil {
		j.running = map[cronKey]bool{}
	}
	j.running[key] = true
	return true
}

func (j *cronJobs) end(key cronKey) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.running, key)
}

// cronLoop runs cron lines of live versions at their minute. Minutes in which the daemon was away are
// not made up for, as with cron itself.
func (p *Platform) cronLoop(ctx context.Context) error {
	var runs sync.WaitGroup
	defer runs.Wait()
	for {
		now := p.now()
		next := now.Truncate(time.Minute).Add(time.Minute)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(next.Sub(now)):
		}
		if err := p.startCron(ctx, next, &runs); err != nil && ctx.Err() == nil {
			p.Log.WarnContext(ctx, "cron", "error", err)
		}
	}
}

func (p *Platform) startCron(ctx context.Context, minute time.Time, runs *sync.WaitGroup) error {
	live, err := p.Store.LiveDeployments(ctx)
	if err != nil {
		return err
	}
	for _, d := range live {
		if len(d.App.Cron) == 0 {
			continue
		}
		project, err := p.Store.Project(ctx, d.Project)
		if err != nil || project.Stopped {
			continue
		}
		for _, line := range d.App.Cron {
			schedule, err := ParseSchedule(line.Schedule)
			if err != nil || !schedule.Next(minute.Add(-time.Minute)).Equal(minute) {
				continue
			}
			runs.Go(func() { p.runCron(ctx, d, line, minute) })
		}
	}
	return nil
}

// runCron runs a line once, unless its last run still goes on.
func (p *Platform) runCron(ctx context.Context, d Deployment, line CronLine, due time.Time) {
	run := CronRun{Project: d.Project, Line: line, Due: due, StartedAt: p.now()}
	key := cronKey{d.Project, line}
	if !p.cron.begin(key) {
		now := p.now()
		run.EndedAt, run.ExitCode, run.Note = &now, -1, "left out: the run before had not ended"
		p.saveCronRun(ctx, run)
		return
	}
	defer p.cron.end(key)
	defer p.sleepers.hold(d.Project, p.now)()
	if err := p.rouseFor(ctx, d.Project); err != nil { // its lines may ask what it serves
		p.Log.WarnContext(ctx, "wake a project for its cron line", "project", d.Project, "error", err)
	}
	p.saveCronRun(ctx, run)
	spec := p.oneOff(d, CronProcess)
	spec.Command = line.Command
	out := &logWriter{platform: p, ctx: ctx, line: LogLine{Deployment: d.Number, Process: CronProcess, Index: 1, Stream: Stdout}, project: d.Project}
	bounded, cancel := context.WithTimeout(ctx, cronTimeout)
	defer cancel()
	ending, err := p.Engine.Run(bounded, spec, Streams{Output: out, Errors: out})
	out.flush()
	now := p.now()
	run.EndedAt, run.ExitCode = &now, ending.ExitCode
	switch {
	case err != nil:
		run.ExitCode, run.Note = -1, Public(err).Message
		p.Log.WarnContext(ctx, "cron run", "project", d.Project, "error", err)
	case ending.OOMKilled:
		run.Note = "it used more memory than its limit and was killed"
	case ending.ExitCode != 0:
		run.Note = "it ended " + exitWords(ending.ExitCode)
	}
	p.saveCronRun(context.WithoutCancel(ctx), run)
}

func (p *Platform) saveCronRun(ctx context.Context, run CronRun) {
	if err := p.Store.SaveCronRun(ctx, run); err != nil && ctx.Err() == nil {
		p.Log.WarnContext(ctx, "keep a cron run", "project", run.Project, "error", err)
	}
}

// CronRuns lists what became of a project's cron lines, newest first.
func (p *Platform) CronRuns(ctx context.Context, caller User, id ProjectID, limit int) ([]CronRun, error) {
	if _, err := p.Project(ctx, caller, id); err != nil {
		return nil, err
	}
	return p.Store.CronRuns(ctx, id, limit)
}

// logWriter makes lines of a project's log out of a stream.
type logWriter struct {
	platform *Platform
	ctx      context.Context // the life of the run whose stream this is
	project  ProjectID
	line     LogLine

	mu   sync.Mutex
	rest []byte // guarded by mu
}

// Write takes what it is given; a log that cannot be kept fails nothing.
func (w *logWriter) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rest = append(w.rest, text...)
	for {
		line, rest, found := bytes.Cut(w.rest, []byte("\n"))
		if !found && len(w.rest) < MaxLogLine {
			return len(text), nil
		}
		w.keep(line)
		w.rest = rest
	}
}

func (w *logWriter) flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.rest) > 0 {
		w.keep(w.rest)
		w.rest = nil
	}
}

func (w *logWriter) keep(text []byte) {
	line := w.line
	line.At, line.Text = w.platform.now(), string(bytes.ToValidUTF8(bytes.TrimSuffix(text, []byte("\r")), []byte("�")))
	if err := w.platform.Logbook.Append(context.WithoutCancel(w.ctx), w.project, line); err != nil {
		w.platform.Log.WarnContext(w.ctx, "keep a log line", "project", w.project, "error", err)
	}
}
