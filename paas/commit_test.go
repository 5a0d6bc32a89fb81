package paas_test

import (
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
)

func TestCommitNoteIsOneLineThatCanBeShownAnywhere(t *testing.T) {
	head := "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor Ada Lovelace <ada@example.com> 1 +0000\ncommitter Bob <b@example.com> 1 +0000\n"
	for name, test := range map[string]struct {
		object string
		want   paas.CommitNote
	}{
		"usual":             {head + "\nSay hello\n\nAnd why.\n", paas.CommitNote{Subject: "Say hello", Author: "Ada Lovelace"}},
		"signed":            {head + "gpgsig -----BEGIN\n author Eve <e> 1\n -----END\n\nSay hello", paas.CommitNote{Subject: "Say hello", Author: "Ada Lovelace"}},
		"empty lines first": {head + "\n\n\n  Say hello  \n", paas.CommitNote{Subject: "Say hello", Author: "Ada Lovelace"}},
		"no message":        {head, paas.CommitNote{Author: "Ada Lovelace"}},
		"cut in a header":   {"tree 4b82", paas.CommitNote{}},
		"markup stays":      {head + "\n<script>alert(1)</script>", paas.CommitNote{Subject: "<script>alert(1)</script>", Author: "Ada Lovelace"}},
		"escapes":           {head + "\n\x1b[31mred\x07\ttab\u2028line\u202eevil", paas.CommitNote{Subject: "[31mred  tab lineevil", Author: "Ada Lovelace"}},
		"Latin 1":           {"author J\xfcrgen <j@example.com> 1 +0000\n\nGr\xfc\xdfe", paas.CommitNote{Subject: "Gr�e", Author: "J�rgen"}},
		"long":              {head + "\n" + strings.Repeat("ü", 300), paas.CommitNote{Subject: strings.Repeat("ü", 199) + "…", Author: "Ada Lovelace"}},
		"as long as is":     {head + "\n" + strings.Repeat("ü", 200), paas.CommitNote{Subject: strings.Repeat("ü", 200), Author: "Ada Lovelace"}},
	} {
		if got := paas.NewCommitNote(test.object); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
