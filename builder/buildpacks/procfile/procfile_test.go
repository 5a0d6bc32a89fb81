package procfile

import (
	"slices"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/builder/buildpacks/cnb"
)

func TestParse(t *testing.T) {
	tests := []struct {
		content string
		want    []Entry
		fails   string // part of the sentence
	}{
		{content: "web: node server.js\n", want: []Entry{{"web", "node server.js"}}},
		{content: "# note\r\n\r\nweb:  ./server --port=$PORT\r\nworker: ./work", want: []Entry{{"web", "./server --port=$PORT"}, {"worker", "./work"}}},
		{content: "", want: nil},
		{content: "web\n", fails: "line 1"},
		{content: "web: a\nweb:\n", fails: "line 2"},
		{content: "web: a\nweb: b\n", fails: "second time"},
		{content: "../web: a\n", fails: "line 1"},
		{content: "web: a\x00b\n", fails: "line 1"},
		{content: "$(touch x): a\n", fails: "line 1"},
	}
	for _, test := range tests {
		got, err := parse(test.content)
		if test.fails == "" && (err != nil || !slices.Equal(got, test.want)) {
			t.Errorf("parse(%q) = %v, %v; want %v", test.content, got, err, test.want)
		}
		if test.fails != "" && (err == nil || !strings.Contains(err.Error(), test.fails)) {
			t.Errorf("parse(%q) = %v, %v; want an error about %s", test.content, got, err, test.fails)
		}
	}
}

func TestPlainWordsNeedNoShell(t *testing.T) {
	tests := map[string][]string{
		"node server.js":              {"node", "server.js"},
		"./server --listen 0.0.0.0:1": {"./server", "--listen", "0.0.0.0:1"},
		"./server --port $PORT":       {"bash", "-c", "./server --port $PORT"},
		"A=1 ./server":                {"bash", "-c", "A=1 ./server"},
		"python -c 'print(1)'":        {"bash", "-c", "python -c 'print(1)'"},
		"a && b":                      {"bash", "-c", "a && b"},
	}
	for line, want := range tests {
		if got := cnb.Argv(line); !slices.Equal(got, want) {
			t.Errorf("Argv(%q) = %q, want %q", line, got, want)
		}
	}
}
