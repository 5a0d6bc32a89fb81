package cli

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

func TestLinksAndTheirTokensAreTheSame(t *testing.T) {
	for _, typed := range []string{
		"abc_1", " abc_1\n", "https://paas.example.com/email-verification/abc_1", "https://example.com/#/password-reset/abc_1",
		"https://paas.example.com/register?invite=abc_1", "invite=abc_1&x=y",
	} {
		if got := linkToken(typed).Reveal(); got != "abc_1" {
			t.Errorf("%q: %q", typed, got)
		}
	}
}

func TestRegisterSolvesTheChallenge(t *testing.T) {
	atHome(t)
	challenge := paas.NewProofOfWork(4)
	mode := paas.RegistrationClosed
	var got wire.Register
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/info", func(w http.ResponseWriter, _ *http.Request) { answer(w, wire.Info{Registration: mode}, nil) })
	mux.HandleFunc("GET /api/v1/auth/challenge", func(w http.ResponseWriter, _ *http.Request) {
		posed := challenge.Pose()
		answer(w, wire.Challenge{Text: posed.Text, Bits: posed.Bits, Until: posed.Until}, nil)
	})
	mux.HandleFunc("POST /api/v1/auth/register", func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewDecoder(r.Body).Decode(&got)
		answer(w, wire.Registered{Username: got.Username, Email: got.Email}, challenge.Check(got.Challenge))
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	args := []string{"register", "--server", server.URL, "-e", ada.Email, "-u", "ada"}
	run(t, "", "register").want(t, 2, `E_USAGE: .*-e EMAIL`)
	run(t, "", args...).want(t, 1, `^E_REGISTRATION_CLOSED: `)
	mode = paas.RegistrationInvite
	run(t, "", args...).want(t, 1, `--invite`)
	out := mustRun(t, "a good password\n", append(args, "--invite", "https://x/register?invite=code1")...)
	wantMatch(t, out, `mailbox \(ada@example.com\)`)
	if got.Password != "a good password" || got.Invite != "code1" || strings.Contains(out, "good password") {
		t.Errorf("%+v", got)
	}
}

func TestAdministrationNamesWhatIsMissing(t *testing.T) {
	f, _ := loggedIn(t)
	run(t, "", "admin", "users", "create", "--username", "eve").want(t, 2, `E_USAGE: .*--email`)
	run(t, "", "admin", "rotate-key", "--server", f.URL).want(t, 1, `host alone`)
	run(t, "", "account", "reset").want(t, 2, `E_USAGE: .*--token`)
}
