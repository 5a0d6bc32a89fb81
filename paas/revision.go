package paas

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// revisions makes what tells one state of something from another and nothing else about it: checksums
// with a key (HMAC-SHA-256) that lives as long as the daemon, so that nobody can try values out.
type revisions [sha256.Size]byte

func newRevisions() revisions {
	var key revisions
	rand.Read(key[:]) // never fails
	return key
}

// of is the revision of what JSON can hold.
func (r revisions) of(state any) string {
	text, err := json.Marshal(state)
	if err != nil {
		panic("a state that is no JSON: " + err.Error())
	}
	sum := hmac.New(sha256.New, r[:])
	sum.Write(text)
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// EnvRevision tells a set of variables from others; it is another after a restart of the daemon.
func (p *Platform) EnvRevision(set Env) string {
	if set == nil {
		set = Env{}
	}
	return p.revisions.of(set)
}

// SettingsRevision tells what a project's owner set for it from other settings; it is another after a
// restart of the daemon.
func (p *Platform) SettingsRevision(project Project) string { return p.revisions.of(project.App) }
