package deployer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/paastech-cloud/paastech/paas"
)

// A CPU share is measured between two samples: the last one when it is neither too young nor too old,
// else one that is taken now, firstPause before.
const (
	firstPause = 150 * time.Millisecond
	youngest   = 100 * time.Millisecond
	oldest     = 30 * time.Second
)

// sample is what a container had used of the CPU at a moment.
type sample struct {
	at  time.Time
	cpu time.Duration
}

// samples keeps the last sample of each container.
type samples struct {
	mutex  sync.Mutex
	latest map[paas.ContainerID]sample // guarded by mutex
}

func (s *samples) last(id paas.ContainerID) sample {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.latest[id]
}

func (s *samples) keep(id paas.ContainerID, taken sample) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.latest[id] = taken
}

func (s *samples) forget(id paas.ContainerID) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	delete(s.latest, id)
}

// Statistics measures a running container; a stopped one gives zeros.
func (e *Engine) Statistics(ctx context.Context, id paas.ContainerID) (paas.Statistics, error) {
	now, err := e.measure(ctx, id)
	if err != nil || now.Read.IsZero() || now.MemoryStats.Limit == 0 {
		e.samples.forget(id) // it does not run
		return paas.Statistics{}, err
	}
	before := e.samples.last(id)
	if age := now.Read.Sub(before.at); age < youngest || age > oldest {
		before = sampleOf(now)
		select {
		case <-time.After(firstPause):
		case <-ctx.Done():
			return paas.Statistics{}, fmt.Errorf("measure container: %w", context.Cause(ctx))
		}
		if now, err = e.measure(ctx, id); err != nil {
			return paas.Statistics{}, err
		}
	}
	after := sampleOf(now)
	e.samples.keep(id, after)
	measured := paas.Statistics{
		CPUUsage:    cpuPercent(before, after),
		MemoryUsage: memoryUsage(now.MemoryStats),
		MemoryLimit: now.MemoryStats.Limit,
		PIDs:        now.PidsStats.Current,
	}
	for _, device := range now.Networks {
		measured.Received += device.RxBytes
		measured.Sent += device.TxBytes
	}
	return measured, nil
}

// measure asks Docker for one sample; it does not wait for a second one, as Docker does by default.
func (e *Engine) measure(ctx context.Context, id paas.ContainerID) (container.StatsResponse, error) {
	ctx, cancel := e.within(ctx)
	defer cancel()
	var measured container.StatsResponse
	response, err := e.docker.ContainerStatsOneShot(ctx, string(id))
	if err == nil {
		err = errors.Join(json.NewDecoder(response.Body).Decode(&measured), response.Body.Close())
	}
	return measured, translate(ctx, "measure container", err)
}

func sampleOf(measured container.StatsResponse) sample {
	return sample{at: measured.Read, cpu: time.Duration(measured.CPUStats.CPUUsage.TotalUsage)}
}

// cpuPercent is the use of one core between two samples.
func cpuPercent(before, after sample) float64 {
	elapsed, used := after.at.Sub(before.at), after.cpu-before.cpu
	if elapsed <= 0 || used < 0 { // it was started again in between
		return 0
	}
	return 100 * float64(used) / float64(elapsed)
}

// memoryUsage leaves out the page cache that the kernel can take back: total_inactive_file as cgroup
// v1 calls it, inactive_file as v2 does.
func memoryUsage(memory container.MemoryStats) uint64 {
	cache, v1 := memory.Stats["total_inactive_file"]
	if !v1 {
		cache = memory.Stats["inactive_file"]
	}
	if cache > memory.Usage {
		return 0
	}
	return memory.Usage - cache
}
