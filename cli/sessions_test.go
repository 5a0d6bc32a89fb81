package cli

import "testing"

func TestSessionsAreListedAndEnded(t *testing.T) {
	f, _ := loggedIn(t)
	wantMatch(t, mustRun(t, "", "account", "sessions"), `s1 .*192\.0\.2\.1 .*paastech \(linux/amd64\) .*this one\n *s2 .*198\.51\.100\.7 .*Firefox`)
	wantMatch(t, mustRun(t, "", "account", "sessions", "--json"), `"current": true`)
	run(t, "", "account", "sessions", "end").want(t, 2, `--others`)
	run(t, "", "account", "sessions", "end", "s2", "--others").want(t, 2, `--others`)
	if f.asked("DELETE /sessions") != 0 {
		t.Error("something was ended")
	}
	mustRun(t, "", "account", "sessions", "end", "s2")
	if f.asked("DELETE /sessions/s2") != 1 {
		t.Errorf("asked for %v", f.requests)
	}
	mustRun(t, "", "account", "sessions", "end", "--others")
	if f.asked("DELETE /sessions") != 2 {
		t.Errorf("asked for %v", f.requests)
	}
}
