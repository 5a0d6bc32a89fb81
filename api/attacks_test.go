package api_test

import (
	"encoding/json"
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

// attack is one request with something wrong in one place.
type attack struct {
	operation *described
	where     string            // for the report
	path      map[string]string // parameters, escaped
	query     string
	header    [2]string
	body      func() string // nil is the example
	twice     bool          // the body has a name twice
}

// attacks are all that is tried on an operation.
func (s *siege) attacks(operation *described) []attack {
	var all []attack
	for _, parameter := range operation.Parameters {
		for i, text := range injections() {
			one := attack{operation: operation, where: fmt.Sprintf("%s %s #%d", parameter.In, parameter.Name, i)}
			if parameter.In == "query" {
				one.query = parameter.Name + "=" + url.QueryEscape(text)
			} else if text != "" {
				one.path = map[string]string{parameter.Name: url.PathEscape(text)}
			}
			all = append(all, one)
		}
		for _, raw := range []string{"%2e%2e%2f%2e%2e%2fetc%2fpasswd", "%00", "%ff", "%c0%af", "..%2f", "..", ".", "%0d%0aX-Injected:%201", "%25%32%65"} {
			one := attack{operation: operation, where: parameter.In + " " + parameter.Name + " " + raw, query: parameter.Name + "=" + raw}
			if parameter.In == "path" {
				one.query, one.path = "", map[string]string{parameter.Name: raw}
			}
			all = append(all, one)
		}
	}
	for _, name := range []string{"Authorization", "Cookie", "Content-Type", "Accept", "Origin", "X-Forwarded-Proto", "X-HTTP-Method-Override", "Content-Encoding", "Host"} {
		for i, text := range injections() {
			if len(text) < 20<<10 && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
				for _, prefix := range map[string][]string{"Authorization": {"", "Bearer ", "Bearer pt_", "Basic "}, "Cookie": {"access="}}[name] {
					all = append(all, attack{operation: operation, where: fmt.Sprintf("header %s #%d", name, i), header: [2]string{name, prefix + text}})
				}
				all = append(all, attack{operation: operation, where: fmt.Sprintf("header %s #%d", name, i), header: [2]string{name, text}})
			}
		}
	}
	return append(all, s.bodies(operation)...)
}

// bodies are the attacks on a body and each of its fields.
func (s *siege) bodies(operation *described) []attack {
	var all []attack
	add := func(where string, twice bool, body func() string) {
		all = append(all, attack{operation: operation, where: "body " + where, body: body, twice: twice})
	}
	for i, text := range wrongJSON() {
		add(fmt.Sprintf("whole #%d", i), false, func() string { return text })
	}
	add("too large", false, func() string { return `{"a":"` + strings.Repeat("a", 1<<20) + `"}` })
	if operation.RequestBody == nil {
		return all
	}
	schema, _ := resolvePointer(s.contract.document, operation.pointer+"/requestBody/content/application~1json/schema").(map[string]any)
	for _, path := range fields(schema, nil) {
		put := func(value string) func() string {
			return func() string { return placed(s.body(operation), path, value) }
		}
		for i, text := range injections() {
			add(fmt.Sprintf("%v text #%d", path, i), false, put(quoted(text)))
		}
		if path[len(path)-1] == "*" {
			continue
		}
		for i, text := range wrongJSON() {
			add(fmt.Sprintf("%v json #%d", path, i), false, put(text))
		}
		add(fmt.Sprintf("%v twice", path), true, put(`"a",`+quoted(path[len(path)-1])+`:"b"`))
	}
	return all
}

func resolvePointer(document any, pointer string) any {
	at := document
	for part := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		object, _ := at.(map[string]any)
		at = object[strings.NewReplacer("~1", "/", "~0", "~").Replace(part)]
	}
	return at
}

// launch makes the attack as a caller and looks at what comes back.
func (s *siege) launch(t *testing.T, a attack, caller string) {
	t.Helper()
	request, body := s.request(t, a)
	if request == nil {
		return // an address that no client can send
	}
	if token := map[string]paas.Secret{"user": s.user.token, "admin": s.admin.token}[caller]; token != "" {
		request.Header.Set("Authorization", "Bearer "+token.Reveal())
	}
	switch a.header[0] {
	case "":
	case "Host":
		request.Host = a.header[1]
	default:
		request.Header.Set(a.header[0], a.header[1])
	}
	s.contract.report = func(format string, args ...any) { t.Helper(); t.Errorf(caller+", "+a.where+": "+format, args...) }
	response, err := s.contract.RoundTrip(request)
	if err != nil {
		if len(body) <= 1<<20 { // a client that goes on sending too much may not hear why that was refused
			t.Errorf("%s %s, %s as %s: %v", a.operation.ID, a.where, request.URL, caller, err)
		}
		return
	}
	response.Body.Close()
	s.judge(t, a, caller, response)
}

// request is the attack as it is sent, before anybody says who they are.
func (s *siege) request(t *testing.T, a attack) (*http.Request, string) {
	t.Helper()
	path := a.operation.path
	for name, value := range s.values {
		if given, attacked := a.path[name]; attacked {
			value = given
		}
		path = strings.ReplaceAll(path, "{"+name+"}", value)
	}
	body := ""
	if a.body != nil {
		body = a.body()
	} else if example := s.body(a.operation); example != nil {
		text, _ := json.Marshal(example)
		body = string(text)
	}
	address := "http://" + s.server.Addr().String() + apiBase + path
	if a.query != "" {
		address += "?" + a.query
	}
	request, err := http.NewRequestWithContext(t.Context(), a.operation.method, address, strings.NewReader(body))
	if err != nil {
		return nil, ""
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	s.source++ // each from an address of its own, so that the limiters stay silent
	request.Header.Set("X-Forwarded-For", fmt.Sprintf("10.%d.%d.%d", s.source>>16&255, s.source>>8&255, s.source&255))
	if a.twice {
		request = request.WithContext(withDuplicates(request.Context()))
	}
	return request, body
}

func (s *siege) judge(t *testing.T, a attack, caller string, response *http.Response) {
	t.Helper()
	s.answers[response.StatusCode]++
	if response.StatusCode >= 500 || response.Header.Get("X-Injected") != "" {
		t.Errorf("%s %s as %s: %s %v", a.operation.ID, a.where, caller, response.Status, response.Header)
	}
	destructive := []string{"logout", "changeProfile", "changePassword", "deleteAccount", "deleteUser", "revokeAdmin", "deleteProject", "deleteToken", "deleteInvite"}
	if response.StatusCode < 300 && caller != "anonymous" && slices.Contains(destructive, a.operation.ID) {
		s.renew()
	}
}

// TestAttacks puts the injections of other platforms' failures into every field of every operation, as
// nobody, as a user and as an administrator: a seeded part of all combinations, or all in a soak.
func TestAttacks(t *testing.T) {
	s := newSiege(t, 20261124)
	type one struct {
		attack
		caller string
	}
	var all []one
	for _, operation := range s.contract.operations {
		for _, attack := range s.attacks(operation) {
			for _, caller := range []string{"anonymous", "user", "admin"} {
				all = append(all, one{attack, caller})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b one) int {
		return strings.Compare(a.operation.ID+a.where+a.caller, b.operation.ID+b.where+b.caller)
	})
	s.random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	some := all[:min(len(all), 1000)]
	if os.Getenv("PAASTECH_SOAK") == "1" {
		some = all
	}
	for i, one := range some {
		s.launch(t, one.attack, one.caller)
		if i%500 == 499 {
			s.renew() // what they have is not to grow without end
		}
	}
	s.survive(t)
	t.Logf("%d of %d attacks on %d operations; answers by status: %v", len(some), len(all), len(s.contract.operations), s.answers)
}

// TestMutations is trial T46: bodies and addresses changed at random, on each operation; in a soak for
// 60 seconds each.
func TestMutations(t *testing.T) {
	if os.Getenv("PAASTECH_SOAK") != "1" {
		s := newSiege(t, 46)
		for _, operation := range s.contract.operations {
			for i := range 30 {
				s.mutate(t, operation, i)
			}
		}
		s.survive(t)
		return
	}
	for i, operation := range newWorld(t).contract.operations {
		t.Run(operation.ID, func(t *testing.T) {
			t.Parallel()
			s := newSiege(t, uint64(i))
			tried := 0
			for began := time.Now(); time.Since(began) < time.Minute; tried++ {
				s.mutate(t, operation, tried)
			}
			s.survive(t)
			t.Logf("%d requests, answers by status: %v", tried, s.answers)
		})
	}
}

// mutate sends one request with anything changed.
func (s *siege) mutate(t *testing.T, operation *described, turn int) {
	t.Helper()
	s.launch(t, s.mutation(operation), []string{"anonymous", "user", "admin"}[turn%3])
	if turn%1000 == 999 {
		s.renew()
	}
}

// mutation is a request with anything changed.
func (s *siege) mutation(operation *described) attack {
	text, _ := json.Marshal(s.body(operation))
	body := mutated(s.random, string(text))
	a := attack{operation: operation, where: fmt.Sprintf("mutation %.300q", body), body: func() string { return body }, twice: true}
	for _, parameter := range operation.Parameters {
		value := mutated(s.random, fmt.Sprint(parameter.Example))
		switch {
		case s.random.IntN(3) > 0:
		case parameter.In == "path" && value != "":
			a.path = map[string]string{parameter.Name: url.PathEscape(value)}
		case parameter.In == "query":
			a.query = parameter.Name + "=" + url.QueryEscape(value)
		}
	}
	return a
}
