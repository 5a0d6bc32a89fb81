package wire

// A command's streams go over its WebSocket as binary messages; the first byte of each says which
// stream the others are of.
const (
	CommandInput byte = iota
	CommandOutput
	CommandErrors
)

// CommandStart is the first message, as text: what to run. The later ones of the caller are input, and
// CommandChange.
type CommandStart struct {
	Command  []string      `json:"command"`           // a program and its arguments; no shell reads them
	Process  string        `json:"process,omitempty"` // exec only: web or web.2; empty means the first
	Input    bool          `json:"input,omitempty"`   // there will be input
	Terminal *TerminalSize `json:"terminal,omitempty"`
}

// TerminalSize is in characters.
type TerminalSize struct {
	Rows    int `json:"rows"`
	Columns int `json:"columns"`
}

// CommandChange is what a caller says while a command runs, as text.
type CommandChange struct {
	EOF    bool          `json:"eof,omitempty"` // the input has ended
	Resize *TerminalSize `json:"resize,omitempty"`
}

// CommandEnd is the server's last message, as text, unless something went wrong: then it is the
// document of a failure.
type CommandEnd struct {
	ExitCode  int  `json:"exit_code"`
	OOMKilled bool `json:"oom_killed"` // the kernel ended it for its memory
}
