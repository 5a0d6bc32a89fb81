package deployer

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// T3 and what else a start can look like.
func TestAwaitSaysWhatItSaw(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	loopback := netip.MustParseAddrPort("127.0.0.1:3000")
	everywhere := netip.MustParseAddrPort("[::]:8080")
	for name, test := range map[string]struct {
		env  []string
		want paas.Readiness
	}{
		"answers":             {nil, paas.Readiness{Ready: true, Port: 8080, Status: 200, Connected: true}},
		"redirects":           {[]string{"STATUS", "301"}, paas.Readiness{Ready: true, Port: 8080, Status: 301, Connected: true}},
		"has no page":         {[]string{"STATUS", "404"}, paas.Readiness{Ready: true, Port: 8080, Status: 404, Connected: true}},
		"answers 500":         {[]string{"STATUS", "500"}, paas.Readiness{Status: 500, Connected: true, Listeners: []netip.AddrPort{everywhere}}},
		"never listens":       {[]string{"MODE", "silent"}, paas.Readiness{}},
		"listens on loopback": {[]string{"MODE", "loopback"}, paas.Readiness{Listeners: []netip.AddrPort{loopback}}},
		"never answers":       {[]string{"MODE", "mute"}, paas.Readiness{Connected: true, Listeners: []netip.AddrPort{everywhere}}},
		"breaks off":          {[]string{"MODE", "broken"}, paas.Readiness{Status: 200, Connected: true, Listeners: []netip.AddrPort{everywhere}}},
		"ends":                {[]string{"MODE", "exit", "CODE", "0"}, paas.Readiness{Ended: true}},
		"fails":               {[]string{"MODE", "exit", "CODE", "1"}, paas.Readiness{Ended: true, ExitCode: 1}},
		"eats its memory":     {[]string{"MODE", "hungry"}, paas.Readiness{Ended: true, ExitCode: 137, OOMKilled: true}},
		"a child eats it":     {[]string{"MODE", "hungry-child"}, paas.Readiness{OOMKilled: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			started := launch(t, e, spec(test.env...))
			begun := time.Now()
			seen, err := e.Await(t.Context(), started.ID, paas.Probe{Ports: []int{8080, 80}, Deadline: 4 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			if took := time.Since(begun); took > 6*time.Second {
				t.Errorf("took %s", took)
			}
			if fmt.Sprint(seen) != fmt.Sprint(test.want) {
				t.Errorf("got  %+v\nwant %+v\n%s", seen, test.want, logsOf(t, e, started.ID))
			}
		})
	}
}

// T8: live no more than 100 ms after its first good answer.
func TestAwaitIsSoonerThanAPerson(t *testing.T) {
	e := newEngine(t)
	var lags []time.Duration
	for range 5 {
		started := run(t, e, spec("MODE", "late", "DELAY", "700ms"))
		known := time.Now()
		_, moment, _ := strings.Cut(logsOf(t, e, started.ID), "listening at ")
		nanoseconds, err := strconv.ParseInt(strings.TrimSpace(strings.Split(moment, "\n")[0]), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		lags = append(lags, known.Sub(time.Unix(0, nanoseconds)))
	}
	slices.Sort(lags)
	if lags[len(lags)/2] > 100*time.Millisecond {
		t.Errorf("known to be ready after %v", lags)
	}
}

func TestAwaitTakesPort80OnlyWhileTheOtherIsClosed(t *testing.T) {
	e := newEngine(t)
	s := spec("PORT", "80")
	started := launch(t, e, s)
	probe := paas.Probe{Ports: []int{8080, 80}, Deadline: 10 * time.Second}
	if seen, err := e.Await(t.Context(), started.ID, probe); err != nil || !seen.Ready || seen.Port != 80 {
		t.Errorf("80 is open, 8080 closed: %+v %v", seen, err)
	}
	probe.Ports = []int{80, 8080}
	if seen, err := e.Await(t.Context(), started.ID, probe); err != nil || !seen.Ready || seen.Port != 80 {
		t.Errorf("80 comes first: %+v %v", seen, err)
	}
}

func TestAwaitEndsWithItsCaller(t *testing.T) {
	e := newEngine(t)
	started := launch(t, e, spec("MODE", "silent"))
	canceled := errors.New("the user pressed Ctrl-C")
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(300*time.Millisecond, func() { cancel(canceled) })
	begun := time.Now()
	if _, err := e.Await(ctx, started.ID, paas.Probe{Ports: []int{8080}, Deadline: time.Minute}); !errors.Is(err, canceled) {
		t.Errorf("error: %v", err)
	}
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("took %s", took)
	}
	if _, err := e.Await(t.Context(), "nothing", paas.Probe{Deadline: time.Second}); !paas.IsKind(err, paas.NotFound) {
		t.Errorf("a container that is not there: %v", err)
	}
}

func TestProbesAskAsTheyAreTold(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	serving := run(t, e, spec())
	missing := run(t, e, spec("STATUS", "404"))
	mute := launch(t, e, spec("MODE", "mute"))
	silent := launch(t, e, spec("MODE", "silent"))
	ending := launch(t, e, spec("MODE", "exit", "CODE", "4"))
	ports := []int{8080, 80}
	ready := func(status int) paas.Readiness {
		return paas.Readiness{Ready: true, Port: 8080, Status: status, Connected: true}
	}
	everywhere := []netip.AddrPort{netip.MustParseAddrPort("[::]:8080")}
	for name, test := range map[string]struct {
		id    paas.ContainerID
		probe paas.Probe
		want  paas.Readiness
	}{
		"a path that is well":     {serving.ID, paas.Probe{Ports: ports, Path: "/health"}, ready(200)},
		"a path that is not":      {missing.ID, paas.Probe{Ports: ports, Path: "/healthz?deep=1"}, paas.Readiness{Status: 404, Connected: true, Listeners: everywhere}},
		"any page":                {missing.ID, paas.Probe{Ports: ports}, ready(404)},
		"an open port":            {mute.ID, paas.Probe{Ports: ports, TCP: true}, ready(0)},
		"a port without answer":   {mute.ID, paas.Probe{Ports: ports}, paas.Readiness{Connected: true, Listeners: everywhere}},
		"a closed port":           {silent.ID, paas.Probe{Ports: ports, TCP: true}, paas.Readiness{}},
		"no port, and it lives":   {silent.ID, paas.Probe{Settle: 300 * time.Millisecond}, paas.Readiness{Ready: true}},
		"no port, and it has not": {ending.ID, paas.Probe{Settle: 300 * time.Millisecond}, paas.Readiness{Ended: true, ExitCode: 4}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			probe := test.probe
			probe.Deadline = 2 * time.Second
			seen, err := e.Await(t.Context(), test.id, probe)
			if err != nil || fmt.Sprint(seen) != fmt.Sprint(test.want) {
				t.Errorf("await: %+v %v, want %+v", seen, err, test.want)
			}
			probe = test.probe
			probe.Timeout = time.Second
			seen, err = e.Check(t.Context(), test.id, probe)
			if err != nil || fmt.Sprint(seen) != fmt.Sprint(test.want) {
				t.Errorf("check: %+v %v, want %+v", seen, err, test.want)
			}
		})
	}
	if _, err := e.Check(t.Context(), "nothing", paas.Probe{Ports: ports}); !paas.IsKind(err, paas.NotFound) {
		t.Errorf("a container that is not there: %v", err)
	}
}

func TestChecksSeeWhatChanges(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	started := run(t, e, spec())
	probe := paas.Probe{Ports: []int{8080}, Path: "/health"}
	for _, status := range []int{200, 503, 399, 400} {
		ask(t, started, "/health", "set", strconv.Itoa(status))
		seen, err := e.Check(t.Context(), started.ID, probe)
		if err != nil || seen.Status != status || seen.Ready != (status < 400) {
			t.Errorf("%d: %+v %v", status, seen, err)
		}
	}
	if err := e.Stop(t.Context(), started.ID, time.Second); err != nil {
		t.Fatal(err)
	}
	if seen, err := e.Check(t.Context(), started.ID, probe); err != nil || !seen.Ended || seen.Ready {
		t.Errorf("stopped: %+v %v", seen, err)
	}
}
