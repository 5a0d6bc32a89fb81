package paas

import (
	"maps"
	"testing"
)

func TestParseDotenv(t *testing.T) {
	for _, test := range []struct {
		text string
		want Env
	}{
		{"", Env{}},
		{"# only\n\n  # comments", Env{}},
		{"A=1\r\nB = two words \nexport C=3", Env{"A": "1", "B": "two words", "C": "3"}},
		{"\ufeffA=\nB=\"\"\nC=''", Env{"A": "", "B": "", "C": ""}},
		{"A=x # comment\nB=x#y\nC=\"x # y\" # comment\nD=#", Env{"A": "x", "B": "x#y", "C": "x # y", "D": ""}},
		{`A="l1\nl2\t\"q\" \$HOME \\ \x"`, Env{"A": "l1\nl2\t\"q\" $HOME \\ \\x"}},
		{`A='$(touch x) \n "` + "`id`'\nB=$HOME", Env{"A": `$(touch x) \n "` + "`id`", "B": "$HOME"}},
		{"A=\"one\ntwo\"\nB='three\n\nfour'\nC=5", Env{"A": "one\ntwo", "B": "three\n\nfour", "C": "5"}},
		{"A=a=b==\nA=last", Env{"A": "last"}},
	} {
		got, err := ParseDotenv(test.text)
		if err != nil || !maps.Equal(got, test.want) {
			t.Errorf("%q gives %q, %v; not %q", test.text, got.Lines(), err, test.want.Lines())
		}
	}
}

func TestParseDotenvNamesTheLine(t *testing.T) {
	for text, want := range map[string]string{
		"A=1\nnonsense":         `Line 2: this is no NAME=value.`,
		"A=\"x\ny\"\nB=1\n1C=2": `Line 4: "1C" is not a name for an environment variable: use letters, digits and _, and do not start with a digit.`,
		"A=1\nB=\"open\nC=2":    `Line 2: B: the quote is never closed.`,
		"A='x' y":               `Line 1: A: there is something behind the closing quote.`,
		"PAASTECH_X=1":          `Line 1: PAASTECH_X: names that begin with PAASTECH_ are the platform's own.`,
	} {
		if _, err := ParseDotenv(text); err == nil || err.Error() != want {
			t.Errorf("%q gives %v, not %s", text, err, want)
		}
	}
}
