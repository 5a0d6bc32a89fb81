package gitserver_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/gitserver"
	"github.com/paastech-cloud/paastech/paas"
)

// item is one entry of a raw tree.
type item struct{ mode, name, id string }

// objects makes git objects that no git command would.
type objects struct {
	t   *testing.T
	p   *person
	dir string
}

func (o objects) blob(content string) string { return rawObject(o.t, o.p, o.dir, "blob", content) }

func (o objects) tree(items ...item) string {
	var content strings.Builder
	for _, i := range items {
		var id []byte
		if _, err := fmt.Sscanf(i.id, "%x", &id); err != nil {
			o.t.Fatal(err)
		}
		fmt.Fprintf(&content, "%s %s\x00%s", i.mode, i.name, id)
	}
	return rawObject(o.t, o.p, o.dir, "tree", content.String())
}

// push sends a commit of the tree to main.
func (o objects) push(tree string) (string, int) {
	commit := o.p.git(o.dir, "commit-tree", "-m", "corpus", tree)
	return o.p.try(o.dir, "push", "--force", "paastech", commit+":refs/heads/main")
}

const (
	file, directory, link, submodule = "100644", "40000", "120000", "160000"
)

// T28: what a tree may hold and what happens to it.
func TestHostileTrees(t *testing.T) {
	w := newWorld(t, func(o *gitserver.Options) { o.MaxFiles, o.MaxTree = 1000, 8<<20 })
	ada := w.person("ada")
	project := ada.project("shop")
	o := objects{t, ada, ada.repositoryFor(project)}
	blob := o.blob("content")
	nested := o.tree(item{file, "leaf", blob})
	for range soak(200, 10_000) {
		nested = o.tree(item{directory, "d", nested})
	}
	wide := o.tree(item{file, "leaf", blob})
	empty := o.tree()
	for range 9 { // a billion directories out of ten objects
		var wider, hollow []item
		for i := range 10 {
			wider = append(wider, item{directory, fmt.Sprint(i), wide})
			hollow = append(hollow, item{directory, fmt.Sprint(i), empty})
		}
		wide, empty = o.tree(wider...), o.tree(hollow...)
	}
	canary := filepath.Join(w.dir, "canary")
	for name, c := range map[string]struct{ tree, want string }{
		"submodule":             {o.tree(item{submodule, "lib", strings.Repeat("1", 40)}), "E_SUBMODULES: \"lib\" is a submodule"},
		"LFS pointer":           {o.tree(item{file, "a.png", o.blob("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")}), "E_LFS_POINTER: \"a.png\""},
		"nested":                {nested, "E_BAD_TREE: "},
		"a billion files":       {wide, "E_SOURCE_TOO_LARGE: "},
		"a billion directories": {empty, "E_SOURCE_TOO_LARGE: "},
		"too large":             {o.tree(item{file, "big", o.blob(strings.Repeat("\x00", 9<<20))}), "E_SOURCE_TOO_LARGE: "},
		"large by repetition":   {o.tree(item{file, "a", o.blob(strings.Repeat("x", 5<<20))}, item{file, "b", o.blob(strings.Repeat("x", 5<<20))}), "E_SOURCE_TOO_LARGE: "},
		"endless link":          {o.tree(item{link, "l", o.blob(strings.Repeat("a/", 4000))}), ""},
		"empty link":            {o.tree(item{link, "l", o.blob("")}), ""},
		"through a link":        {o.tree(item{link, "l", o.blob(w.dir)}, item{directory, "l", o.tree(item{file, "canary", blob})}), ""},
		"link and file":         {o.tree(item{link, "canary", o.blob(canary)}, item{file, "canary", blob}), ""},
		"long name":             {o.tree(item{file, strings.Repeat("n", 300), blob}), ""},
	} {
		out, code := o.push(c.tree)
		if code == 0 || !strings.Contains(out, c.want) || strings.Contains(out, "E_INTERNAL") {
			t.Errorf("%s: exit %d\n%s", name, code, out)
		}
	}
	if _, err := os.Lstat(canary); err == nil || w.builder.count() != 0 {
		t.Errorf("%d builds; something was written outside: %v", w.builder.count(), err == nil)
	}
	if left, _ := filepath.Glob(filepath.Join(w.dir, "trees", "*")); len(left)+len(w.quarantines()) > 0 {
		t.Errorf("left behind: %v %v", left, w.quarantines())
	}
	w.fsck(project)
}

// What is odd but harmless arrives as it is; links are kept and followed by nobody.
func TestOddTreesArriveAsTheyAre(t *testing.T) {
	w := newWorld(t, nil)
	ada := w.person("ada")
	project := ada.project("shop")
	o := objects{t, ada, ada.repositoryFor(project)}
	blob := o.blob("content")
	tree := o.tree(
		item{file, "-rf", blob}, item{file, "a\nb", blob}, item{file, "\xff\xfe", blob},
	)
	tree = o.tree(
		item{file, "$(touch canary)", blob}, item{directory, "dir", tree}, item{file, "empty", o.blob("")},
		item{link, "etc", o.blob("/etc")}, item{link, "passwd", o.blob("/etc/passwd")}, item{"100755", "run", blob}, item{link, "up", o.blob("../..")},
	)
	var got []string
	w.builder.onBuild(func(_ context.Context, b paas.Build) error {
		return filepath.WalkDir(b.Dir, func(path string, entry fs.DirEntry, err error) error {
			info, infoErr := entry.Info()
			if err != nil || infoErr != nil || path == b.Dir {
				return err
			}
			line := fmt.Sprintf("%v %q", info.Mode(), strings.TrimPrefix(path, b.Dir+"/"))
			if target, err := os.Readlink(path); err == nil {
				line += " -> " + target
			}
			got = append(got, line)
			return nil
		})
	})
	if out, code := o.push(tree); code != 0 {
		t.Fatal(out)
	}
	want := []string{
		`-rw-r--r-- "$(touch canary)"`, `drwxr-xr-x "dir"`, `-rw-r--r-- "dir/-rf"`, `-rw-r--r-- "dir/a\nb"`, `-rw-r--r-- "dir/\xff\xfe"`,
		`-rw-r--r-- "empty"`, `Lrwxrwxrwx "etc" -> /etc`, `Lrwxrwxrwx "passwd" -> /etc/passwd`, `-rwxr-xr-x "run"`, `Lrwxrwxrwx "up" -> ../..`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Many files, or one very large one that was small on the way, end in bounded time.
func TestLargeTrees(t *testing.T) {
	w := newWorld(t, nil)
	ada := w.person("ada")
	project := ada.project("shop")
	dir := ada.repositoryFor(project)
	files := soak(3_000, 100_000)
	stream := &strings.Builder{}
	fmt.Fprintf(stream, "commit refs/heads/main\ncommitter A <a@example.com> 0 +0000\ndata 4\nmany\n")
	for i := range files {
		content := fmt.Sprint("file ", i)
		fmt.Fprintf(stream, "M 644 inline d%d/e%d/f%d\ndata %d\n%s\n", i%100, i%7, i, len(content), content)
	}
	cmd := ada.command(dir, "git", "fast-import", "--quiet", "--force")
	cmd.Stdin = strings.NewReader(stream.String())
	if out, code := ada.run(cmd); code != 0 {
		t.Fatal(out)
	}
	found := 0
	w.builder.onBuild(func(_ context.Context, b paas.Build) error {
		return filepath.WalkDir(b.Dir, func(_ string, entry fs.DirEntry, err error) error {
			if entry.Type().IsRegular() {
				found++
			}
			return err
		})
	})
	ada.git(dir, "push", "paastech", "main")
	if found != files {
		t.Errorf("%d of %d files arrived", found, files)
	}

	// 100 MB of zeros are 100 kB on the way; 5 GB in the soak test.
	size := int64(soak(100<<20, 5<<30))
	bomb, err := os.Create(filepath.Join(dir, "bomb"))
	if err != nil {
		t.Fatal(err)
	}
	if err := bomb.Truncate(size); err != nil {
		t.Fatal(err)
	}
	bomb.Close()
	ada.git(dir, "checkout", "-q", "--orphan", "bomb")
	ada.git(dir, "rm", "-rq", "--cached", ".")
	ada.git(dir, "add", "bomb")
	ada.git(dir, "commit", "-q", "-m", "bomb")
	out, code := ada.try(dir, "push", "--force", "paastech", "bomb:main")
	if large := size > 2<<30; large != (code != 0) || large && !strings.Contains(out, "E_SOURCE_TOO_LARGE") {
		t.Errorf("a bomb of %d bytes: exit %d\n%s", size, code, out)
	}
	w.fsck(project)
}
