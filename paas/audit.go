package paas

import "time"

// AuditEntry records one change that somebody made or tried to make.
type AuditEntry struct {
	ID     int64 // grows
	At     time.Time
	User   UserID // empty: nobody who is known
	Name   string // the username at that time
	With   string // "session 1f3a…", "token <name>", "key SHA256:…", "host"
	From   string // address
	Action string // name of the operation, like deleteProject or push
	Target string // what it was done to: a project's id, a username, …
	Result Code   // AuditDone, or the code of the failure
}

// AuditDone is the result of a change that was made.
const AuditDone Code = "OK"

// AuditQuery chooses entries; empty fields choose all.
type AuditQuery struct {
	Name   string // of the user
	Target string
	Before int64 // entries older than this one; 0 from the newest
	Limit  int
}
