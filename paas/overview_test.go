package paas_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// TestOverviewSaysWhatToLookAt: a project that failed, a mail that was given up and a disk that is nearly full.
func TestOverviewSaysWhatToLookAt(t *testing.T) {
	capacity := paas.Capacity{Cores: 2, Load: 0.5, Memory: 8 << 30, MemoryFree: 4 << 30, Disk: 100 << 30, DiskFree: 50 << 30}
	tw := newTown(t, func(o *paas.Options) {
		o.DiskReserve = 10 << 30
		o.Measure = func() (paas.Capacity, error) { return capacity, nil }
	})
	look := func() paas.Overview {
		t.Helper()
		overview, err := tw.Overview(t.Context())
		tw.must(err)
		return overview
	}
	calm := look()
	if len(calm.Concerns) != 0 || calm.Users != 1 || calm.Projects != 1 || *calm.Capacity != capacity || calm.Reserve != 10<<30 || calm.DiskUse.Repositories != 1<<10 {
		t.Errorf("got %+v", calm)
	}
	_, err := tw.store.CreateDeployment(t.Context(), paas.Deployment{Project: tw.project.ID, State: paas.Failed, Reason: paas.ReasonPush, CreatedAt: tw.now})
	tw.must(err)
	tw.must(tw.store.EnqueueMail(t.Context(), paas.Mail{
		ID: "m", Kind: paas.MailReset, To: "ada@example.com", State: paas.MailFailed, LastError: "550 no such user", NextAt: tw.now, CreatedAt: tw.now,
	}))
	capacity.DiskFree = 15 << 30
	troubled := look()
	want := []paas.Concern{
		{About: paas.AboutDisk, Message: "The disk has 15.0 GiB free. Below 10.0 GiB nothing is built any more."},
		{About: paas.AboutProject, Project: tw.project.ID, Message: "hello of ada failed: its first version never got live."},
		{About: paas.AboutMail, Message: "A mail (reset) to ada@example.com could not be sent: 550 no such user"},
	}
	if !slices.Equal(troubled.Concerns, want) || troubled.MailsFailed != 1 || troubled.Statuses[paas.StatusFailed] != 1 {
		t.Errorf("got %+v", troubled)
	}
	capacity.DiskFree = 5 << 30
	if concerns := look().Concerns; !strings.Contains(concerns[0].Message, "nothing is built until there is room") {
		t.Errorf("got %+v", concerns)
	}
}

func TestOverviewCountsWhatIsOnItsWay(t *testing.T) {
	tw := newTown(t, func(o *paas.Options) { o.AppMemory = 512 << 20 })
	for _, state := range []paas.State{paas.Queued, paas.Queued, paas.Building, paas.Starting, paas.Failed} {
		_, err := tw.store.CreateDeployment(t.Context(), paas.Deployment{Project: tw.project.ID, State: state, Reason: paas.ReasonPush, CreatedAt: tw.now})
		tw.must(err)
	}
	_, err := tw.engine.Launch(t.Context(), paas.ContainerSpec{Project: tw.project.ID, Image: "one"})
	tw.must(err)
	overview, err := tw.Overview(t.Context())
	tw.must(err)
	if overview.Active != 4 || overview.Queued != 2 || overview.Building != 1 || overview.Containers != 1 || overview.Promised != 512<<20 || overview.Capacity != nil {
		t.Errorf("got %+v", overview)
	}
}

// TestDiskIsMeasuredOnceAMinute: it reads whole directories.
func TestDiskIsMeasuredOnceAMinute(t *testing.T) {
	tw := newTown(t, nil)
	use := func() int64 {
		t.Helper()
		overview, err := tw.Overview(t.Context())
		tw.must(err)
		return overview.DiskUse.Sum()
	}
	before := use()
	_, err := tw.CreateProject(t.Context(), tw.ada, "another")
	tw.must(err)
	tw.now = tw.now.Add(59 * time.Second)
	if again := use(); again != before {
		t.Errorf("measured again: %d and %d", before, again)
	}
	tw.now = tw.now.Add(2 * time.Second)
	if after := use(); after != 2*before {
		t.Errorf("after a minute %d, before %d", after, before)
	}
}

func TestTheDoctorsLastLookIsKept(t *testing.T) {
	tw := newTown(t, nil)
	found := func(look paas.Look, err error) int {
		t.Helper()
		tw.must(err)
		return len(look.Findings())
	}
	sound := found(tw.LastLook(t.Context()))
	tw.repos.heads["00000000-0000-4000-8000-000000000000"] = "main"
	if again := found(tw.LastLook(t.Context())); again != sound {
		t.Errorf("looked again at once: %d findings after %d", again, sound)
	}
	if _, err := tw.Examine(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again := found(tw.LastLook(t.Context())); again != sound+1 {
		t.Errorf("%d findings after %d", again, sound)
	}
	delete(tw.repos.heads, "00000000-0000-4000-8000-000000000000")
	tw.now = tw.now.Add(11 * time.Minute)
	if later := found(tw.LastLook(t.Context())); later != sound {
		t.Errorf("%d findings, later", later)
	}
}
