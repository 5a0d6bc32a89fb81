package paas

import (
	"errors"
	"fmt"
	"syscall"
	"time"
)

// Kind says what sort of failure an Error is; each front door maps it once to its own answer.
type Kind int

// The kinds of failure, with the HTTP status that the API gives each.
const (
	Internal        Kind = iota // 500: ours; the cause goes to the log only
	Invalid                     // 400: the input is wrong
	Unauthenticated             // 401: nobody is logged in
	Forbidden                   // 403: logged in, but not allowed
	NotFound                    // 404: not there, or not yours
	Conflict                    // 409: taken, or in the way of something running
	TooLarge                    // 413
	Rejected                    // 422: understood, tried, and failed: carries a diagnosis
	TooMany                     // 429
	Unavailable                 // 503: something the platform needs does not answer
	Canceled                    // 409: somebody ended it
)

// Code is the stable name of a failure (E_NO_PORT); it is the same in push output, CLI, API and page.
type Code string

// Codes that more than one package speaks of. The diagnoses of builds and starts are in diagnosis.go.
const (
	ECanceled      Code = "E_CANCELED"
	EConflict      Code = "E_CONFLICT"
	EForbidden     Code = "E_FORBIDDEN"
	EInternal      Code = "E_INTERNAL"
	EInvalid       Code = "E_INVALID"
	ENeverBuilt    Code = "E_NEVER_BUILT"
	ENotFound      Code = "E_NOT_FOUND"
	ENotLoggedIn   Code = "E_NOT_LOGGED_IN"
	EBadLogin      Code = "E_BAD_LOGIN"
	ETaken         Code = "E_TAKEN"
	ETooLarge      Code = "E_TOO_LARGE"
	ETooMany       Code = "E_TOO_MANY"
	EUnavailable   Code = "E_UNAVAILABLE"
	EInterrupted   Code = "E_INTERRUPTED"
	EBuildConfig   Code = "E_BUILD_CONFIG"
	EAppConfig     Code = "E_APP_CONFIG"
	EBuilderNot    Code = "E_BUILDER_NOT_ALLOWED"
	EBuildpackNot  Code = "E_BUILDPACK_UNKNOWN"
	ENothingFound  Code = "E_NOTHING_MATCHED"
	EBuildFailed   Code = "E_BUILD_FAILED"
	EBuildTimeout  Code = "E_BUILD_TIMEOUT"
	EBuildMemory   Code = "E_BUILD_OUT_OF_MEMORY"
	EBuildDiskFull Code = "E_BUILD_DISK_FULL"
	ESubmodules    Code = "E_SUBMODULES"
	ELFS           Code = "E_LFS_POINTER"
	ESourceTooBig  Code = "E_SOURCE_TOO_LARGE"
	EBadTree       Code = "E_BAD_TREE"
	EClosed        Code = "E_REGISTRATION_CLOSED"
	EKeyRejected   Code = "E_KEY_REJECTED"
	EShuttingDown  Code = "E_SHUTTING_DOWN"
	ENoSuchCommand Code = "E_NO_SUCH_COMMAND"
	EInvite        Code = "E_INVITE_NEEDED"
	EChallenge     Code = "E_CHALLENGE_FAILED"
	EBadLink       Code = "E_LINK_INVALID"
	ELastAdmin     Code = "E_LAST_ADMIN"
	EScope         Code = "E_TOKEN_SCOPE"

	EQuotaProjects   Code = "E_QUOTA_PROJECTS"
	EQuotaMemory     Code = "E_QUOTA_MEMORY"
	EQuotaContainers Code = "E_QUOTA_CONTAINERS"
	EQuotaBuilds     Code = "E_QUOTA_BUILDS"
	EQuotaDisk       Code = "E_QUOTA_DISK"
	EQuotaDomains    Code = "E_QUOTA_DOMAINS"
)

// Detail names one wrong field of an input.
type Detail struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Error is a failure that people may read: a kind, a stable code, one sentence for the person and,
// hidden from them, the cause for the log.
type Error struct {
	Kind    Kind
	Code    Code
	Message string
	Details []Detail
	Cause   error

	RetryAfter time.Duration // of a TooMany or Unavailable error: when trying again makes sense; 0 is not known
}

// Errorf makes an Error; the last argument of a format that ends in "%w" is not special: use Because.
func Errorf(kind Kind, code Code, format string, args ...any) *Error {
	return &Error{Kind: kind, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Because returns a copy of e that carries the cause, for the log.
func (e *Error) Because(cause error) *Error {
	copied := *e
	copied.Cause = cause
	return &copied
}

// Error is what the log shows: the sentence and the cause.
func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %s (%v)", e.Code, e.Message, e.Cause)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Message)
}

// Unwrap returns the hidden cause.
func (e *Error) Unwrap() error { return e.Cause }

// InvalidField is the error of one wrong field.
func InvalidField(field, format string, args ...any) *Error {
	message := fmt.Sprintf(format, args...)
	return &Error{Kind: Invalid, Code: EInvalid, Message: message, Details: []Detail{{Field: field, Message: message}}}
}

// NoSpace is what could not be kept because the platform's own disk is full.
func NoSpace(cause error) *Error {
	return Errorf(Unavailable, EUnavailable, "The platform's disk is full, so nothing can be changed now; what runs goes on running. Try again when an administrator has made room.").Because(cause)
}

// Public returns what a person may see of any error: the Error inside it, or, for one that is none,
// an Internal error that hides it as its cause.
func Public(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return NoSpace(err)
	}
	return &Error{Kind: Internal, Code: EInternal, Message: "Something went wrong on our side; the log of the server says what.", Cause: err}
}

// IsKind tells whether err is an Error of this kind.
func IsKind(err error, kind Kind) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Kind == kind
}

// IsCode tells whether err is an Error with this code.
func IsCode(err error, code Code) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == code
}
