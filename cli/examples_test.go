package cli

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestEveryCommandHasAnExample that is one of itself, with flags that there are and arguments that it takes.
func TestEveryCommandHasAnExample(t *testing.T) {
	program := Program{Version: "test", Args: []string{"paastech"}}
	eachCommand(newRoot(program, newConsole(program)), func(cmd *cobra.Command) {
		if cmd.Example == "" && !cmd.HasSubCommands() {
			t.Errorf("%s has no example", cmd.CommandPath())
		}
		for line := range strings.Lines(cmd.Example) {
			checkExample(t, cmd, strings.TrimRight(line, "\n"))
		}
	})
}

func eachCommand(cmd *cobra.Command, do func(*cobra.Command)) {
	do(cmd)
	for _, sub := range cmd.Commands() {
		eachCommand(sub, do)
	}
}

func checkExample(t *testing.T, cmd *cobra.Command, line string) {
	command, _, _ := strings.Cut(line, "  #")
	if !strings.HasPrefix(line, "  ") || strings.HasPrefix(line, "   ") {
		t.Errorf("%s: the example %q is not indented by two", cmd.CommandPath(), line)
	}
	_, command, ours := strings.Cut(" "+command, " paastech ")
	if !ours {
		t.Errorf("%s: %q is no example of it", cmd.CommandPath(), line)
		return
	}
	command, _, _ = strings.Cut(command, " < ")
	command, _, _ = strings.Cut(command, " > ")
	words := strings.Fields(strings.ReplaceAll(command, "Good morning", "Good-morning"))
	if found := checkWords(t, cmd.CommandPath(), line, words); found != cmd.CommandPath() {
		t.Errorf("%s: %q is an example of %s", cmd.CommandPath(), line, found)
	}
}

// checkWords looks whether words are a command with flags that it has and arguments that it takes, and returns which.
func checkWords(t *testing.T, where, line string, words []string) string {
	t.Helper()
	program := Program{Version: "test", Args: []string{"paastech"}}
	found, args, err := newRoot(program, newConsole(program)).Find(words)
	if err != nil {
		t.Errorf("%s: %q: %v", where, line, err)
		return ""
	}
	if err := found.ParseFlags(args); err != nil {
		t.Errorf("%s: %q: %v", where, line, err)
	} else if err := found.ValidateArgs(found.Flags().Args()); err != nil {
		t.Errorf("%s: %q: %v", where, line, err)
	}
	return found.CommandPath()
}
