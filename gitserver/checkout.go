package gitserver

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"

	"github.com/paastech-cloud/paastech/paas"
)

// Checkout writes the tree of commit below dir: files with their executable bits, symbolic links as
// they are. Every name is made new, so none can lead through another out of dir.
func (s source) Checkout(ctx context.Context, commit paas.CommitID, dir string) (paas.CommitNote, error) {
	err := s.checkConnected(ctx, []string{string(commit)})
	var entries []entry
	if err == nil {
		entries, err = s.list(ctx, commit)
	}
	var note paas.CommitNote
	if err == nil {
		note, err = s.write(ctx, commit, entries, dir)
	}
	if cause := context.Cause(ctx); cause != nil {
		return note, cause
	}
	return note, err
}

func (s source) write(ctx context.Context, commit paas.CommitID, entries []entry, dir string) (paas.CommitNote, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return paas.CommitNote{}, fmt.Errorf("check out: %w", err)
	}
	defer root.Close()
	objects, err := s.openObjects(ctx)
	if err != nil {
		return paas.CommitNote{}, err
	}
	var asking sync.WaitGroup
	asking.Go(func() { objects.ask(commit, entries) })
	note, err := objects.readCommit(commit)
	if err == nil {
		err = objects.write(commit, entries, root)
	}
	objects.close() // git only reads: nothing is lost when it is killed
	asking.Wait()
	return note, err
}

// objects is a git cat-file --batch at work: object names in, contents out.
type objects struct {
	cmd    *exec.Cmd
	stop   func()
	stdin  io.WriteCloser
	stdout *bufio.Reader
}

func (s source) openObjects(ctx context.Context) (*objects, error) {
	ctx, stop := context.WithCancel(ctx)
	cmd := s.git.command(ctx, "--git-dir="+s.repository, "cat-file", "--batch", "--buffer")
	cmd.Env = append(cmd.Env, s.environment...)
	stdin, inErr := cmd.StdinPipe()
	stdout, outErr := cmd.StdoutPipe()
	err := errors.Join(inErr, outErr)
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		stop()
		return nil, fmt.Errorf("read objects: %w", err)
	}
	return &objects{cmd: cmd, stop: stop, stdin: stdin, stdout: bufio.NewReaderSize(stdout, 64<<10)}, nil
}

func (o *objects) close() {
	o.stop()
	o.cmd.Wait()
}

// ask requests the commit and every blob ahead of the reader; git answers in the same order.
func (o *objects) ask(commit paas.CommitID, entries []entry) {
	defer o.stdin.Close()
	requests := bufio.NewWriter(o.stdin)
	defer requests.Flush()
	fmt.Fprintln(requests, commit)
	for _, e := range entries {
		if e.mode == modeDirectory {
			continue
		}
		if _, err := requests.WriteString(e.id + "\n"); err != nil {
			return // git is gone: the reader hears of it
		}
	}
}

// write makes directories, links and files in git's order: a directory comes before what is in it.
func (o *objects) write(commit paas.CommitID, entries []entry, root *os.Root) error {
	for _, e := range entries {
		var err error
		if e.mode == modeDirectory {
			err = root.Mkdir(e.path, 0o755)
		} else {
			err = o.writeBlob(e, root)
		}
		if errors.Is(err, fs.ErrExist) {
			return paas.Errorf(paas.Invalid, paas.EBadTree, "The commit has %q twice.", e.path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// maxNote is how much of a commit is read for its note, in bytes; other headers may stand before it.
const maxNote = 16 << 10

// readCommit makes sure that the name is a commit's: git itself refuses anything else as a branch,
// but only when the push has been deployed already.
func (o *objects) readCommit(id paas.CommitID) (paas.CommitNote, error) {
	kind, size, err := o.header(string(id))
	if err != nil {
		return paas.CommitNote{}, err
	}
	if kind != "commit" {
		return paas.CommitNote{}, paas.Errorf(paas.Invalid, paas.EBadTree, "What was pushed as a branch is a %s, not a commit.", kind)
	}
	beginning := make([]byte, min(size, maxNote))
	if _, err := io.ReadFull(o.stdout, beginning); err != nil {
		return paas.CommitNote{}, fmt.Errorf("read commit: %w", err)
	}
	_, err = io.CopyN(io.Discard, o.stdout, size+1-int64(len(beginning)))
	return paas.NewCommitNote(string(beginning)), err
}

// header reads "<id> <type> <size>", which stands before every object.
func (o *objects) header(id string) (kind string, size int64, err error) {
	line, err := o.stdout.ReadString('\n')
	if err != nil {
		return "", 0, fmt.Errorf("read object %s: %w", id, err)
	}
	fields := strings.Fields(line)
	if len(fields) != 3 || fields[0] != id {
		return "", 0, fmt.Errorf("read object %s: git said %q", id, line)
	}
	size, err = strconv.ParseInt(fields[2], 10, 64)
	return fields[1], size, err
}

func (o *objects) writeBlob(e entry, root *os.Root) error {
	kind, size, err := o.header(e.id)
	if err != nil {
		return err
	}
	if kind != "blob" || size != e.size {
		return fmt.Errorf("%q is a %s of %d bytes, listed with %d", e.path, kind, size, e.size)
	}
	content := io.LimitReader(o.stdout, size)
	if e.mode == modeLink {
		err = writeLink(e, content, root)
	} else {
		err = writeFile(e, content, root)
	}
	if err != nil {
		return err
	}
	_, err = o.stdout.Discard(1) // the newline after each object
	return err
}

func writeLink(e entry, content io.Reader, root *os.Root) error {
	target, err := io.ReadAll(content)
	if err != nil {
		return fmt.Errorf("read link %q: %w", e.path, err)
	}
	if bytes.IndexByte(target, 0) >= 0 {
		return paas.Errorf(paas.Invalid, paas.EBadTree, "The symbolic link %q has a target that is no path. Remove it.", e.path)
	}
	return root.Symlink(string(target), e.path)
}

func writeFile(e entry, content io.Reader, root *os.Root) error {
	beginning := make([]byte, min(e.size, maxInspected))
	if _, err := io.ReadFull(content, beginning); err != nil {
		return fmt.Errorf("read %q: %w", e.path, err)
	}
	if err := e.inspect(beginning); err != nil {
		return err
	}
	file, err := root.OpenFile(e.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, e.permissions())
	if err != nil {
		return err
	}
	_, err = file.Write(beginning)
	if err == nil && e.size > maxInspected {
		_, err = io.Copy(file, content)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write %q: %w", e.path, err)
	}
	return nil
}
