package cli

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// outcomeOf is what a person sees of one command.
type outcomeOf struct {
	code           int
	stdout, stderr string
}

// run runs one command in this process.
func run(t *testing.T, stdin string, args ...string) outcomeOf {
	t.Helper()
	return runWith(t.Context(), stdin, args...)
}

func runWith(ctx context.Context, stdin string, args ...string) outcomeOf {
	var stdout, stderr bytes.Buffer
	code := Main(ctx, Program{Version: "test", Args: append([]string{"paastech"}, args...), Stdin: strings.NewReader(stdin), Stdout: &stdout, Stderr: &stderr})
	return outcomeOf{code, stdout.String(), stderr.String()}
}

// mustRun runs a command that has to go well and returns its output.
func mustRun(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	got := run(t, stdin, args...)
	if got.code != 0 {
		t.Fatalf("paastech %s: exit code %d\n%s%s", strings.Join(args, " "), got.code, got.stdout, got.stderr)
	}
	return got.stdout
}

func (o outcomeOf) want(t *testing.T, code int, stderr string) {
	t.Helper()
	if o.code != code || !regexp.MustCompile(stderr).MatchString(o.stderr) {
		t.Errorf("exit code %d and\n%s\nnot %d and %s", o.code, o.stderr, code, stderr)
	}
}

func wantMatch(t *testing.T, text, pattern string) {
	t.Helper()
	if !regexp.MustCompile(pattern).MatchString(text) {
		t.Errorf("%q does not match %s", text, pattern)
	}
}

// atHome gives the test a home and an empty working directory of its own, and returns the latter.
func atHome(t *testing.T) string {
	home, work := t.TempDir(), t.TempDir()
	for name, value := range map[string]string{
		"HOME": home, "XDG_CONFIG_HOME": filepath.Join(home, "config"), "PAASTECH_TOKEN": "", "PAASTECH_SERVER": "",
		"GIT_SSH_COMMAND": "", "GIT_SSH": "", "GIT_CONFIG_NOSYSTEM": "1", "DISPLAY": "", "WAYLAND_DISPLAY": "",
		"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com", "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.com",
	} {
		t.Setenv(name, value)
	}
	t.Chdir(work)
	return work
}

// loggedIn is a fake server with ada logged in, in a home of her own.
func loggedIn(t *testing.T) (*fakeServer, string) {
	work := atHome(t)
	f := serveFake(t)
	mustRun(t, "", "login", "--server", f.URL, "-e", ada.Email, "-p", "correct horse")
	return f, work
}

func runGit(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("git", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestLogInAndOut(t *testing.T) {
	atHome(t)
	f := serveFake(t)
	run(t, "", "account").want(t, 1, `^E_NO_SERVER: .*paastech login`)
	run(t, "", "login", "--server", f.URL).want(t, 1, `^E_INVALID: `)
	run(t, "wrong\n", "login", "--server", f.URL, "-e", ada.Email).want(t, 1, `^E_BAD_LOGIN: `)
	mustRun(t, ada.Email+"\ncorrect horse\n", "login", "--server", f.URL+"/")
	path := filepath.Join(os.Getenv("XDG_CONFIG_HOME"), "paastech", "auth.yaml")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("session file: %v, %v", info, err)
	}
	wantMatch(t, mustRun(t, "", "account"), `Username +ada`)
	wantMatch(t, mustRun(t, "", "account", "--json"), `"username": "ada"`)
	mustRun(t, "", "logout")
	if strings.Contains(read(t, path), goodToken) {
		t.Error("the token is still there after logout")
	}
	run(t, "", "account").want(t, 1, `^E_NOT_LOGGED_IN: `)
	t.Setenv("PAASTECH_TOKEN", goodToken)
	wantMatch(t, mustRun(t, "", "account", "--server", f.URL), `ada@example.com`)
	t.Setenv("PAASTECH_TOKEN", "stale")
	run(t, "", "account").want(t, 1, `^E_NOT_LOGGED_IN: `)
}

func TestSessionFileKeepsWhatItDoesNotKnow(t *testing.T) {
	atHome(t)
	f := serveFake(t)
	path := filepath.Join(os.Getenv("XDG_CONFIG_HOME"), "paastech", "auth.yaml")
	write(t, path, "colour: blue\nservers:\n  https://other.example.com: {token: theirs, nickname: bob}\n")
	mustRun(t, "", "login", "--server", f.URL, "-e", ada.Email, "-p", "correct horse")
	content := read(t, path)
	for _, kept := range []string{"colour: blue", "token: theirs", "nickname: bob", "default: " + f.URL} {
		wantMatch(t, content, regexp.QuoteMeta(kept))
	}
}

func TestUsageErrors(t *testing.T) {
	loggedIn(t)
	for _, args := range [][]string{
		{"nonsense"}, {"keys", "nonsense"}, {"keys", "add"}, {"status", "more"}, {"status", "--nonsense"},
		{"env", "set", "NOVALUE"}, {"logs", "--since", "yesterday"}, {"deployments", "0"}, {"deployments", "x"}, {"init"},
	} {
		got := run(t, "", args...)
		if got.code != 2 || !strings.HasPrefix(got.stderr, "E_USAGE: ") || !strings.Contains(got.stderr, "--help") || got.stdout != "" {
			t.Errorf("paastech %v: %d %q %q", args, got.code, got.stdout, got.stderr)
		}
	}
	run(t, "", "statsu").want(t, 2, `did you mean .*status`)
}

func TestUnreachableServer(t *testing.T) {
	f, _ := loggedIn(t)
	f.Close()
	run(t, "", "projects", "ls").want(t, 1, `^E_UNREACHABLE: .*paastech serve`)
	mustRun(t, "", "version")
	run(t, "", "logout").want(t, 1, `^E_UNREACHABLE: .*forgotten here`)
}

func TestServerAddress(t *testing.T) {
	for typed, want := range map[string]string{
		"paas.example.com": "https://paas.example.com", "localhost:3000": "http://localhost:3000", "127.0.0.1:3000/": "http://127.0.0.1:3000",
		"[::1]:3000": "http://[::1]:3000", "http://paas.example.com": "http://paas.example.com", "https://x.example.com/api/v1": "https://x.example.com",
		"file:///etc/passwd": "", "http://user:pw@x": "", "": "",
	} {
		if got, _ := serverAddress(typed); got != want {
			t.Errorf("%q gives %q, not %q", typed, got, want)
		}
	}
}

func TestInterruptedCommandEndsCleanly(t *testing.T) {
	f, _ := loggedIn(t)
	f.addProject("hello")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	runWith(ctx, "", "projects", "ls").want(t, 1, `^E_CANCELED: interrupted\n$`)
}

func TestPrintable(t *testing.T) {
	if got := printable("a\x1b[31m\nb\u202e"); got != `a\u001b[31m\nb\u202e` {
		t.Errorf("%q", got)
	}
}

func TestTable(t *testing.T) {
	var out bytes.Buffer
	c := &console{stdout: &out, colour: true}
	c.table([]string{"NAME", "STATUS", "X"}, [][]string{{"é", "running", ""}, {"longer", "new", "y"}})
	want := "NAME    STATUS   X\né       \x1b[32mrunning\x1b[0m\nlonger  \x1b[2mnew\x1b[0m      y\n"
	if out.String() != want {
		t.Errorf("%q, not %q", out.String(), want)
	}
}
