package ui_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// TestNoGETChangesAnything is a part of trial T41: an administrator's browser visits every page, and
// the store has not been written to since.
func TestNoGETChangesAnything(t *testing.T) {
	v := newVisitor(t)
	if _, err := v.platform.SetAdmin(t.Context(), "ada", true); err != nil {
		t.Fatal(err)
	}
	project := v.project("hello")
	v.send("/register", url.Values{"username": {"grace"}, "email": {"grace@example.com"}, "password": {"a fine day"}})
	v.send("/password-reset", url.Values{"email": {"ada@example.com"}})
	links := map[string]string{"/email-verification/:token": "", "/password-reset/:token": ""}
	confirm, reset := v.caught(paas.MailConfirm), v.caught(paas.MailReset)
	links["/email-verification/:token"], links["/password-reset/:token"] = confirm.Token.Reveal(), reset.Token.Reveal()
	v.login()
	before, visited := v.store.Generation(), 0
	for _, route := range v.server.Routes() {
		if route.Method != http.MethodGet {
			continue
		}
		visited++
		path := strings.NewReplacer(":token", links[route.Path], ":mail", string(reset.ID), ":id", string(project.ID)).Replace(route.Path)
		for _, path := range []string{path, path + "?wait=false&delete=true&next=/dashboard"} {
			if _, status, _ := v.visit(path); status != http.StatusOK {
				t.Errorf("%s: %d", path, status)
			}
		}
	}
	if after := v.store.Generation(); after != before || visited < 10 {
		t.Errorf("%d pages wrote %d times", visited, after-before)
	}
}

// TestForeignPagesCannotSendForms is a part of trial T41.
func TestForeignPagesCannotSendForms(t *testing.T) {
	v := newVisitor(t)
	v.login()
	for _, route := range v.server.Routes() {
		if route.Method != http.MethodPost {
			continue
		}
		for _, kind := range []string{"application/x-www-form-urlencoded", "text/plain"} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, v.base+route.Path, strings.NewReader("email=ada%40example.com"))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Content-Type", kind)
			request.Header.Set("Origin", "http://6f1c1b7e.user-app.localhost:8080")
			if _, status, _ := v.read(v.Do(request)); status != http.StatusForbidden {
				t.Errorf("%s from an application's page as %s: %d", route.Path, kind, status)
			}
		}
	}
}

// answer is what somebody outside sees of a request, but for its duration.
func (v *visitor) answer(path string, form url.Values) (string, time.Duration) {
	v.t.Helper()
	began := time.Now()
	response, err := v.PostForm(v.base+path, form)
	_, status, page := v.read(response, err)
	took := time.Since(began)
	response.Header.Del("Date")
	return fmt.Sprint(status, len(page), response.Header), took
}

// TestNobodyLearnsWhoHasAnAccount is trial T37: status, headers and length are the same for addresses
// that have an account and those that have none; so is the time, which only a soak looks at.
func TestNobodyLearnsWhoHasAnAccount(t *testing.T) {
	soak := os.Getenv("PAASTECH_SOAK") == "1"
	tries := 20
	if soak {
		tries = 500
	}
	for path, form := range map[string]func(i int, email string) url.Values{
		"/login": func(_ int, email string) url.Values {
			return url.Values{"email": {email}, "password": {"wrong password"}}
		},
		"/password-reset": func(_ int, email string) url.Values { return url.Values{"email": {email}} },
		"/confirm/resend": func(_ int, email string) url.Values { return url.Values{"email": {email}} },
		"/register": func(i int, email string) url.Values {
			return url.Values{"username": {fmt.Sprintf("grace-%04d", i)}, "email": {email}, "password": {"a fine day"}}
		},
	} {
		t.Run(path[1:], func(t *testing.T) {
			v := newVisitor(t, trustLoopback)
			var times [2][]time.Duration
			for i := range tries {
				v.from(i)
				there, missing := fmt.Sprintf("ada-%03d@example.com", i/5), fmt.Sprintf("eve-%03d@example.com", i/5) // five mails an hour
				if i%5 == 0 {
					v.account(there)
				}
				v.settle(soak)
				there, took := v.answer(path, form(2*i, there))
				times[0] = append(times[0], took)
				v.settle(soak)
				missing, took = v.answer(path, form(2*i+1, missing))
				times[1] = append(times[1], took)
				if there != missing || strings.HasPrefix(there, "429") {
					t.Fatalf("an address with an account: %s\nwithout: %s", there, missing)
				}
			}
			a, b := median(times[0]), median(times[1])
			t.Logf("medians %s and %s", a, b)
			if ratio := float64(a) / float64(b); soak && (ratio < 0.95 || ratio > 1.05) {
				t.Errorf("the time tells: %s with an account, %s without", a, b)
			}
		})
	}
}

// settle waits until the outbox has dealt with what was asked before: its work is after the answer, but
// would delay the next one.
func (v *visitor) settle(wanted bool) {
	v.t.Helper()
	if !wanted {
		return
	}
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		mails, err := v.store.Mails(v.t.Context(), 10)
		if err != nil {
			v.t.Fatal(err)
		}
		if !slices.ContainsFunc(mails, func(mail paas.Mail) bool { return mail.State == paas.MailQueued }) {
			return
		}
	}
	v.t.Fatal("the outbox never ends")
}

// account makes one whose name is the address up to its @.
func (v *visitor) account(email string) {
	v.t.Helper()
	name, _, _ := strings.Cut(email, "@")
	if _, err := v.platform.CreateUser(v.t.Context(), paas.NewUser{Username: name, Email: email, Password: password}); err != nil {
		v.t.Fatal(err)
	}
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}
