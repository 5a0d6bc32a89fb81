package ui_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/api"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

// withAPI puts the API beside the pages.
func withAPI(server *web.Server, platform *paas.Platform) error {
	return api.Register(server, platform, api.Options{})
}

// door is where strangers tell an address: a page's form, or JSON.
type door struct {
	path string
	body func(i int, email string) any
}

func doors() []door {
	form := func(names ...string) func(int, string) any {
		return func(i int, email string) any {
			all := map[string]string{"username": fmt.Sprintf("grace-%04d", i), "email": email, "password": "a fine day"}
			values := url.Values{}
			for _, name := range names {
				values.Set(name, all[name])
			}
			return values
		}
	}
	object := func(names ...string) func(int, string) any {
		return func(i int, email string) any {
			fields := map[string]string{}
			for name, values := range form(names...)(i, email).(url.Values) {
				fields[name] = values[0]
			}
			return fields
		}
	}
	return []door{
		{"/login", form("email", "password")},
		{"/password-recovery", form("email")},
		{"/confirm/resend", form("email")},
		{"/register", form("username", "email", "password")},
		{"/api/v1/auth/login", object("email", "password")},
		{"/api/v1/auth/password/request", object("email")},
		{"/api/v1/auth/confirm/resend", object("email")},
		{"/api/v1/auth/register", object("username", "email", "password")},
	}
}

// TestNobodyLearnsWhoHasAnAccount is trial T37: status, headers and length are the same for addresses
// that have an account and those that have none; so is the time, which only a soak looks at.
func TestNobodyLearnsWhoHasAnAccount(t *testing.T) {
	soak := os.Getenv("PAASTECH_SOAK") == "1"
	tries := 20
	if soak {
		tries = 500
	}
	for _, door := range doors() {
		t.Run(door.path[1:], func(t *testing.T) {
			var there, missing []time.Duration
			for {
				v := newVisitor(t, trustLoopback, withAPI)
				a, b := v.knock(door, tries, soak)
				there, missing = append(there, a...), append(missing, b...)
				ratio, sure := compare(there, missing)
				t.Logf("%d pairs: medians %s and %s, ratio %.3f, %.1f deviations", len(there), median(there), median(missing), ratio, sure)
				if !soak || ratio > 0.95 && ratio < 1.05 {
					return
				}
				if sure > 3 || len(there) >= 4*tries { // or else it may be the noise of a busy machine: more tries tell
					t.Fatalf("the time tells: %s with an account, %s without", median(there), median(missing))
				}
			}
		})
	}
}

// compare returns how many times longer the first take in the median, and by how many standard deviations
// the number of pairs in which they do is off the half.
func compare(a, b []time.Duration) (ratio, deviations float64) {
	longer := 0
	for i := range a {
		if a[i] > b[i] {
			longer++
		}
	}
	half := float64(len(a)) / 2
	return float64(median(a)) / float64(median(b)), math.Abs(float64(longer)-half) / math.Sqrt(half/2)
}

// knock tries addresses with and without an account by turns, and returns how long the answers took. Which of the two goes first alternates, so that what one leaves behind for the next - a
// longer log of the database, things in no cache - is not taken for a difference between them.
func (v *visitor) knock(door door, tries int, soak bool) (there, missing []time.Duration) {
	v.t.Helper()
	const each = 5 // mails an hour to an address
	for i := range tries / each {
		v.account(fmt.Sprintf("ada-%03d@example.com", i))
	}
	var times [2][]time.Duration
	for i := range tries {
		v.from(i)
		var seen [2]string
		for turn := range 2 {
			which := (i + turn) % 2
			email := fmt.Sprintf("%s-%03d@example.com", []string{"ada", "eve"}[which], i/each)
			v.settle(soak)
			var took time.Duration
			seen[which], took = v.answer(door.path, door.body(2*i+turn, email))
			times[which] = append(times[which], took)
		}
		// What the answer repeats has the same length for both.
		if seen[0] != seen[1] || strings.HasPrefix(seen[0], "429") {
			v.t.Fatalf("an address with an account: %s\nwithout: %s", seen[0], seen[1])
		}
	}
	return times[0], times[1]
}

// answer is what somebody outside sees of a request, but for its duration.
func (v *visitor) answer(path string, body any) (string, time.Duration) {
	v.t.Helper()
	kind, text := "application/json", ""
	if form, isForm := body.(url.Values); isForm {
		kind, text = "application/x-www-form-urlencoded", form.Encode()
	} else if encoded, err := json.Marshal(body); err != nil {
		v.t.Fatal(err)
	} else {
		text = string(encoded)
	}
	began := time.Now()
	response, err := v.Post(v.base+path, kind, strings.NewReader(text))
	_, status, page := v.read(response, err)
	took := time.Since(began)
	response.Header.Del("Date")
	if status == http.StatusNotFound {
		v.t.Fatalf("%s is not there", path)
	}
	return fmt.Sprint(status, len(page), response.Header), took
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
	return slices.Sorted(slices.Values(all))[len(all)/2]
}
