package paas

import (
	"strings"
	"unicode"
)

// CommitID is a git object name in hexadecimal.
type CommitID string

// Short is the first seven characters, as git prints them.
func (c CommitID) Short() string { return truncate(string(c), 7) }

// CommitNote is what a commit says of itself: the first line of its message, and the name of its
// author. Whoever pushes can write anything there.
type CommitNote struct {
	Subject string
	Author  string
}

// What is kept of a commit's note, in runes.
const (
	MaxSubject = 200
	MaxAuthor  = 100
)

// NewCommitNote reads the beginning of a commit object (gitformat-commit): headers, an empty line, the
// message. Of both texts it keeps one line that can be shown anywhere.
func NewCommitNote(object string) CommitNote {
	headers, message, _ := strings.Cut(object, "\n\n")
	var note CommitNote
	for header := range strings.SplitSeq(headers, "\n") {
		if author, is := strings.CutPrefix(header, "author "); is {
			name, _, _ := strings.Cut(author, "<")
			note.Author = oneLine(name, MaxAuthor)
			break
		}
	}
	subject, _, _ := strings.Cut(strings.TrimLeft(message, "\n"), "\n")
	note.Subject = oneLine(subject, MaxSubject)
	return note
}

// oneLine is text without what is no character or changes how the text around it looks, so long at the most.
func oneLine(text string, runes int) string {
	shown := strings.Map(func(r rune) rune {
		switch {
		case unicode.In(r, unicode.Bidi_Control):
			return -1
		case unicode.IsControl(r), unicode.In(r, unicode.Zl, unicode.Zp):
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	shown = strings.TrimSpace(shown)
	if cut := truncate(shown, runes); cut != shown {
		return truncate(shown, runes-1) + "…"
	}
	return shown
}
