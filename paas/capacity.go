package paas

import (
	"context"
	"sync"
	"time"
)

// Capacity is what the host has, and how much of it is free.
type Capacity struct {
	Cores      int
	Load       float64 // how many processes ran or wanted to, on average over the last minute
	Memory     int64   // bytes, as below
	MemoryFree int64   // that programs can have
	Disk       int64   // of the fuller of the file systems that data and images are on
	DiskFree   int64
}

// DiskUse is how much of the disk is taken by what, in bytes. Layers that projects share are in none.
type DiskUse struct {
	Repositories int64
	Images       int64 // and what builds keep for the next one
	Logs         int64 // of builds and of applications
	Volumes      int64
}

// Sum is all of it.
func (u DiskUse) Sum() int64 { return u.Repositories + u.Images + u.Logs + u.Volumes }

func (u DiskUse) plus(other DiskUse) DiskUse {
	return DiskUse{u.Repositories + other.Repositories, u.Images + other.Images, u.Logs + other.Logs, u.Volumes + other.Volumes}
}

// diskUseAge is how old a measurement of all projects' disk may be: it reads whole directories.
const diskUseAge = time.Minute

// measuredDisk is the last measurement of all projects' disk.
type measuredDisk struct {
	mu  sync.Mutex
	at  time.Time // guarded by mu
	use DiskUse   // guarded by mu
}

// diskUse measures what all projects take, at most once in diskUseAge.
func (p *Platform) diskUse(ctx context.Context, projects []Project) (DiskUse, error) {
	p.measured.mu.Lock()
	defer p.measured.mu.Unlock()
	if now := p.now(); now.Sub(p.measured.at) < diskUseAge {
		return p.measured.use, nil
	}
	var sum DiskUse
	for _, project := range projects {
		use, err := p.diskUseOf(ctx, project.ID)
		if err != nil {
			return DiskUse{}, err
		}
		sum = sum.plus(use)
	}
	p.measured.at, p.measured.use = p.now(), sum
	return sum, nil
}

// diskUseOf measures what one project takes.
func (p *Platform) diskUseOf(ctx context.Context, id ProjectID) (use DiskUse, err error) {
	if use.Repositories, err = p.Repositories.Size(ctx, id); err != nil {
		return DiskUse{}, err
	}
	if use.Images, err = p.Builder.Size(ctx, id); err != nil {
		return DiskUse{}, err
	}
	builds, err := p.logs.size(id)
	if err != nil {
		return DiskUse{}, err
	}
	logs, err := p.Logbook.Size(ctx, id)
	if err != nil {
		return DiskUse{}, err
	}
	volumes, err := p.Engine.Volumes(ctx, id)
	use.Logs = builds + logs
	for _, volume := range volumes {
		use.Volumes += int64(volume.Used)
	}
	return use, err
}
