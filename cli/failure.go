package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/client"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web/problem"
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

// failureOf is what went wrong as people and programs are told it, with one more line for people.
func failureOf(ctx context.Context, err error) (failure *paas.Error, hint string) {
	if wrong, ok := errors.AsType[*usageError](err); ok {
		return paas.Errorf(paas.Invalid, eUsage, "%s", wrong.message), fmt.Sprintf("`%s --help` shows how it is used.", wrong.command)
	}
	known, ok := errors.AsType[*paas.Error](err)
	switch {
	case ctx.Err() != nil && (!ok || errors.Is(err, context.Canceled)):
		return paas.Errorf(paas.Canceled, paas.ECanceled, "interrupted"), ""
	case ok:
		return known, ""
	case isUnanswered(err):
		return paas.Errorf(paas.Unavailable, eUnreachable, "%s", err), ""
	}
	return paas.Errorf(paas.Internal, eFailed, "%s", err), ""
}

// report says what went wrong and chooses the exit code: for people `E_CODE: sentence` on stderr,
// with --json the API's document of a failure on stdout, and then that alone.
func (c *console) report(ctx context.Context, err error) int {
	failure, hint := failureOf(ctx, err)
	written := c.emit(problem.Of(failure), func() { c.explain(failure, hint) })
	if written != nil {
		c.note("%s: write the failure: %s", eFailed, written)
	}
	if failure.Code == eUsage {
		return exitUsage
	}
	return exitFailed
}

func (c *console) explain(failure *paas.Error, hint string) {
	c.note("%s: %s", failure.Code, printable(failure.Message))
	for _, detail := range failure.Details {
		if detail.Message != failure.Message {
			c.note("  %s: %s", printable(detail.Field), printable(detail.Message))
		}
	}
	if hint != "" {
		c.note("%s", hint)
	}
}

// isUnanswered tells whether a call got no answer of the API.
func isUnanswered(err error) bool {
	_, ok := errors.AsType[*client.Error](err)
	return ok
}
