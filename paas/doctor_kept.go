package paas

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// examineImages finds versions that could not be started, now or by a rollback: neither the engine nor
// the registry has their image.
func (p *Platform) examineImages(ctx context.Context, w decided, check *Check) error {
	if err := p.findOrphans(ctx, w, check, "caches or published images", p.Builder.Projects); err != nil {
		return err
	}
	versions := map[ImageRef][]Deployment{}
	for _, id := range sortedProjects(w.live) {
		kept, err := p.keptDeployments(ctx, id)
		if err != nil {
			return err
		}
		for _, d := range kept {
			versions[d.Image.Ref] = append(versions[d.Image.Ref], d)
		}
	}
	refs := make([]ImageRef, 0, len(versions))
	for ref := range versions {
		refs = append(refs, ref)
	}
	slices.Sort(refs)
	lacking, err := p.Engine.Lacking(ctx, refs)
	if err != nil {
		return err
	}
	if lacking, err = p.Builder.Lacking(ctx, lacking); err != nil {
		return err
	}
	for _, ref := range lacking {
		for _, d := range versions[ref] {
			what := "cannot be rolled back to"
			if d.Number == w.live[d.Project].Number {
				what = "is live and could not be started again"
			}
			check.Find(EImageMissing, fmt.Sprintf("git push -f paastech %s:%s", d.Commit, cmp.Or(d.Branch, "main")), fmt.Sprintf("%s of %s %s: its image is neither in the engine nor in the registry; push its commit again", d.Name(), w.name(d.Project), what))
		}
	}
	check.Summary = fmt.Sprintf("%s that run or can be rolled back to", counted(len(refs), "image"))
	return nil
}

// growthTolerance is by how much a volume's file system may be smaller than its file: ext4 leaves out a
// last group that would hold little beside its own tables.
const growthTolerance = 8 << 20

// examineVolumes compares what live versions declare with what is there.
func (p *Platform) examineVolumes(ctx context.Context, w decided, check *Check) error {
	declared, kept := 0, 0
	var used Bytes
	for _, id := range sortedProjects(w.projects) {
		there, err := p.Engine.Volumes(ctx, id)
		if err != nil {
			return err
		}
		kept += len(there)
		for _, volume := range there {
			used += volume.Used
		}
		live, isLive := w.live[id]
		if !isLive {
			continue
		}
		declared += len(live.App.Volumes)
		runs := !w.projects[id].Stopped && w.projects[id].Depth != Asleep && live.formation().total() > 0
		for _, volume := range live.App.Volumes {
			checkVolume(check, fmt.Sprintf("the volume %s of %s", volume.Name, w.name(id)), id, volume, there, runs)
		}
	}
	check.Summary = fmt.Sprintf("%s with %s in them, %d declared by live versions", counted(kept, "volume"), used.Rough(), declared)
	return nil
}

// checkVolume compares one volume that a live version declares with those that are there.
func checkVolume(check *Check, name string, id ProjectID, declared Volume, there []VolumeUse, runs bool) {
	found, is := volumeNamed(there, declared.Name)
	if !is {
		check.Find(EVolumeMissing, inProject(id, "restart"), name+" is not there; a restart makes an empty one, a copy of it has to be put back by you")
		return
	}
	size := cmp.Or(declared.Size, DefaultVolumeSize)
	switch {
	case found.Size == 0: // this host bounds no volumes: the host's own check says so
	case runs && !found.Attached:
		check.Find(EVolumeUnmounted, repairCommand, name+" is not mounted, although its application should run")
	case found.Size < size:
		check.Find(EVolumeSize, inProject(id, "stop")+" && "+inProject(id, "start"), fmt.Sprintf("%s has %s, and its version declares %s; it grows when nothing that has it runs", name, found.Size, size))
	case found.Size-found.Capacity > growthTolerance:
		check.Find(EVolumeSize, repairCommand, fmt.Sprintf("%s may have %s, and the file system in it has only %s: its growth was interrupted", name, found.Size, found.Capacity))
	}
}

// examineLogs finds logs of nobody, and logs larger than they may be.
func (p *Platform) examineLogs(ctx context.Context, w decided, check *Check) error {
	for _, place := range []struct {
		what string
		list func(context.Context) ([]ProjectID, error)
	}{
		{"build logs", func(context.Context) ([]ProjectID, error) { return p.logs.projects() }},
		{"application logs", p.Logbook.Projects},
	} {
		if err := p.findOrphans(ctx, w, check, place.what, place.list); err != nil {
			return err
		}
	}
	var sum int64
	quota := p.Logbook.Quota()
	for _, id := range sortedProjects(w.projects) {
		size, err := p.Logbook.Size(ctx, id)
		if err != nil {
			return err
		}
		sum += size
		if size > quota+quota/10 { // while one is compressed a log may be a little over
			check.Find(ELogsOverQuota, repairCommand, fmt.Sprintf("the log of %s has %s, and may have %s", w.name(id), Bytes(size).Rough(), Bytes(quota).Rough()))
		}
	}
	check.Summary = fmt.Sprintf("%s, at most %s a project", Bytes(sum).Rough(), Bytes(quota).Rough())
	return nil
}

// mailPatience is how long a mail may wait in the outbox before that is told.
const mailPatience = 15 * time.Minute

// examineMails finds mails that do not leave.
func (p *Platform) examineMails(ctx context.Context, _ decided, check *Check) error {
	mails, err := p.Store.Mails(ctx, 0)
	if err != nil {
		return err
	}
	var late, given []Mail
	waiting := 0
	for _, mail := range mails {
		age := p.now().Sub(mail.CreatedAt)
		switch {
		case mail.State == MailQueued:
			waiting++
			if age > mailPatience {
				late = append(late, mail)
			}
		case mail.State == MailFailed && age < 24*time.Hour:
			given = append(given, mail)
		}
	}
	for _, stuck := range []struct {
		mails []Mail
		how   string
	}{{late, "have been waiting for a mail server for more than " + seconds(mailPatience)}, {given, "were given up in the last day"}} {
		if len(stuck.mails) > 0 {
			why := cmp.Or(strings.TrimSuffix(stuck.mails[0].LastError, "."), "nobody has tried yet")
			check.Find(EMailStuck, "paastech admin mails", fmt.Sprintf("%s %s. The last error is: %s. Correct mail.smtp in the configuration and restart the daemon", counted(len(stuck.mails), "mail"), stuck.how, why))
		}
	}
	check.Summary = fmt.Sprintf("%s waiting", counted(waiting, "mail"))
	return nil
}
