package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDocumentationNamesWhatThereIs: every command of ours in the documentation is one, with flags that there are and
// as many arguments as it takes. What the tutorial says is also done: see testdata/script/tutorial.txtar.
func TestDocumentationNamesWhatThereIs(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	howtos, err := filepath.Glob("../docs/howto/*.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for _, page := range append(append(pages, howtos...), "../README.md") {
		content, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		prose, commandLines := split(string(content))
		for _, line := range commandLines {
			commands += checkMentioned(t, page, line)
		}
		for _, mention := range regexp.MustCompile("`(paastech [a-z][^`]*)`").FindAllStringSubmatch(prose, -1) {
			commands += checkMentioned(t, page, mention[1])
		}
	}
	if commands < 60 {
		t.Errorf("only %d commands were looked at: the search is broken", commands)
	}
}

// split parts a page into its text and the lines of its blocks of commands.
func split(page string) (prose string, commandLines []string) {
	var text strings.Builder
	language, inside := "", false
	for line := range strings.Lines(page) {
		if fence, is := strings.CutPrefix(strings.TrimSpace(line), "```"); is {
			language, inside = fence, !inside
			continue
		}
		switch {
		case !inside:
			text.WriteString(line)
		case language == "" || language == "sh" || language == "console":
			commandLines = append(commandLines, line)
		}
	}
	return text.String(), commandLines
}

// checkMentioned looks at the commands of ours in a line, and returns how many there are.
func checkMentioned(t *testing.T, page, line string) (commands int) {
	t.Helper()
	line, _, _ = strings.Cut(strings.TrimSpace(line), " # ")
	for part := range strings.SplitSeq(line, " && ") {
		part = strings.TrimPrefix(strings.TrimPrefix(part, `curl --fail "$(`), "curl $(")
		name, rest, _ := strings.Cut(part, " ")
		if (name != "paastech" && name != "./paastech") || strings.Contains(part, "…") {
			continue
		}
		commands++
		checkWords(t, page, part, shellWords(rest))
	}
	return commands
}

// shellWords splits as a shell does, as far as the documentation needs it.
func shellWords(text string) []string {
	text = regexp.MustCompile(`"\$\(.*?\)"`).ReplaceAllString(text, "what-it-prints")
	text = regexp.MustCompile(`\)"?$`).ReplaceAllString(text, "")
	text, _, _ = strings.Cut(text, " > ")
	text, _, _ = strings.Cut(text, " < ")
	quoted := regexp.MustCompile(`"[^"]*"|'[^']*'`).ReplaceAllStringFunc(text, func(word string) string {
		return strings.ReplaceAll(word[1:len(word)-1], " ", "_")
	})
	return strings.Fields(quoted)
}
