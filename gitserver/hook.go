package gitserver

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"strings"
)

// hookName is what git calls, and how the binary knows that it is the hook.
const hookName = "pre-receive"

// The hook's environment, set by the daemon and handed on by git.
const (
	socketVariable = "PAASTECH_HOOK_SOCKET"
	secretVariable = "PAASTECH_HOOK_SECRET"
)

// hookVersion is raised when hookRequest or the answer changes: the hook is the binary on the disk,
// the daemon perhaps still the one before an upgrade.
const hookVersion = 1

// hookRequest is what the hook tells the daemon, as one JSON value.
type hookRequest struct {
	Version    int      `json:"version"`
	Secret     string   `json:"secret"`     // says which session's hook this is
	Objects    string   `json:"objects"`    // GIT_OBJECT_DIRECTORY: the quarantine
	Quarantine string   `json:"quarantine"` // GIT_QUARANTINE_PATH
	Shallow    string   `json:"shallow"`    // GIT_SHALLOW_FILE: where history ends when the push is kept
	Updates    []string `json:"updates"`    // old, new and name of each ref, as git gives them
}

// The daemon answers in lines: these are the first byte of each.
const (
	outputLine = '>' // the rest is shown to the person who pushes
	exitLine   = '=' // the rest is the hook's exit code; nothing follows
)

// maxHookInput bounds what a hook reads from git: 16 MiB are about 100,000 refs.
const maxHookInput = 16 << 20

// IsHook tells whether the program was called by git as its hook. main asks first thing, before any
// argument is looked at.
func IsHook(argv0 string) bool { return filepath.Base(argv0) == hookName }

// RunHook is the hook: it hands the push to the daemon, shows what comes back and returns the exit
// code that accepts (0) or rejects the push.
func RunHook(stdin io.Reader, stdout io.Writer, environment func(string) string) int {
	code, err := askDaemon(stdin, stdout, environment)
	if err != nil {
		fmt.Fprintf(stdout, "The push could not be handed to the platform (%v). Nothing was changed; push again in a moment.\n", err)
		return 1
	}
	return code
}

func askDaemon(stdin io.Reader, stdout io.Writer, environment func(string) string) (int, error) {
	input, err := io.ReadAll(io.LimitReader(stdin, maxHookInput))
	if err != nil {
		return 0, fmt.Errorf("read the refs: %w", err)
	}
	conn, err := net.Dial("unix", environment(socketVariable))
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	request := hookRequest{
		Version:    hookVersion,
		Secret:     environment(secretVariable),
		Objects:    environment("GIT_OBJECT_DIRECTORY"),
		Quarantine: environment("GIT_QUARANTINE_PATH"),
		Shallow:    environment("GIT_SHALLOW_FILE"),
		Updates:    strings.Split(strings.TrimSuffix(string(input), "\n"), "\n"),
	}
	if err := json.NewEncoder(conn).Encode(request); err != nil {
		return 0, err
	}
	return showAnswer(conn, stdout)
}

// showAnswer passes the daemon's lines on until it says how the push ended.
func showAnswer(conn io.Reader, stdout io.Writer) (int, error) {
	reader := bufio.NewReader(conn)
	for {
		line, err := reader.ReadString('\n')
		if err == io.EOF {
			return 0, fmt.Errorf("it went away: %w", io.ErrUnexpectedEOF)
		}
		if err != nil {
			return 0, err
		}
		switch line[0] {
		case outputLine:
			io.WriteString(stdout, line[1:])
		case exitLine:
			return strconv.Atoi(strings.TrimSpace(line[1:]))
		default:
			return 0, fmt.Errorf("it said %q", line)
		}
	}
}
