package paas

import "time"

// Registration says who may make an account over the API.
type Registration string

// The modes of registration. While nobody is an administrator yet RegistrationInvite means closed:
// the first account is made on the host.
const (
	RegistrationOpen   Registration = "open"
	RegistrationInvite Registration = "invite" // whoever an administrator has invited
	RegistrationClosed Registration = "closed"
)

// Accounts are the rules for making accounts.
type Accounts struct {
	Registration  Registration               // default RegistrationInvite
	UnverifiedTTL time.Duration              // accounts not verified by then are removed; default 7 days
	Challenge     Challenge                  // asked of whoever registers; nil asks nothing
	IsCommon      func(password string) bool // tells passwords that attackers try first; nil knows none
}

// Challenge is work asked of whoever registers, to make it dear in bulk.
type Challenge interface {
	// Pose makes a new one.
	Pose() Puzzle

	// Check accepts each solution once; otherwise it is Invalid with EChallenge.
	Check(answer string) error
}

// Puzzle is a challenge posed: find a text x so that SHA-256 of Text + "." + x begins with Bits zero
// bits; the answer is Text + "." + x.
type Puzzle struct {
	Text  string
	Bits  int
	Until time.Time
}
