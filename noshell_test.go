package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// mayExecute names every place of the product that starts a program, and what it may start. The
// daemon starts git, mmdebstrap when it makes its
// builder, and e2fsprogs when it makes a volume or lets it grow; the rest is the client on a person's
// own machine, a build inside a tenant's own container, or the making of the binary.
var mayExecute = map[string][]string{
	"gitserver":               {"g.path", "git.path", "p.git.path"}, // what exec.LookPath found for git
	"builder":                 {"mmdebstrap"},
	"deployer/disk.go":        {"mkfs.ext4"},           // makes the file system of a volume in a file of its own
	"deployer/grow.go":        {"e2fsck", "resize2fs"}, // lets it grow while nobody uses it
	"builder/cmd/embed":       {"go"},
	"builder/buildpacks":      {"*"}, // runs in the build container alone
	"cli/push.go":             {"git"},
	"deployer/savevolume.go":  {"e2fsck"}, // looks at one that was restored
	"cli/upgrade_linux.go":    {"binary"}, // the next version, as root says
	"cli/handover_linux.go":   {"binary"},
	"cli/operations_linux.go": {"systemctl"}, // installing, as root says
	"cli/browser.go":          {"*"},         // the person's own browser
	"cli/repository.go":       {"git"},
	"store/postgrestest":      {"*"},             // PostgreSQL, for tests alone
	"ingress/pebbletest":      {"go", "program"}, // a CA, for tests alone
	"ui/browsertest":          {"certutil"},      // the browser's trust, for tests alone
}

// TestNothingReachesAShell reads every source file of the product: programs are started in the known
// places only, by a literal name, and no shell is among them.
func TestNothingReachesAShell(t *testing.T) {
	calls := 0
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains([]string{".git", "examples", "data", "dist", "testdata"}, entry.Name()) {
			return filepath.SkipDir
		}
		if strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			calls += checkExecutions(t, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if calls < 3 {
		t.Errorf("only %d calls were found: the walk is broken", calls)
	}
}

func checkExecutions(t *testing.T, path string) (calls int) {
	t.Helper()
	files := token.NewFileSet()
	parsed, err := parser.ParseFile(files, path, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(parsed, func(node ast.Node) bool {
		call, isCall := node.(*ast.CallExpr)
		if !isCall {
			return true
		}
		name, isExec := execName(call)
		if !isExec {
			return true
		}
		calls++
		allowed := allowedIn(path)
		if slices.Contains([]string{"sh", "bash", "/bin/sh", "/bin/bash", "dash", "zsh", "busybox"}, name) || !slices.Contains(allowed, name) && !slices.Contains(allowed, "*") {
			t.Errorf("%s starts %q; it may start only %v", files.Position(call.Pos()), name, allowed)
		}
		return true
	})
	return calls
}

// execName is the program of a call of exec.Command, exec.CommandContext, os.StartProcess or
// syscall.Exec; the expression when it is not a literal.
func execName(call *ast.CallExpr) (string, bool) {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", false
	}
	in, ok := selector.X.(*ast.Ident)
	if !ok {
		return "", false
	}
	at, known := map[string]int{"exec.Command": 0, "exec.CommandContext": 1, "os.StartProcess": 0, "syscall.Exec": 0, "unix.Exec": 0}[in.Name+"."+selector.Sel.Name]
	if !known || len(call.Args) <= at {
		return "", false
	}
	literal, ok := call.Args[at].(*ast.BasicLit)
	if !ok {
		return types.ExprString(call.Args[at]), true
	}
	name, _ := strconv.Unquote(literal.Value)
	return name, true
}

func allowedIn(path string) []string {
	for place := filepath.ToSlash(path); place != "."; place = filepath.ToSlash(filepath.Dir(place)) {
		if allowed, known := mayExecute[place]; known {
			return allowed
		}
	}
	return nil
}
