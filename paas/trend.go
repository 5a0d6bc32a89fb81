package paas

import (
	"context"
	"maps"
	"sync"
	"time"
)

// TrendLength is how many minutes a trend tells of; its last one has not ended yet.
const TrendLength = 60

// Use is what a project used in a minute.
type Use struct {
	Readings int     // that it is made of; 0 when nothing was measured
	CPU      float64 // percent of one core, mean
	Memory   uint64  // bytes, highest
	Limit    uint64  // bytes
}

// Trend is what a project used in each minute of the last hour, oldest first: enough for a glance.
type Trend [TrendLength]Use

// trendStep is from one use to the next; one of the Resolutions.
const trendStep = time.Minute

// trends are those that somebody looked at lately. They are read from the store once, and kept up
// to date as is measured: a list of a hundred projects would read thousands of samples each time.
type trends struct {
	mu sync.Mutex
	of map[ProjectID]keptTrend // guarded by mu
}

// keptTrend is a trend whose last use is of the minute that ends then.
type keptTrend struct {
	Trend
	until time.Time
	asked time.Time
}

// trendKept is how long a trend is kept that nobody asks for.
const trendKept = time.Hour

// moved is the trend with its end at a later minute.
func (t keptTrend) moved(until time.Time) keptTrend {
	if minutes := int(until.Sub(t.until) / trendStep); minutes > 0 {
		var later Trend
		if minutes < TrendLength {
			copy(later[:], t.Trend[minutes:])
		}
		t.Trend, t.until = later, until
	}
	return t
}

// add counts a sample in, when its minute is one of the trend's.
func (t *keptTrend) add(sample Sample) {
	at := TrendLength - 1 - int(t.until.Sub(minuteEnd(sample.At))/trendStep)
	if at < 0 || at >= TrendLength {
		return
	}
	use := &t.Trend[at]
	merged := Sample{Readings: use.Readings, CPU: use.CPU, Memory: use.Memory, Limit: use.Limit}.Merged(sample)
	*use = Use{merged.Readings, merged.CPU, merged.Memory, merged.Limit}
}

// minuteEnd is the end of the minute that a time is in; the end of one is in it.
func minuteEnd(at time.Time) time.Time {
	return at.Add(-time.Nanosecond).Truncate(trendStep).Add(trendStep)
}

// TrendEnd is when the last minute of the trends of now ends.
func (p *Platform) TrendEnd() time.Time { return minuteEnd(p.now()) }

// keep adds what was just measured, and forgets the trends that nobody asks for.
func (t *trends) keep(samples map[ProjectID]Sample, at time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	maps.DeleteFunc(t.of, func(_ ProjectID, trend keptTrend) bool { return at.Sub(trend.asked) > trendKept })
	for id, trend := range t.of {
		sample, measured := samples[id]
		if !measured {
			continue
		}
		sample.At = at
		trend = trend.moved(minuteEnd(at))
		trend.add(sample)
		t.of[id] = trend
	}
}

// known are the trends of those projects that are kept; the others are missing.
func (t *trends) known(projects []Project, now time.Time) (map[ProjectID]Trend, []ProjectID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	known := make(map[ProjectID]Trend, len(projects))
	var missing []ProjectID
	for _, project := range projects {
		trend, kept := t.of[project.ID]
		if !kept {
			missing = append(missing, project.ID)
			continue
		}
		trend = trend.moved(minuteEnd(now))
		trend.asked = now
		t.of[project.ID] = trend
		known[project.ID] = trend.Trend
	}
	return known, missing
}

// learn keeps trends that were read.
func (t *trends) learn(read map[ProjectID]keptTrend) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.of == nil {
		t.of = map[ProjectID]keptTrend{}
	}
	maps.Copy(t.of, read)
}

// Trends tells what each of some projects used of late. It does not ask whose they are.
func (p *Platform) Trends(ctx context.Context, projects []Project) (map[ProjectID]Trend, error) {
	now := p.now()
	all, missing := p.trends.known(projects, now)
	if len(missing) == 0 {
		return all, nil
	}
	until := minuteEnd(now)
	samples, err := p.Store.SamplesOf(ctx, missing, trendStep, until.Add(-(TrendLength-1)*trendStep))
	if err != nil {
		return nil, err
	}
	read := make(map[ProjectID]keptTrend, len(missing))
	for _, id := range missing {
		trend := keptTrend{until: until, asked: now}
		for _, sample := range samples[id] {
			trend.add(sample)
		}
		read[id], all[id] = trend, trend.Trend
	}
	p.trends.learn(read)
	return all, nil
}
