package api_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

// canarySecret is in every secret of the world under attack: password, variable.
const canarySecret = "canary-secret-51c9"

// siege is a world with victims that are made again when an attack has ended them.
type siege struct {
	*world
	log     *safeLog
	random  *rand.Rand
	user    person
	admin   person
	tokens  []paas.Secret // all that must be in no log
	values  map[string]string
	source  uint32
	answers map[int]int // by status
}

// safeLog is a log that can be read while it is written.
type safeLog struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (l *safeLog) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(text)
}

func (l *safeLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func newSiege(t *testing.T, seed uint64) *siege {
	t.Helper()
	log := &safeLog{}
	s := &siege{log: log, random: rand.New(rand.NewPCG(seed, 1)), answers: map[int]int{}}
	s.world = newWorldWith(t, settings{log: log, proxied: true, git: true, accounts: paas.Accounts{Registration: paas.RegistrationOpen, IsCommon: func(string) bool { return false }}})
	s.renew()
	return s
}

// renew makes victims: a user with a project that runs, a key, a token; somebody to administer; an
// administrator.
func (s *siege) renew() {
	s.t.Helper()
	name := fmt.Sprintf("u%x", s.random.Uint64())
	s.user, s.admin = s.victim(name, false), s.victim(name+"-admin", true)
	other := s.victim(name+"-other", false)
	project, err := s.user.CreateProject(s.t.Context(), "victim")
	s.must(func() error { return err })
	s.world.ada, s.world.project = s.user, project
	s.mustPush("one")
	value := paas.Secret(canarySecret)
	_, _, err = s.platform.ChangeEnv(s.t.Context(), s.user.User, project.ID, paas.EnvChange{Set: map[string]*paas.Secret{"CANARY": &value}})
	s.must(func() error { return err })
	token, err := s.user.CreateToken(s.t.Context(), wire.NewToken{Name: "CI", Scope: paas.ScopeAdmin})
	s.must(func() error { return err })
	invite, err := s.admin.CreateInvite(s.t.Context(), wire.NewInvite{})
	s.must(func() error { return err })
	s.tokens = append(s.tokens, s.user.token, s.admin.token, token.Secret, invite.Code)
	s.values = map[string]string{
		"id": string(project.ID), "n": "1", "username": other.Username, "token": string(token.ID), "key": exampleUUID, "invite": string(invite.ID),
	}
}

const exampleUUID = "0b6f1a34-54c6-4d6e-8b51-0e2f4d9c7a11"

func (s *siege) victim(name string, admin bool) person {
	s.t.Helper()
	account := paas.NewUser{Username: name, Email: name + "@example.com", Password: canarySecret, IsAdmin: admin}
	user, err := s.platform.CreateUser(s.t.Context(), account)
	s.must(func() error { return err })
	session, err := s.anonymous().Login(s.t.Context(), account.Email, canarySecret)
	s.must(func() error { return err })
	return person{user, s.anonymous().WithToken(session.AccessToken), session.AccessToken}
}

// body is an operation's example with the victim's own secrets in it.
func (s *siege) body(operation *described) map[string]any {
	if operation.RequestBody == nil {
		return nil
	}
	body, _ := operation.RequestBody.Content["application/json"].Example.(map[string]any)
	filled := map[string]any{}
	for key, value := range body {
		switch key {
		case "password", "currentPassword", "passwordVerification":
			value = canarySecret
		case "project", "invite":
			continue
		case "container_names":
			value = []any{s.values["id"]}
		case "username", "email", "name":
			value = strings.Replace(fmt.Sprint(value), "a", fmt.Sprintf("a%x", s.random.Uint32()), 1)
		}
		filled[key] = value
	}
	return filled
}

// survive looks for what attacks have left behind.
func (s *siege) survive(t *testing.T) {
	t.Helper()
	if _, err := s.user.Me(t.Context()); err != nil {
		t.Errorf("after all that: %v", err)
	}
	log := s.log.String()
	for _, secret := range s.tokens {
		if strings.Contains(log, secret.Reveal()) {
			t.Errorf("a token is in the log: %s", around(log, secret.Reveal()))
		}
	}
	for _, bad := range []string{canarySecret, "eyJhbGciOi", "panick", "level=ERROR"} {
		if strings.Contains(log, bad) {
			t.Errorf("%s in the log: %s", bad, around(log, bad))
		}
	}
	for _, root := range []string{".", s.dir, os.TempDir(), "/", filepath.Dir(s.dir)} {
		deep := root == "." || root == s.dir
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && strings.Contains(entry.Name(), canaryFile) {
				t.Errorf("an injected command made %s", path)
			}
			if err != nil || entry.IsDir() && path != root && !deep {
				return fs.SkipDir // others' directories may go meanwhile
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

func around(text, what string) string {
	at := strings.Index(text, what)
	return text[max(0, at-200):min(len(text), at+len(what)+100)]
}
