package gitserver_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/gitserver"
)

// A hook that belongs to no push, or that finds nobody, rejects.
func TestHookWithoutAPush(t *testing.T) {
	w := newWorld(t, nil)
	for socket, want := range map[string]string{
		filepath.Join(w.dir, "hook.sock"): "This hook belongs to no push.",
		filepath.Join(w.dir, "nobody"):    "Nothing was changed; push again in a moment.",
	} {
		var out bytes.Buffer
		environment := map[string]string{"PAASTECH_HOOK_SOCKET": socket, "PAASTECH_HOOK_SECRET": "guessed"}
		code := gitserver.RunHook(strings.NewReader("a b refs/heads/main\n"), &out, func(name string) string { return environment[name] })
		if code != 1 || !strings.Contains(out.String(), want) {
			t.Errorf("exit %d, %q", code, out.String())
		}
	}
	conn, err := net.Dial("unix", filepath.Join(w.dir, "hook.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintln(conn, "nonsense")
	if answer, err := io.ReadAll(conn); err != nil || len(answer) > 0 {
		t.Errorf("nonsense was answered with %q, %v", answer, err)
	}
}

// The path of a data directory may be longer than that of a socket.
func TestLongSocketPath(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	w := newWorld(t, func(o *gitserver.Options) { o.HookSocket = filepath.Join(t.TempDir(), strings.Repeat("d", 120)) })
	ada := w.person("ada")
	project := ada.project("shop")
	ada.git(ada.repositoryFor(project), "push", "paastech", "main")
	w.stop()
	if left, _ := filepath.Glob(filepath.Join(temporary, "paastech-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := os.Stat(w.repository(project)); err != nil {
		t.Error(err)
	}
}
