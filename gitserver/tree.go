package gitserver

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
)

// treeLimits bound what a pushed tree may hold when it is written out.
type treeLimits struct {
	files int   // files, links and directories
	bytes int64 // of all files together
}

const (
	maxDepth    = 100
	maxName     = 255      // bytes in one name: what file systems take
	maxPath     = 2 << 10  // bytes in one path: below it builds add paths of their own
	maxAllPaths = 64 << 20 // bytes in all paths together: they are held in memory
	maxLink     = 4 << 10  // bytes in the target of a symbolic link
)

// The modes of git's tree entries.
const (
	modeDirectory  = "040000"
	modeExecutable = "100755"
	modeLink       = "120000"
	modeSubmodule  = "160000"
)

// entry is one name in a tree.
type entry struct {
	mode string
	id   string
	size int64
	path string
}

// source reads pushed trees, while their objects are still in git's quarantine.
type source struct {
	git         git
	repository  string
	environment []string // where the quarantine is
	limits      treeLimits
	shallow     bool // the push itself has no history before some commit
}

// list reads the whole tree of a commit and refuses what cannot be deployed, before anything is written.
func (s source) list(ctx context.Context, commit paas.CommitID) ([]entry, error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop() // an endless tree is not read to its end
	cmd := s.git.command(ctx, "--git-dir="+s.repository, "ls-tree", "-r", "-t", "-l", "-z", "--full-tree", string(commit))
	cmd.Env = append(cmd.Env, s.environment...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("list the tree: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("list the tree: %w", err)
	}
	entries, err := s.readList(bufio.NewReaderSize(stdout, 64<<10))
	if err != nil {
		stop()
		cmd.Wait()
		return nil, err
	}
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("list the tree: %w", errors.Join(context.Cause(ctx), err))
	}
	return entries, nil
}

func (s source) readList(list *bufio.Reader) ([]entry, error) {
	var entries []entry
	var paths int
	var size int64
	for {
		line, err := list.ReadString(0)
		if err == io.EOF {
			return entries, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list the tree: %w", err)
		}
		e, err := parseEntry(strings.TrimSuffix(line, "\x00"))
		if err != nil {
			return nil, err
		}
		if err := e.check(); err != nil {
			return nil, err
		}
		entries = append(entries, e)
		paths += len(e.path)
		size += e.size
		if len(entries) > s.limits.files || paths > maxAllPaths {
			return nil, paas.Errorf(paas.Invalid, paas.ESourceTooBig, "The commit has more than %d files and directories. Keep what is generated or installed (node_modules, vendor) out of git.", s.limits.files)
		}
		if size > s.limits.bytes {
			return nil, paas.Errorf(paas.Invalid, paas.ESourceTooBig, "The commit's files have more than %d MiB together. Keep what is generated, and large data, out of git.", s.limits.bytes>>20)
		}
	}
}

// parseEntry reads "<mode> <type> <id> <size>\t<path>"; the size is padded, and "-" for what has none.
func parseEntry(line string) (entry, error) {
	head, name, ok := strings.Cut(line, "\t")
	fields := strings.Fields(head)
	if !ok || len(fields) != 4 {
		return entry{}, fmt.Errorf("git listed %q", line)
	}
	e := entry{mode: fields[0], id: fields[2], path: name}
	if fields[3] == "-" {
		return e, nil
	}
	size, err := strconv.ParseInt(fields[3], 10, 64)
	if err != nil || size < 0 {
		return entry{}, fmt.Errorf("git listed %q", line)
	}
	e.size = size
	return e, nil
}

// check refuses entries that cannot be deployed, or written anywhere but below the tree.
func (e entry) check() error {
	names := strings.Split(e.path, "/")
	if len(names) > maxDepth || len(e.path) > maxPath {
		return paas.Errorf(paas.Invalid, paas.EBadTree, "The commit has directories nested too deeply: at most %d levels and %d bytes in a path.", maxDepth, maxPath)
	}
	for _, name := range names {
		if badName(name) {
			return paas.Errorf(paas.Invalid, paas.EBadTree, "The commit has %q, a name that cannot be written safely. Remove it.", e.path)
		}
	}
	switch {
	case e.mode == modeSubmodule:
		return paas.Errorf(paas.Invalid, paas.ESubmodules, "%q is a submodule; the platform has no access to it. Put its files into this repository, or install it as a package.", e.path)
	case e.mode == modeLink && (e.size == 0 || e.size > maxLink):
		return paas.Errorf(paas.Invalid, paas.EBadTree, "The symbolic link %q has a target of %d bytes. Remove it.", e.path, e.size)
	}
	return nil
}

// badName tells names that lead elsewhere, or that some file system or git takes for its own directory.
func badName(name string) bool {
	trimmed := strings.TrimRight(name, " .")
	return name == "" || trimmed == "" || len(name) > maxName || strings.EqualFold(trimmed, ".git") || strings.EqualFold(trimmed, "git~1")
}

// lfsPointer is how every pointer file of git-lfs begins; pointers are shorter than 1024 bytes
// (git-lfs, docs/spec.md).
const (
	lfsPointer    = "version https://git-lfs.github.com/spec/v1\n"
	maxLFSPointer = 1024
)

// maxInspected is how much of a file's beginning is looked at.
const maxInspected = 32 << 10

// remoteHelper is a submodule's address that makes git run a program (gitremote-helpers(7)).
var remoteHelper = regexp.MustCompile(`(?im)^\s*url\s*=\s*"?[a-z0-9+.-]+::`)

// inspect refuses files that stand for something else, by how they begin.
func (e entry) inspect(beginning []byte) error {
	switch {
	case e.size < maxLFSPointer && bytes.HasPrefix(beginning, []byte(lfsPointer)):
		return paas.Errorf(paas.Invalid, paas.ELFS, "%q is a Git LFS pointer; the platform has no access to the file itself. Commit the file (git lfs migrate export), or fetch it when the app is built.", e.path)
	case path.Base(e.path) == ".gitmodules" && remoteHelper.Match(beginning):
		return paas.Errorf(paas.Invalid, paas.ESubmodules, "%q has a submodule whose address would run a program. Remove it.", e.path)
	}
	return nil
}

func (e entry) permissions() os.FileMode {
	if e.mode == modeExecutable {
		return 0o755
	}
	return 0o644
}
