package paas_test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// splitVariable puts the engine and the repositories of every test's platform into another process's place: behind
// gRPC with mutual TLS.
const splitVariable = "PAASTECH_TEST_SPLIT"

// TestSplit runs all of the hub's tests once more, against modules that are reached over the wire.
func TestSplit(t *testing.T) {
	again := exec.CommandContext(t.Context(), os.Args[0], "-test.v", "-test.skip=^TestSplit$|^TestPush/.*Fuzz")
	again.Env = append(os.Environ(), splitVariable+"=1")
	out, err := again.CombinedOutput()
	passed := len(regexp.MustCompile(`(?m)^--- PASS`).FindAll(out, -1))
	if err != nil || passed < 100 {
		t.Errorf("%d tests pass, then: %v\n%s", passed, err, failures(string(out)))
	}
	t.Logf("%d tests pass", passed)
}

// failures leaves out what passes.
func failures(output string) string {
	var kept []string
	for line := range strings.Lines(output) {
		if !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(strings.TrimSpace(line), "--- PASS") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}
