package cli

import (
	"maps"
	"testing"
)

func TestParseDotenv(t *testing.T) {
	for _, test := range []struct {
		text string
		want map[string]string
	}{
		{"", map[string]string{}},
		{"# only\n\n  # comments", map[string]string{}},
		{"A=1\r\nB = two words \nexport C=3", map[string]string{"A": "1", "B": "two words", "C": "3"}},
		{"\ufeffA=\nB=\"\"\nC=''", map[string]string{"A": "", "B": "", "C": ""}},
		{"A=x # comment\nB=x#y\nC=\"x # y\" # comment\nD=#", map[string]string{"A": "x", "B": "x#y", "C": "x # y", "D": ""}},
		{`A="l1\nl2\t\"q\" \$HOME \\ \x"`, map[string]string{"A": "l1\nl2\t\"q\" $HOME \\ \\x"}},
		{`A='$(touch x) \n "` + "`id`'\nB=$HOME", map[string]string{"A": `$(touch x) \n "` + "`id`", "B": "$HOME"}},
		{"A=\"one\ntwo\"\nB='three\n\nfour'\nC=5", map[string]string{"A": "one\ntwo", "B": "three\n\nfour", "C": "5"}},
		{"A=a=b==\nA=last", map[string]string{"A": "last"}},
	} {
		got, err := parseDotenv(".env", test.text)
		if err != nil || !maps.Equal(got, test.want) {
			t.Errorf("%q gives %q, %v; not %q", test.text, got, err, test.want)
		}
	}
}

func TestParseDotenvNamesTheLine(t *testing.T) {
	for text, want := range map[string]string{
		"A=1\nnonsense":         `E_INVALID: .env:2: "nonsense" is no KEY=value`,
		"A=\"x\ny\"\nB=1\n1C=2": `E_INVALID: .env:4: "1C" is not a name for an environment variable: use letters, digits and _, and do not start with a digit.`,
		"A=1\nB=\"open\nC=2":    `E_INVALID: .env:2: B: the quote is never closed`,
		"A='x' y":               `E_INVALID: .env:1: A: there is something behind the closing quote`,
		"PAASTECH_X=1":          `E_INVALID: .env:1: PAASTECH_X: names that begin with PAASTECH_ are the platform's own.`,
	} {
		if _, err := parseDotenv(".env", text); err == nil || err.Error() != want {
			t.Errorf("%q gives %v, not %s", text, err, want)
		}
	}
}
