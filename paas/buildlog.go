package paas

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"time"
)

// maxBuildLog bounds what is kept of one deployment's log.
const maxBuildLog = 4 << 20

// buildLogs keeps the output of builds and starts, a file a deployment, below its directory.
type buildLogs string

func openBuildLogs(dir string) (buildLogs, error) {
	return buildLogs(dir), os.MkdirAll(dir, 0o700)
}

func (l buildLogs) path(project ProjectID, number int) string {
	return filepath.Join(string(l), string(project), fmt.Sprintf("%d.log", number))
}

// create opens the log of a deployment for writing; beyond maxBuildLog it takes and drops.
func (l buildLogs) create(project ProjectID, number int) (io.WriteCloser, error) {
	path := l.path(project, number)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	return &boundedFile{file: file, left: maxBuildLog}, nil
}

func (l buildLogs) open(project ProjectID, number int) (io.ReadCloser, error) {
	return os.Open(l.path(project, number))
}

func (l buildLogs) remove(project ProjectID) error {
	return os.RemoveAll(filepath.Join(string(l), string(project)))
}

type boundedFile struct {
	file *os.File
	left int
}

// Write never fails: a full disk must not fail a deployment for its log's sake.
func (b *boundedFile) Write(line []byte) (int, error) {
	kept := line[:min(len(line), b.left)]
	n, _ := b.file.Write(kept)
	b.left -= n
	return len(line), nil
}

func (b *boundedFile) Close() error { return b.file.Close() }

// DeploymentLog returns what a deployment has written so far, for its owner.
func (p *Platform) DeploymentLog(ctx context.Context, caller User, id ProjectID, number int) (io.ReadCloser, error) {
	if _, err := p.Deployment(ctx, caller, id, number); err != nil {
		return nil, err
	}
	log, err := p.logs.open(id, number)
	if errors.Is(err, fs.ErrNotExist) {
		return io.NopCloser(eof{}), nil
	}
	return log, err
}

// pollBuildLog is how often a log that grows is looked at.
const pollBuildLog = 200 * time.Millisecond

// FollowDeploymentLog yields the lines of a deployment's log from its beginning, and goes on until the
// deployment has come to its end, or ctx has. Whether the caller may still see it is asked at every look.
func (p *Platform) FollowDeploymentLog(ctx context.Context, caller User, id ProjectID, number int) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		poll := time.NewTicker(pollBuildLog)
		defer poll.Stop()
		var read growingLog
		defer read.close()
		for {
			// The state is read first: what was written before the end is then in what is read after. The last lines
			// are written when a deployment has its state already.
			deployment, err := p.Deployment(ctx, caller, id, number)
			ended := err == nil && !deployment.State.Active() && !p.queue.working(id, number)
			if err == nil {
				err = read.more(p.logs.path(id, number))
			}
			if err != nil {
				if ctx.Err() == nil {
					yield("", err)
				}
				return
			}
			for line, found := read.line(ended); found; line, found = read.line(ended) {
				if !yield(line, nil) {
					return
				}
			}
			if ended {
				return
			}
			select {
			case <-poll.C:
			case <-ctx.Done():
				return
			}
		}
	}
}

// growingLog is a file that is read while it is written.
type growingLog struct {
	file   *os.File // nil until it is there
	unread []byte
}

// more reads what was written since.
func (g *growingLog) more(path string) error {
	if g.file == nil {
		file, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		g.file = file
	}
	text, err := io.ReadAll(g.file)
	g.unread = append(g.unread, text...)
	return err
}

// line takes the next one; of a log that has ended also one whose end was never written.
func (g *growingLog) line(ended bool) (string, bool) {
	line, rest, whole := bytes.Cut(g.unread, []byte{'\n'})
	if !whole && (!ended || len(line) == 0) {
		return "", false
	}
	if g.unread = rest; len(rest) == 0 {
		g.unread = nil
	}
	return string(line), true
}

func (g *growingLog) close() {
	if g.file != nil {
		g.file.Close()
	}
}

// projects lists those that have a log.
func (l buildLogs) projects() ([]ProjectID, error) {
	entries, err := os.ReadDir(string(l))
	if err != nil {
		return nil, err
	}
	var ids []ProjectID
	for _, entry := range entries {
		ids = append(ids, ProjectID(entry.Name()))
	}
	return ids, nil
}

// size is how many bytes a project's logs have.
func (l buildLogs) size(project ProjectID) (int64, error) {
	entries, err := os.ReadDir(filepath.Join(string(l), string(project)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	var sum int64
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil { // gone since it was listed
			sum += info.Size()
		}
	}
	return sum, nil
}
