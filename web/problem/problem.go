// Package problem is the JSON of a failed request, read by the client as the server writes it, and
// the one table between the kinds of failure and HTTP statuses.
package problem

import (
	"net/http"

	"github.com/paastech-cloud/paastech/paas"
)

// statuses is the table. Canceled shares its status with Conflict; its code tells them apart.
var statuses = map[paas.Kind]int{
	paas.Internal:        http.StatusInternalServerError,
	paas.Invalid:         http.StatusBadRequest,
	paas.Unauthenticated: http.StatusUnauthorized,
	paas.Forbidden:       http.StatusForbidden,
	paas.NotFound:        http.StatusNotFound,
	paas.Conflict:        http.StatusConflict,
	paas.TooLarge:        http.StatusRequestEntityTooLarge,
	paas.Rejected:        http.StatusUnprocessableEntity,
	paas.TooMany:         http.StatusTooManyRequests,
	paas.Unavailable:     http.StatusServiceUnavailable,
	paas.Canceled:        http.StatusConflict,
}

// Status is the HTTP status of a kind of failure.
func Status(kind paas.Kind) int {
	if status, known := statuses[kind]; known {
		return status
	}
	return http.StatusInternalServerError
}

// kindOf is the table read backwards.
func kindOf(status int, code paas.Code) paas.Kind {
	if code == paas.ECanceled {
		return paas.Canceled
	}
	for kind, s := range statuses {
		if s == status && kind != paas.Canceled {
			return kind
		}
	}
	if status >= 400 && status < 500 {
		return paas.Invalid
	}
	return paas.Internal
}

// Document is the answer to a failed request (API.md, "Shapes").
type Document struct {
	Status     string        `json:"status"` // "error"
	StatusCode int           `json:"statusCode"`
	Code       paas.Code     `json:"code"`
	Message    string        `json:"message"`
	Details    []paas.Detail `json:"details,omitempty"`
	ID         string        `json:"id,omitempty"` // of one of our own failures, also in the log
}

// Event is the name of the event that closes a stream that broke; its data is a Document.
const Event = "error"

// Of makes the document of a failure. Nothing of its cause is in it.
func Of(err *paas.Error) Document {
	return Document{Status: "error", StatusCode: Status(err.Kind), Code: err.Code, Message: err.Message, Details: err.Details}
}

// Err makes the failure again, on the client's side.
func (d Document) Err() *paas.Error {
	return &paas.Error{Kind: kindOf(d.StatusCode, d.Code), Code: d.Code, Message: d.Message, Details: d.Details}
}
