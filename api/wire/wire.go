// Package wire is what travels between the API and its clients as JSON: API.md's shapes, one type
// each, written by the server and read by the client.
package wire

import (
	"encoding/json"
	"reflect"

	"github.com/paastech-cloud/paastech/paas"
)

// Answer is a request that went well. Its content is an object or an array.
type Answer[T any] struct {
	Status     Word   `json:"status"`
	Message    string `json:"message,omitempty"`
	Content    T      `json:"content"`
	NextCursor string `json:"nextCursor,omitempty"` // of a list that goes on
}

// MarshalJSON leaves out only a content that is not there: one of zeros is an answer, too.
func (a Answer[T]) MarshalJSON() ([]byte, error) {
	without := struct {
		Status     Word   `json:"status"`
		Message    string `json:"message,omitempty"`
		NextCursor string `json:"nextCursor,omitempty"`
	}{a.Status, a.Message, a.NextCursor}
	if v := reflect.ValueOf(a.Content); !v.IsValid() || v.Kind() == reflect.Pointer && v.IsNil() {
		return json.Marshal(without)
	}
	type written Answer[T] // without this method
	return json.Marshal(written(a))
}

// Word says how a request went.
type Word string

// The words of an Answer.
const (
	OK      Word = "OK"
	Created Word = "created"
	Removed Word = "removed"
)

// Nothing is a body or a content that is not there.
type Nothing = *struct{}

// Heartbeat is whether the daemon and its database answer: "OK" or "KO".
type Heartbeat struct {
	Service  string `json:"service"`
	Database string `json:"database"`
}

// Info is what anyone may know about a platform.
type Info struct {
	Version      string            `json:"version"`
	URL          string            `json:"url"`          // of dashboard and API
	Git          string            `json:"git"`          // ssh://git@host:port
	Applications string            `json:"applications"` // http://<project-id>.user-app.domain:port
	HostKeys     []HostKey         `json:"hostKeys"`
	Registration paas.Registration `json:"registration"`
	Challenge    bool              `json:"challenge"` // registering needs the answer to GET /auth/challenge
}

// HostKey is a key of the git server.
type HostKey struct {
	Type        string `json:"type"`
	Value       string `json:"value"` // authorized_keys form: type and base64
	Fingerprint string `json:"fingerprint"`
}
