package cli

import (
	"fmt"
	"time"
)

// day is a date as people read it.
func day(at time.Time) string { return at.Local().Format("2 January 2006") }

// ago is how long something is past, in its largest unit; "never" when it has not been.
func ago(at *time.Time) string {
	if at == nil || at.IsZero() {
		return "never"
	}
	past := time.Since(*at)
	switch {
	case past < time.Second:
		return "now"
	case past < time.Minute:
		return fmt.Sprintf("%d s ago", int(past.Seconds()))
	case past < time.Hour:
		return fmt.Sprintf("%d min ago", int(past.Minutes()))
	case past < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(past.Hours()))
	}
	return fmt.Sprintf("%d days ago", int(past.Hours()/24))
}
