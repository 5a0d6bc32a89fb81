package paas

import (
	"context"
	"fmt"
)

// collectGarbage removes what can be made anew, or is older than what is promised, until the reserve is
// free again: layers and caches of builds first, then old log lines. Nothing is touched while there is
// room, and nothing that is not ours ever.
func (p *Platform) collectGarbage(ctx context.Context) error {
	lacking, err := p.lackingDisk()
	if err != nil || lacking <= 0 {
		return err
	}
	freed, err := p.Builder.Shrink(ctx, lacking)
	if err != nil {
		return fmt.Errorf("free caches: %w", err)
	}
	p.Log.InfoContext(ctx, "the disk is nearly full: caches removed", "lacking", lacking, "freed", freed)
	if lacking, err = p.lackingDisk(); err != nil || lacking <= 0 {
		return err
	}
	size, err := p.logsSize(ctx)
	if err != nil {
		return err
	}
	return p.Logbook.Trim(ctx, max(size-lacking, size/4))
}

// lackingDisk is how many bytes the reserve is short of.
func (p *Platform) lackingDisk() (int64, error) {
	if p.FreeDisk == nil {
		return 0, nil
	}
	free, err := p.FreeDisk()
	if err != nil {
		return 0, fmt.Errorf("measure the disk: %w", err)
	}
	return p.DiskReserve - free, nil
}

func (p *Platform) logsSize(ctx context.Context) (int64, error) {
	projects, err := p.Logbook.Projects(ctx)
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, id := range projects {
		size, err := p.Logbook.Size(ctx, id)
		if err != nil {
			return 0, err
		}
		sum += size
	}
	return sum, nil
}

// checkRoom makes room for a build, and refuses it when there is none to be made.
func (p *Platform) checkRoom(ctx context.Context) error {
	if err := p.collectGarbage(ctx); err != nil {
		p.Log.ErrorContext(ctx, "make room on the disk", "error", err)
	}
	lacking, err := p.lackingDisk()
	if err != nil || lacking <= 0 {
		return err
	}
	return Errorf(Unavailable, EDiskFull, "The platform's disk has less than %s free, so nothing is built now; what runs goes on running. Delete projects or volumes that are not needed, or have an administrator enlarge the disk.", Bytes(p.DiskReserve))
}
