package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/api/client"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

// TestContract calls every operation of the document, with success and without, through the typed
// client; the way there holds each exchange to the document.
func TestContract(t *testing.T) {
	w := newWorldWith(t, settings{accounts: paas.Accounts{Registration: paas.RegistrationOpen, Challenge: paas.NewProofOfWork(4)}})
	for _, part := range []func(*world, *testing.T){
		callPlatform, callRegistration, callKeysAndTokens, callProjects, callDeployments, callLife, callLogs, callAdministration, callAccounts, callWithoutSuccess,
	} {
		part(w, t)
	}
	w.contract.require(t)
}

// require holds that every operation was seen, and prints what was.
func (c *contract) require(t *testing.T) {
	t.Helper()
	slices.SortFunc(c.operations, func(a, b *described) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	table := &strings.Builder{}
	for _, operation := range c.operations {
		seen := c.seen[operation.ID]
		fmt.Fprintf(table, "%-20s %-7s %-38s %-8s %-7s success %-5t failure %-5t client %-5t %s\n",
			operation.ID, operation.method, operation.path, operation.Level, operation.Scope, seen.good, seen.bad, seen.client, strings.Join(operation.Errors, " "))
		if !seen.good || !seen.bad || !seen.client {
			t.Errorf("%s was not seen with success, with a failure and from the client: %+v", operation.ID, *seen)
		}
	}
	t.Logf("%d operations\n%s", len(c.operations), table)
	if len(c.operations) < 55 {
		t.Errorf("only %d operations", len(c.operations))
	}
}

// check ends the test at an error of a call that should go well.
func check(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func callPlatform(w *world, t *testing.T) {
	_, err := w.anonymous().Health(t.Context())
	check(t, "health", err)
	info, err := w.anonymous().Info(t.Context())
	check(t, "info", err)
	if !info.Challenge {
		t.Error("nobody says that there is a challenge")
	}
	schema, err := w.anonymous().AppSchema(t.Context())
	check(t, "app schema", err)
	if !strings.Contains(string(schema), "object") {
		t.Errorf("the schema of applications: %s", schema)
	}
	document, err := w.anonymous().Document(t.Context())
	check(t, "document", err)
	if string(document) != string(w.contract.text) {
		t.Error("the document changes")
	}
}

func callRegistration(w *world, t *testing.T) {
	c := w.anonymous()
	puzzle, err := c.Challenge(t.Context())
	check(t, "challenge", err)
	_, err = c.Register(t.Context(), wire.Register{Username: "zoe", Email: "zoe@example.com", Password: password, Challenge: puzzle.Solve()})
	check(t, "register", err)
	if _, err := c.Register(t.Context(), wire.Register{Username: "zoe2", Email: "zoe2@example.com", Password: password}); !paas.IsCode(err, paas.EChallenge) {
		t.Errorf("without the challenge: %v", err)
	}
	check(t, "resend", c.ResendConfirmation(t.Context(), "zoe@example.com"))
	_, err = c.Confirm(t.Context(), w.mailed(t, paas.MailConfirm))
	check(t, "confirm", err)
	check(t, "request reset", c.RequestReset(t.Context(), "zoe@example.com"))
	check(t, "reset", c.ResetPassword(t.Context(), w.mailed(t, paas.MailReset), "another horse"))
	_, err = c.Login(t.Context(), "zoe@example.com", "another horse")
	check(t, "login", err)
	for name, err := range map[string]error{
		"confirm": second(c.Confirm(t.Context(), "wrong")), "reset": c.ResetPassword(t.Context(), "wrong", "another horse"), "resend": c.ResendConfirmation(t.Context(), "zoe"),
		"request": c.RequestReset(t.Context(), ""), "login": second(c.Login(t.Context(), "zoe@example.com", password)),
	} {
		if !paas.IsKind(err, paas.Invalid) && !paas.IsCode(err, paas.EBadLogin) {
			t.Errorf("%s with nonsense: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// mailed waits for the newest mail of a kind and reads its link's secret.
func (w *world) mailed(t *testing.T, kind paas.MailKind) paas.Secret {
	t.Helper()
	var secret paas.Secret
	w.eventually("mail "+string(kind), func() bool {
		mails, err := w.local.Mails(t.Context())
		at := slices.IndexFunc(mails, func(m wire.Mail) bool { return m.Kind == kind })
		if err != nil || at < 0 {
			return false
		}
		mail, err := w.local.Mail(t.Context(), mails[at].ID)
		secret = paas.Secret(strings.TrimSpace(mail.Text))
		return err == nil && secret != ""
	})
	return secret
}

func callKeysAndTokens(w *world, t *testing.T) {
	key, err := w.ada.AddKey(t.Context(), adasKey, "")
	check(t, "add key", err)
	_, err = w.ada.Keys(t.Context())
	check(t, "keys", err)
	_, err = w.admin.AllKeys(t.Context())
	check(t, "all keys", err)
	check(t, "remove key", w.ada.RemoveKey(t.Context(), key.ID))
	token, err := w.ada.CreateToken(t.Context(), wire.NewToken{Name: "CI", Scope: paas.ScopeDeploy, Project: w.project.ID})
	check(t, "create token", err)
	_, err = w.ada.Tokens(t.Context())
	check(t, "tokens", err)
	check(t, "delete token", w.ada.DeleteToken(t.Context(), token.ID))
}

func callProjects(w *world, t *testing.T) {
	heard, ctx := make(chan error, 1), t.Context()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	created := errors.New("heard")
	go func() { heard <- w.ada.Events(ctx, func(wire.Event) error { return created }) }()
	w.eventually("an event", func() bool {
		other, err := w.ada.CreateProject(t.Context(), "other")
		check(t, "create", err)
		_, err = w.ada.ProjectDeletion(t.Context(), other.ID)
		check(t, "what deletion takes", err)
		check(t, "delete", w.ada.DeleteProject(t.Context(), other.ID))
		select {
		case err := <-heard:
			return errors.Is(err, created)
		default:
			return false
		}
	})
	_, err := w.ada.Projects(t.Context())
	check(t, "projects", err)
	_, err = w.admin.AllProjects(t.Context())
	check(t, "all projects", err)
	_, err = w.ada.Project(t.Context(), w.project.ID)
	check(t, "project", err)
	_, err = w.ada.UpdateProject(t.Context(), w.project.ID, wire.ProjectChange{}, client.UpdateOptions{})
	check(t, "update", err)
	_, err = w.ada.Statuses(t.Context(), w.project.ID)
	check(t, "statuses", err)
	_, err = w.ada.Statistics(t.Context(), w.project.ID)
	check(t, "statistics", err)
}

func callDeployments(w *world, t *testing.T) {
	id := w.project.ID
	w.mustPush("one")
	_, err := w.ada.Env(t.Context(), id, client.EnvOptions{})
	check(t, "env", err)
	_, err = w.ada.ReplaceEnv(t.Context(), id, paas.Env{"A": "1"}, client.EnvOptions{})
	check(t, "replace env", err)
	_, err = w.ada.SetEnv(t.Context(), id, map[string]*paas.Secret{"A": nil}, client.EnvOptions{Wait: client.NoWait})
	check(t, "set env", err)
	_, err = w.ada.Deploy(t.Context(), id, paas.Env{"B": "2"}, client.Wait)
	check(t, "deploy", err)
	_, err = w.ada.Restart(t.Context(), id, client.NoWait)
	check(t, "restart", err)
	check(t, "stop", w.ada.Stop(t.Context(), id))
	_, err = w.ada.Start(t.Context(), id, client.Wait)
	check(t, "start", err)
	_, err = w.ada.Deployments(t.Context(), id, 2)
	check(t, "deployments", err)
	_, err = w.ada.Deployment(t.Context(), id, 1)
	check(t, "deployment", err)
}

func callLife(w *world, t *testing.T) {
	id := w.project.ID
	scaled, err := w.ada.Scale(t.Context(), id, paas.Formation{"web": 2}, client.Wait)
	check(t, "scale", err)
	if scaled.Formation["web"] != 2 || scaled.Deployment == nil || scaled.Deployment.Formation["web"] != 2 {
		t.Errorf("scaled to %+v", scaled)
	}
	scaled, err = w.ada.Scale(t.Context(), id, paas.Formation{"web": 1}, client.NoWait)
	check(t, "scale without waiting", err)
	if scaled.Formation["web"] != 1 || scaled.Deployment == nil || !scaled.Deployment.State.Active() {
		t.Errorf("scaled without waiting to %+v", scaled)
	}
	callCommands(w, t)
	steps, err := w.ada.Plan(t.Context(), id)
	check(t, "plan", err)
	if len(steps) == 0 || !strings.HasPrefix(steps[0].Says, "launch web.1 of v") {
		t.Errorf("plan %+v", steps)
	}
	back, err := w.ada.Rollback(t.Context(), id, 1, client.Wait)
	check(t, "rollback", err)
	if back.Restores != 1 || back.Reason != paas.ReasonRollback {
		t.Errorf("rolled back to %+v", back)
	}
	ready := make(chan struct{})
	w.engine.hold(ready)
	defer close(ready)
	going, err := w.ada.Restart(t.Context(), id, client.NoWait)
	check(t, "restart", err)
	canceled, err := w.ada.Cancel(t.Context(), id, going.Number)
	check(t, "cancel", err)
	if canceled.State != paas.Aborted {
		t.Errorf("canceled to %s", canceled.State)
	}
	w.engine.hold(nil)
	if _, err := w.ada.Cancel(t.Context(), id, going.Number); err != nil {
		t.Errorf("cancel again: %v", err)
	}
	_, err = w.ada.AddDomain(t.Context(), id, wire.NewDomain{Name: "shop.example.com"})
	check(t, "add domain", err)
	domain, err := w.ada.CheckDomain(t.Context(), id, "Shop.Example.com.")
	check(t, "check domain", err)
	if domain.Proven || domain.Trouble == "" || len(domain.Records) != 2 {
		t.Errorf("domain %+v", domain)
	}
	domains, err := w.ada.Domains(t.Context(), id)
	check(t, "domains", err)
	if len(domains) != 1 || domains[0].Name != "shop.example.com" {
		t.Errorf("domains %+v", domains)
	}
	check(t, "remove domain", w.ada.RemoveDomain(t.Context(), id, "shop.example.com"))
	check(t, "sleep", w.ada.Sleep(t.Context(), id, false))
	check(t, "wake", w.ada.Wake(t.Context(), id))
	callReceptions(w, t, id)
	_, err = w.ada.Metrics(t.Context(), id, "7d")
	check(t, "metrics", err)
	_, err = w.ada.CronRuns(t.Context(), id)
	check(t, "cron runs", err)
	callEvents(w, t, id)
	volumes, err := w.ada.Volumes(t.Context(), id)
	check(t, "volumes", err)
	if len(volumes) != 1 || volumes[0].Name != "data" {
		t.Errorf("volumes %+v", volumes)
	}
	check(t, "remove volume", w.ada.RemoveVolume(t.Context(), id, "data"))
	for name, err := range map[string]error{
		"scale to too many": second(w.ada.Scale(t.Context(), id, paas.Formation{"web": 1000}, client.Wait)), "metrics of a century": second(w.ada.Metrics(t.Context(), id, "36500d")),
	} {
		if !paas.IsKind(err, paas.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, err := range map[string]error{
		"another's plan": second(w.bob.Plan(t.Context(), id)), "rollback to nothing": second(w.ada.Rollback(t.Context(), id, 99, client.Wait)), "cancel of nothing": second(w.ada.Cancel(t.Context(), id, 99)),
		"another's runs": second(w.bob.CronRuns(t.Context(), id)), "another's volumes": second(w.bob.Volumes(t.Context(), id)), "no volume": w.ada.RemoveVolume(t.Context(), id, "nothing"),
	} {
		if !paas.IsKind(err, paas.NotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// callEvents reads what happened in pages, and hears what happens.
func callEvents(w *world, t *testing.T, id paas.ProjectID) {
	newest, cursor, err := w.ada.ProjectEvents(t.Context(), id, 2, "")
	check(t, "events", err)
	if len(newest) != 2 || cursor == "" || newest[0].ID <= newest[1].ID {
		t.Fatalf("events %+v, then %q", newest, cursor)
	}
	older, _, err := w.ada.ProjectEvents(t.Context(), id, 200, cursor)
	check(t, "older events", err)
	first := older[len(older)-1]
	if older[0].ID >= newest[1].ID || first.Kind != paas.EventProjectCreated || first.By != "ada" || !strings.Contains(first.Message, "ada made the project hello") {
		t.Errorf("older events %+v", older)
	}
	heard := errors.New("heard")
	told := 0
	err = w.ada.FollowEvents(t.Context(), id, 2, func(e wire.Event) error {
		if told++; told == 2 { // what has happened was told: now something happens
			_, err := w.ada.SetEnv(t.Context(), id, map[string]*paas.Secret{"HEARD": new(paas.Secret)}, client.EnvOptions{Deploy: new(bool)})
			check(t, "set a variable", err)
		}
		if told <= 2 && e.ID != newest[2-told].ID {
			t.Errorf("the %d. event told is %+v", told, e)
		}
		if e.Kind == paas.EventProjectChanged && e.Message == "ada set HEARD." {
			return heard
		}
		return nil
	})
	if !errors.Is(err, heard) {
		t.Errorf("follow events: %v", err)
	}
}

func callLogs(w *world, t *testing.T) {
	_, err := w.ada.Logs(t.Context(), w.project.ID, client.LogQuery{Tail: 3})
	check(t, "logs", err)
	enough := errors.New("enough")
	if err := w.ada.FollowLogs(t.Context(), w.project.ID, client.LogQuery{}, func(wire.LogLine) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("follow: %v", err)
	}
	_, err = w.ada.DeploymentLog(t.Context(), w.project.ID, 1)
	check(t, "deployment log", err)
	_, err = w.ada.FollowDeploymentLog(t.Context(), w.project.ID, 1, func(string) error { return nil })
	check(t, "follow a deployment's log", err)
}

func callAdministration(w *world, t *testing.T) {
	limits := &paas.UserLimits{Projects: 3}
	for name, call := range map[string]func() error{
		"users":         func() error { return second(w.admin.Users(t.Context())) },
		"user":          func() error { return second(w.admin.Client.User(t.Context(), "ada")) },
		"user deletion": func() error { return second(w.admin.UserDeletion(t.Context(), "ada")) },
		"grant":         func() error { return second(w.admin.SetAdmin(t.Context(), "zoe", true)) },
		"limits":        func() error { return second(w.admin.SetLimits(t.Context(), "ada", limits)) },
		"overview":      func() error { return second(w.admin.Overview(t.Context())) },
		"settings":      func() error { return second(w.admin.Settings(t.Context())) },
		"certificates":  func() error { return second(w.admin.Certificates(t.Context())) },
		"CA":            func() error { return second(w.admin.CARoot(t.Context())) },
		"invites":       func() error { return second(w.admin.Invites(t.Context())) },
		"doctor":        func() error { return second(w.admin.Doctor(t.Context())) },
		"repair":        func() error { return second(w.admin.Repair(t.Context())) },
	} {
		check(t, name, call())
	}
	_, _, err := w.admin.Audit(t.Context(), "ada", "", "")
	check(t, "audit", err)
	invite, err := w.admin.CreateInvite(t.Context(), wire.NewInvite{Email: "guest@example.com"})
	check(t, "invite", err)
	check(t, "take back", w.admin.DeleteInvite(t.Context(), invite.ID))
	_, err = w.admin.CreateUser(t.Context(), wire.NewUser{Username: "temporary", Email: "temporary@example.com", Password: password})
	check(t, "create user", err)
	_, err = w.admin.SetAdmin(t.Context(), "zoe", false)
	check(t, "revoke", err)
	check(t, "delete user", w.admin.DeleteUser(t.Context(), "temporary"))
}

func callAccounts(w *world, t *testing.T) {
	_, err := w.bob.Me(t.Context())
	check(t, "me", err)
	name := "robert"
	_, err = w.bob.ChangeProfile(t.Context(), wire.ProfileChange{Username: &name})
	check(t, "change profile", err)
	sessions, err := w.bob.Sessions(t.Context())
	check(t, "sessions", err)
	if len(sessions) != 1 || !sessions[0].Current || sessions[0].Address != "127.0.0.1" || !strings.HasPrefix(sessions[0].Agent, "paastech (") {
		t.Errorf("bob is logged in at %+v", sessions)
	}
	elsewhere, err := w.anonymous().Login(t.Context(), "bob@example.com", password)
	check(t, "login", err)
	check(t, "end the others", w.bob.EndOtherSessions(t.Context()))
	if err := second(w.anonymous().WithToken(elsewhere.AccessToken).Me(t.Context())); !paas.IsKind(err, paas.Unauthenticated) {
		t.Errorf("after its end the other log-in hears %v", err)
	}
	_, err = w.anonymous().Login(t.Context(), "bob@example.com", password)
	check(t, "login", err)
	sessions, err = w.bob.Sessions(t.Context())
	check(t, "sessions", err)
	check(t, "end one", w.bob.EndSession(t.Context(), sessions[0].ID))
	if err := w.admin.EndSession(t.Context(), sessions[1].ID); !paas.IsKind(err, paas.NotFound) {
		t.Errorf("an administrator ending bob's log-in hears %v", err)
	}
	_, err = w.bob.MyLimits(t.Context())
	check(t, "limits", err)
	_, err = w.bob.MyDeletion(t.Context())
	check(t, "what deletion takes", err)
	session, err := w.bob.ChangePassword(t.Context(), password, "another horse")
	check(t, "change password", err)
	bob := w.bob.WithToken(session.AccessToken)
	check(t, "delete account", bob.DeleteAccount(t.Context(), "another horse"))
	other, err := w.anonymous().Login(t.Context(), "ada@example.com", password)
	check(t, "login", err)
	check(t, "logout", w.anonymous().WithToken(other.AccessToken).Logout(t.Context()))
}

// callWithoutSuccess asks for everything as nobody, and wrongly for what is everybody's.
func callWithoutSuccess(w *world, t *testing.T) {
	for _, operation := range w.contract.operations {
		address := "http://" + w.server.Addr().String() + apiBase + example(operation)
		want := http.StatusUnauthorized
		if operation.Level == "public" {
			want, address = http.StatusBadRequest, address+"?%zz"
		}
		request, err := http.NewRequestWithContext(t.Context(), operation.method, address, http.NoBody)
		check(t, "make a request", err)
		response, err := w.contract.RoundTrip(request)
		check(t, operation.ID, err)
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s: %d, not %d", operation.ID, response.StatusCode, want)
		}
	}
}

// example is an operation's path with the examples of its parameters.
func example(operation *described) string {
	path := operation.path
	for _, parameter := range operation.Parameters {
		if parameter.In == "path" {
			path = strings.ReplaceAll(path, "{"+parameter.Name+"}", fmt.Sprint(parameter.Example))
		}
	}
	return path
}

func callReceptions(w *world, t *testing.T, id paas.ProjectID) {
	t.Helper()
	for _, c := range []struct {
		do        func() error
		admission string
		notice    string
	}{
		{func() error { return w.ada.Maintain(t.Context(), id, "Back at nine.") }, "maintenance", "Back at nine."},
		{func() error { return w.ada.Pause(t.Context(), id) }, "paused", ""},
		{func() error { return w.ada.Resume(t.Context(), id) }, "open", ""},
	} {
		check(t, c.admission, c.do())
		project, err := w.ada.Project(t.Context(), id)
		check(t, "project", err)
		if project.Admission != c.admission || project.Notice != c.notice {
			t.Errorf("%s: %q with %q", c.admission, project.Admission, project.Notice)
		}
	}
	if err := w.ada.Maintain(t.Context(), id, strings.Repeat("x", paas.MaxNotice+1)); !paas.IsKind(err, paas.Invalid) {
		t.Errorf("a long notice: %v", err)
	}
}
