package paas

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
)

// mostTakers is how many projects are named as those that take the most disk.
const mostTakers = 3

// lookCommand shows what takes a host's disk, whoever's it is.
const lookCommand = "du -xh --max-depth=3 / 2>/dev/null | sort -h | tail -n 20; docker system df"

// examineDisk finds a disk with less free than the reserve, and users over their part of it.
func (p *Platform) examineDisk(ctx context.Context, w decided, check *Check) error {
	if p.FreeDisk == nil {
		check.Summary = "is not measured"
		return nil
	}
	free, err := p.FreeDisk()
	if err != nil {
		return fmt.Errorf("measure the disk: %w", err)
	}
	check.Summary = fmt.Sprintf("%s free, of which %s are the reserve", Bytes(free).Rough(), Bytes(p.DiskReserve).Rough())
	if free < p.DiskReserve {
		takers, err := p.takers(ctx, w)
		if err != nil {
			return err
		}
		check.Find(EDiskLow, repairCommand, fmt.Sprintf("%s are free and %s should be: nothing is built until there is room. %s", Bytes(free).Rough(), Bytes(p.DiskReserve).Rough(), takers))
	}
	return p.examineQuotas(ctx, check)
}

// takers says who takes how much of the disk.
func (p *Platform) takers(ctx context.Context, w decided) (string, error) {
	var all []taker
	var sum int64
	for _, id := range sortedProjects(w.projects) {
		size, err := p.diskOf(ctx, id)
		if err != nil {
			return "", err
		}
		all = append(all, taker{id, size})
		sum += size
	}
	if sum == 0 {
		return "None of it is taken by projects.", nil
	}
	slices.SortStableFunc(all, func(a, b taker) int { return cmp.Compare(b.size, a.size) })
	var named []string
	for _, one := range all[:min(mostTakers, len(all))] {
		named = append(named, fmt.Sprintf("%s %s", w.name(one.id), Bytes(one.size).Rough()))
	}
	return fmt.Sprintf("All projects together take %s: most do %s", Bytes(sum).Rough(), strings.Join(named, ", ")), nil
}

// taker is a project and how much disk it takes.
type taker struct {
	id   ProjectID
	size int64
}

// examineQuotas finds users whose projects take more than they may.
func (p *Platform) examineQuotas(ctx context.Context, check *Check) error {
	users, err := p.Store.Users(ctx)
	if err != nil {
		return err
	}
	for _, user := range users {
		limit := p.LimitsOf(user).Disk
		if limit == 0 {
			continue
		}
		projects, err := p.Store.Projects(ctx, user.ID)
		if err != nil {
			return err
		}
		used, err := p.disk(ctx, projects)
		if err != nil {
			return err
		}
		if used > limit {
			check.Find(EDiskQuota, "paastech admin users limits "+user.Username, fmt.Sprintf("%s takes %s of disk and may take %s: nothing of theirs is built until there is room", user.Username, Bytes(used).Rough(), Bytes(limit).Rough()))
		}
	}
	return nil
}

// afterRepair names the next thing to do where the first did not help.
func afterRepair(check Check) Check {
	for i, finding := range check.Findings {
		if finding.Code == EDiskLow {
			check.Findings[i].Message += "; caches and old logs were removed already"
			check.Findings[i].Remedy = lookCommand
		}
	}
	return check
}
