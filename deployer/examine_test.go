package deployer

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/nftables"
	"golang.org/x/sys/unix"

	"github.com/paastech-cloud/paastech/paas"
)

// found are the codes of what an engine finds.
func found(t *testing.T, e *Engine, running ...paas.ProjectID) (codes []paas.Code) {
	t.Helper()
	for _, check := range e.Examine(t.Context(), running) {
		if check.Summary == "" {
			t.Errorf("the part %s says nothing", check.Part)
		}
		for _, finding := range check.Findings {
			if finding.Message == "" || finding.Remedy == "" {
				t.Errorf("%+v says nothing", finding)
			}
			codes = append(codes, finding.Code)
		}
	}
	return codes
}

func mend(t *testing.T, e *Engine, running ...paas.ProjectID) []string {
	t.Helper()
	done, err := e.Mend(t.Context(), running)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func TestDoctorSeesWhatBecameOfThePacketFilter(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	app := run(t, e, spec())
	if codes := found(t, e, app.Project); len(codes) != 0 {
		t.Fatalf("found %v of what is well", codes)
	}
	kernel, err := nftables.New()
	if err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(){
		"a rule more": func() {
			chain := &nftables.Chain{Table: e.filter.table(), Name: "to-host"}
			kernel.InsertRule(&nftables.Rule{Table: chain.Table, Chain: chain, Exprs: accept()})
		},
		"a chain without its rules": func() { kernel.FlushChain(&nftables.Chain{Table: e.filter.table(), Name: "outwards"}) },
		"no table":                  func() { kernel.DelTable(e.filter.table()) },
	} {
		change()
		if err := kernel.Flush(); err != nil {
			t.Fatal(what, err)
		}
		if codes := found(t, e, app.Project); !slices.Equal(codes, []paas.Code{paas.EFilterOpen}) {
			t.Errorf("%s: found %v", what, codes)
		}
		if done := mend(t, e, app.Project); len(done) != 1 || !strings.Contains(done[0], "packet filter") {
			t.Errorf("%s: did %q", what, done)
		}
		if codes := found(t, e, app.Project); len(codes) != 0 {
			t.Errorf("%s, mended: found %v", what, codes)
		}
	}
	if done := mend(t, e, app.Project); len(done) != 0 {
		t.Errorf("did %q to what is well", done)
	}
}

func TestDoctorSeesMissingNetworks(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	s := spec()
	if codes := found(t, e, s.Project); !slices.Equal(codes, []paas.Code{paas.ENetworkMissing}) {
		t.Errorf("found %v", codes)
	}
	if done := mend(t, e, s.Project); len(done) != 1 || !strings.Contains(done[0], "network") {
		t.Errorf("did %q", done)
	}
	if codes := found(t, e, s.Project); len(codes) != 0 {
		t.Errorf("mended: found %v", codes)
	}
}

func TestDoctorMountsVolumes(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	s := withVolume(16 << 20)
	started := run(t, e, s)
	if err := e.Stop(t.Context(), started.ID, time.Second); err != nil {
		t.Fatal(err)
	}
	place := e.options.volume(s.Project, "uploads")
	if err := unix.Unmount(place.point(), 0); err != nil {
		t.Fatal(err)
	}
	if use := volumesOf(t, e, s.Project)[0]; use.Attached {
		t.Errorf("not mounted: %+v", use)
	}
	if done := mend(t, e, s.Project); len(done) != 1 || !strings.HasPrefix(done[0], "Mounted the volume uploads") {
		t.Errorf("did %q", done)
	}
	if use := volumesOf(t, e, s.Project)[0]; !use.Attached || use.Capacity != use.Size {
		t.Errorf("mended: %+v", use)
	}
}

func TestDoctorSaysHowToStartDocker(t *testing.T) {
	t.Parallel()
	socket := newFaultySocket(t)
	e := newEngine(t, func(o *Options) { o.Host, o.CallTimeout = "unix://"+socket.path, time.Second })
	socket.set("close")
	defer socket.set("pass")
	finding := e.Examine(t.Context(), nil)[0].Findings[0]
	if finding.Code != paas.EEngineDown || !strings.HasPrefix(finding.Remedy, "systemctl start docker") || !strings.Contains(finding.Message, socket.path) {
		t.Errorf("found %+v", finding)
	}
}

func TestClocksThatDifferAreTold(t *testing.T) {
	now := time.Now()
	for read, want := range map[string]int{
		now.Format(time.RFC3339Nano):                       0,
		now.Add(-3 * time.Second).Format(time.RFC3339Nano): 0,
		now.Add(time.Hour).Format(time.RFC3339Nano):        1,
		now.Add(-time.Hour).Format(time.RFC3339Nano):       1,
		"": 0,
	} {
		if got := clockWarnings(read, now, now); len(got) != want {
			t.Errorf("%s: %q", read, got)
		}
	}
}

// A host without what volumes need is told how to get it.
func TestDoctorSeesWhatTheHostLacks(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, err := os.Stat("/dev/loop-control"); err != nil {
		t.Fatal(err)
	}
	check := hostCheck(true, nil)
	if len(check.Findings) != 1 || check.Findings[0].Code != paas.EHostLacks || check.Findings[0].Remedy != "apt-get install -y e2fsprogs" {
		t.Errorf("found %+v", check.Findings)
	}
}
