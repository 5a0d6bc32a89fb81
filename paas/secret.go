package paas

import "log/slog"

// Secret is a string that must not reach a log: it prints as dots. Reveal gives the value.
// It marshals to JSON in clear, because the API shows an owner their own configuration.
type Secret string

const redacted = "••••"

// String hides the value.
func (Secret) String() string { return redacted }

// GoString hides the value from %#v.
func (Secret) GoString() string { return redacted }

// LogValue hides the value from slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// Reveal returns the value.
func (s Secret) Reveal() string { return string(s) }
