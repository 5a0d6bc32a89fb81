package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/client"
	"github.com/paastech-cloud/paastech/paas"
)

// Codes of failures that only the client knows.
const (
	eUsage        paas.Code = "E_USAGE"
	eFailed       paas.Code = "E_FAILED"
	eNoServer     paas.Code = "E_NO_SERVER"
	eUnreachable  paas.Code = "E_UNREACHABLE"
	eNoRepository paas.Code = "E_NO_REPOSITORY"
	eNoCommit     paas.Code = "E_NO_COMMIT"
	eNoRemote     paas.Code = "E_NO_REMOTE"
	eRemoteExists paas.Code = "E_REMOTE_EXISTS"
	eNoKey        paas.Code = "E_NO_KEY"
	eHostKey      paas.Code = "E_HOST_KEY"
	ePushFailed   paas.Code = "E_PUSH_FAILED"
	eNotConfirmed paas.Code = "E_NOT_CONFIRMED"
	eUnsound      paas.Code = "E_UNSOUND"
)

// Exit codes: what was asked for could not be done, and what was asked for makes no sense.
const (
	exitFailed = 1
	exitUsage  = 2
)

// usageError is a command used wrongly; the line after it names the help.
type usageError struct {
	command string
	message string
}

func (e *usageError) Error() string { return e.message }

func usagef(cmd *cobra.Command, format string, args ...any) error {
	return &usageError{command: cmd.CommandPath(), message: fmt.Sprintf(format, args...)}
}

// failf is a failure of the client's own with its code.
func failf(code paas.Code, format string, args ...any) error {
	return paas.Errorf(paas.Invalid, code, format, args...)
}

// report says what went wrong, `E_CODE: sentence`, and chooses the exit code.
func report(ctx context.Context, stderr io.Writer, err error) int {
	if wrong, ok := errors.AsType[*usageError](err); ok {
		fmt.Fprintf(stderr, "%s: %s\n`%s --help` shows how it is used.\n", eUsage, wrong.message, wrong.command)
		return exitUsage
	}
	known, ok := errors.AsType[*paas.Error](err)
	switch {
	case ctx.Err() != nil && (!ok || errors.Is(err, context.Canceled)):
		fmt.Fprintf(stderr, "%s: interrupted\n", paas.ECanceled)
	case ok:
		fmt.Fprintf(stderr, "%s: %s\n", known.Code, printable(known.Message))
		for _, detail := range known.Details {
			if detail.Message != known.Message {
				fmt.Fprintf(stderr, "  %s: %s\n", printable(detail.Field), printable(detail.Message))
			}
		}
	case isUnanswered(err):
		fmt.Fprintf(stderr, "%s: %s\n", eUnreachable, printable(err.Error()))
	default:
		fmt.Fprintf(stderr, "%s: %s\n", eFailed, printable(err.Error()))
	}
	return exitFailed
}

// isUnanswered tells whether a call got no answer of the API.
func isUnanswered(err error) bool {
	_, ok := errors.AsType[*client.Error](err)
	return ok
}
