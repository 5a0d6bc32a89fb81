package paas_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/paas/paastest"
)

// found are the codes of all that an examination finds; each finding has a sentence and a remedy.
func (tw *town) found() []paas.Code {
	tw.t.Helper()
	examination, err := tw.Examine(tw.t.Context())
	tw.must(err)
	var codes []paas.Code
	for _, finding := range examination.Findings() {
		codes = append(codes, finding.Code)
		if finding.Message == "" || finding.Remedy == "" || finding.Part == "" {
			tw.t.Errorf("%+v says nothing", finding)
		}
	}
	for _, check := range examination.Checks {
		if check.Summary == "" {
			tw.t.Errorf("the part %s says nothing", check.Part)
		}
	}
	return codes
}

func (tw *town) wantFound(codes ...paas.Code) {
	tw.t.Helper()
	if got := tw.found(); !slices.Equal(got, codes) {
		tw.t.Errorf("found %v, not %v", got, codes)
	}
}

// settled is a town whose project has a version that declares a volume of 1 GiB.
func settled(t *testing.T, change func(*paas.Options)) (*town, paas.Deployment) {
	t.Helper()
	tw := newTown(t, change)
	ctx := t.Context()
	d, err := tw.store.CreateDeployment(ctx, paas.Deployment{
		Project: tw.project.ID, State: paas.Live, Reason: paas.ReasonPush, By: tw.ada.ID, Branch: "main", Commit: "c0ffee", CreatedAt: tw.now, LiveAt: &tw.now,
		Image: paas.Image{Ref: "one", Processes: []paas.Process{{Type: "web"}}}, App: paas.App{Volumes: []paas.Volume{{Name: "data", Path: "/data"}}}, Formation: paas.Formation{"web": 1}, Port: 8080,
	})
	tw.must(err)
	_, err = tw.engine.Launch(ctx, paas.ContainerSpec{Project: tw.project.ID, Deployment: d.Number, Process: "web", Index: 1, Image: "one"})
	tw.must(err)
	tw.engine.volumes = []paas.VolumeUse{{Name: "data", Size: 1 << 30, Capacity: 1 << 30, Used: 1 << 20, Attached: true, Mounted: true}}
	return tw, d
}

func TestDoctorFindsWhatAVersionLacks(t *testing.T) {
	tw, _ := settled(t, nil)
	tw.wantFound()
	whole := tw.engine.volumes[0]
	for code, change := range map[paas.Code]func(*paas.VolumeUse){
		paas.EVolumeMissing:   func(v *paas.VolumeUse) { v.Name = "other" },
		paas.EVolumeUnmounted: func(v *paas.VolumeUse) { v.Attached = false },
		paas.EVolumeSize:      func(v *paas.VolumeUse) { v.Size = 512 << 20 },
	} {
		tw.engine.volumes[0] = whole
		change(&tw.engine.volumes[0])
		tw.wantFound(code)
	}
	tw.engine.volumes[0] = whole
	tw.engine.volumes[0].Capacity = 512 << 20
	tw.wantFound(paas.EVolumeSize)
	tw.engine.volumes[0] = paas.VolumeUse{Name: "data"} // this host bounds none
	tw.wantFound()

	tw.engine.lacking = []paas.ImageRef{"one"}
	tw.wantFound(paas.EImageMissing)
	tw.engine.lacking = nil
	tw.must(tw.engine.Stop(t.Context(), "one|1", 0))
	tw.wantFound(paas.ENotAsDecided)
	if done := tw.repair(); len(done) != 1 || !strings.HasPrefix(done[0], "Had the engine start web.1 of v1") {
		t.Errorf("repaired %q", done)
	}
	tw.wantFound()
}

func TestDoctorFindsWhatTheTimeTells(t *testing.T) {
	tw, d := settled(t, nil)
	ctx := t.Context()
	began := tw.now
	tw.now = began.Add(-time.Hour)
	tw.wantFound(paas.EHostClock)
	tw.now = began
	d.State, d.LiveAt, d.Number = paas.Building, nil, 0
	_, err := tw.store.CreateDeployment(ctx, d)
	tw.must(err)
	tw.wantFound()
	tw.now = began.Add(2 * time.Hour)
	tw.wantFound(paas.EStuck)
	tw.now = began

	mail := paas.Mail{ID: paas.MailID(tw.project.ID), Kind: paas.MailReset, To: "ada@example.com", State: paas.MailQueued, NextAt: began, CreatedAt: began, LastError: "connection refused."}
	tw.must(tw.store.EnqueueMail(ctx, mail))
	tw.wantFound()
	tw.now = began.Add(20 * time.Minute)
	tw.wantFound(paas.EMailStuck)
	mail.State = paas.MailFailed
	tw.must(tw.store.UpdateMail(ctx, mail))
	tw.wantFound(paas.EMailStuck)
}

func TestDoctorFindsADiskThatIsLow(t *testing.T) {
	free := int64(2 << 30)
	tw, _ := settled(t, func(o *paas.Options) {
		o.FreeDisk = func() (int64, error) { return free, nil }
		o.Limits.Disk = 1 << 30
	})
	tw.wantFound()
	free = 512 << 20
	examination, err := tw.Examine(t.Context())
	tw.must(err)
	found := examination.Findings()
	if len(found) != 1 || found[0].Code != paas.EDiskLow || !strings.Contains(found[0].Message, "512.0 MiB are free and 1.0 GiB should be") || !strings.Contains(found[0].Message, "(hello) 1.0 MiB") {
		t.Errorf("found %+v", found)
	}
	repaired, err := tw.Repair(t.Context())
	tw.must(err)
	found = repaired.Findings()
	if len(found) != 1 || !strings.Contains(found[0].Message, "removed already") || !strings.HasPrefix(found[0].Remedy, "du ") || len(repaired.Repaired) != 1 {
		t.Errorf("after a repair that did not help: %+v", repaired)
	}
	free = 2 << 30
	tw.engine.volumes[0].Used = 2 << 30
	tw.wantFound(paas.EDiskQuota)
}

// overfull is a logbook that has more than its quota.
type overfull struct {
	*paastest.Logbook
	size int64
}

func (o *overfull) Size(context.Context, paas.ProjectID) (int64, error) { return o.size, nil }
func (o *overfull) Limit(context.Context, paas.ProjectID) error {
	o.size = o.Quota()
	return nil
}

// brokenBuilder cannot tell which images it has.
type brokenBuilder struct{ *fakeBuilder }

func (brokenBuilder) Lacking(context.Context, []paas.ImageRef) ([]paas.ImageRef, error) {
	return nil, errors.New("the disk is on fire")
}

func TestDoctorLooksOnWhenAPartCannotBeLookedAt(t *testing.T) {
	logs := &overfull{&paastest.Logbook{}, 2 << 20}
	tw, _ := settled(t, func(o *paas.Options) { o.Logbook, o.Builder = logs, brokenBuilder{&fakeBuilder{}} })
	tw.wantFound(paas.EUnexamined, paas.ELogsOverQuota)
	if done := tw.repair(); len(done) != 1 || !strings.Contains(done[0], "Removed the oldest lines of the log") {
		t.Errorf("repaired %q", done)
	}
	tw.wantFound(paas.EUnexamined)
}
