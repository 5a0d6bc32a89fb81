package cli

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

// recorder answers each pattern with what is given for it and keeps what it was sent.
func recorder(t *testing.T, answers map[string]any) (args []string, asked *[]string) {
	asked = &[]string{}
	mux := http.NewServeMux()
	for pattern, content := range answers {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			*asked = append(*asked, strings.TrimSpace(r.Method+" "+strings.TrimPrefix(r.URL.Path, "/api/v1")+" "+string(body)))
			answer(w, content, nil)
		})
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	atHome(t)
	t.Setenv("PAASTECH_TOKEN", goodToken)
	return []string{"--server", server.URL}, asked
}

func wantAsked(t *testing.T, asked *[]string, want ...string) {
	t.Helper()
	if !slices.Equal(*asked, want) {
		t.Errorf("asked\n%s\nnot\n%s", strings.Join(*asked, "\n"), strings.Join(want, "\n"))
	}
	*asked = nil
}

func TestAccountChangesSendWhatIsNeeded(t *testing.T) {
	changed := wire.UserDetails{User: ada, PendingEmail: "new@example.com"}
	at, asked := recorder(t, map[string]any{
		"GET /api/v1/users/my": ada, "PATCH /api/v1/users/my": changed, "DELETE /api/v1/users/my": nil,
		"GET /api/v1/users/my/deletion":            wire.Deletion{Projects: []wire.ProjectName{{Name: "shop"}}, Keys: 2},
		"POST /api/v1/auth/password/reset/{token}": nil,
	})
	wantMatch(t, mustRun(t, "", append(at, "account", "rename", "ada")...), `You are ada now`)
	wantAsked(t, asked, `PATCH /users/my {"username":"ada"}`)
	wantMatch(t, mustRun(t, "a password\n", append(at, "account", "email", "new@example.com")...), `stays ada@example.com until`)
	wantAsked(t, asked, `PATCH /users/my {"email":"new@example.com","password":"a password"}`)
	mustRun(t, "another one\n", append(at, "account", "reset", "--token", "https://x/#/password-reset/abc")...)
	wantAsked(t, asked, `POST /auth/password/reset/abc {"password":"another one","passwordVerification":"another one"}`)

	run(t, "nobody\n", append(at, "account", "delete")...).want(t, 1, `(?s)1 project\(s\).*2 SSH key\(s\).*Projects: shop.*E_NOT_CONFIRMED`)
	wantAsked(t, asked, "GET /users/my", "GET /users/my/deletion")
	mustRun(t, "ada\na password\n", append(at, "account", "delete")...)
	wantAsked(t, asked, "GET /users/my", "GET /users/my/deletion", `DELETE /users/my {"password":"a password"}`)
}

func TestAdministrationOfUsers(t *testing.T) {
	eve := wire.UserDetails{User: wire.User{Username: "eve"}}
	at, asked := recorder(t, map[string]any{
		"GET /api/v1/users/eve": eve, "DELETE /api/v1/users/eve": nil, "GET /api/v1/users/eve/deletion": wire.Deletion{Containers: 3},
		"PUT /api/v1/users/eve/admin": eve, "DELETE /api/v1/users/eve/admin": eve, "PUT /api/v1/users/eve/limits": eve,
	})
	users := func(args ...string) []string { return append(append(at, "admin", "users"), args...) }
	wantMatch(t, mustRun(t, "", users("grant", "eve")...), `eve is an administrator now`)
	wantMatch(t, mustRun(t, "", users("revoke", "eve")...), `eve is no administrator any more`)
	wantAsked(t, asked, "PUT /users/eve/admin", "DELETE /users/eve/admin")
	run(t, "adam\n", users("rm", "eve")...).want(t, 1, `(?s)3 container\(s\).*E_NOT_CONFIRMED`)
	mustRun(t, "eve\n", users("rm", "eve")...)
	wantAsked(t, asked, "GET /users/eve/deletion", "GET /users/eve/deletion", "DELETE /users/eve")
	run(t, "", users("limits", "eve", "--memory", "much")...).want(t, 2, `E_USAGE: --memory "much"`)
	mustRun(t, "", users("limits", "eve")...)
	wantAsked(t, asked, "GET /users/eve", "GET /users/eve")
	mustRun(t, "", users("limits", "eve", "--projects", "2", "--memory", "1GiB")...)
	if change := (*asked)[1]; !strings.HasPrefix(change, "PUT /users/eve/limits ") || !strings.Contains(change, `"projects":2`) || !strings.Contains(change, `"memory":1073741824`) {
		t.Errorf("%s", change)
	}
}

func TestDoctorFailsWithItsFindings(t *testing.T) {
	unsound := paas.Examination{Repaired: []string{}, Checks: []paas.Check{
		{Part: "database", Summary: "is sound; 2 projects", Findings: []paas.Finding{}},
		{Part: "repositories", Summary: "one for each project", Findings: []paas.Finding{
			{Part: "repositories", Code: paas.EOrphan, Message: "a repository of project x, which does not exist", Remedy: "paastech doctor --repair"},
		}},
	}}
	sound := paas.Examination{Repaired: []string{"Removed the repository of project x, which does not exist."}, Checks: unsound.Checks[:1]}
	at, asked := recorder(t, map[string]any{"GET /api/v1/admin/doctor": unsound, "POST /api/v1/admin/doctor/repair": sound})
	got := run(t, "", append(at, "doctor")...)
	got.want(t, 1, "^E_UNSOUND: 1 thing.*`paastech doctor --repair`")
	wantMatch(t, got.stdout, `(?s)^✓ database +is sound; 2 projects\n✗ repositories +one for each project\n +E_ORPHAN: a repository of project x, which does not exist\.\n +paastech doctor --repair\n`)
	got = run(t, "", append(at, "doctor", "--json")...)
	var document paas.Examination
	if err := json.Unmarshal([]byte(got.stdout), &document); err != nil || got.code != 1 || got.stderr != "" || !reflect.DeepEqual(document, unsound) {
		t.Errorf("%v, exit code %d\n%s%s", err, got.code, got.stdout, got.stderr)
	}
	wantMatch(t, mustRun(t, "", append(at, "doctor", "--repair")...), `(?s)^Removed the repository of project x.*\n\n✓ database.*\n\nAll is as it should be\.\n$`)
	document = paas.Examination{}
	if err := json.Unmarshal([]byte(mustRun(t, "", append(at, "doctor", "--repair", "--json")...)), &document); err != nil || !reflect.DeepEqual(document, sound) {
		t.Errorf("%v %+v", err, document)
	}
	if len(*asked) != 4 {
		t.Errorf("%v", *asked)
	}
}
