package paas

import (
	"crypto/rand"
	"fmt"
	"regexp"
)

// newID returns a random UUID, version 4 (RFC 9562).
func newID() string {
	var id [16]byte
	rand.Read(id[:])
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

// IsProjectID tells whether s has the shape of a project's id.
func IsProjectID(s string) bool { return uuid.MatchString(s) }
