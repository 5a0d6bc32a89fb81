package paas

import (
	"context"
	"time"
)

// Sample is what a project used and did in the span that ends at a time.
type Sample struct {
	Project  ProjectID
	At       time.Time     // its end, a multiple of Span
	Span     time.Duration // one of the resolutions
	Readings int           // that it is made of
	CPU      float64       // percent of one core, mean of the readings
	Memory   uint64        // bytes, highest
	Limit    uint64        // bytes
	Received uint64        // bytes
	Sent     uint64
	Restarts int
	Traffic  Traffic // in the span
}

// Merged is the sample of one span that two readings of it make.
func (s Sample) Merged(other Sample) Sample {
	if readings := s.Readings + other.Readings; readings > 0 {
		s.CPU = (s.CPU*float64(s.Readings) + other.CPU*float64(other.Readings)) / float64(readings)
		s.Readings = readings
	}
	s.Memory, s.Limit = max(s.Memory, other.Memory), max(s.Limit, other.Limit)
	s.Received += other.Received
	s.Sent += other.Sent
	s.Restarts += other.Restarts
	s.Traffic = s.Traffic.plus(other.Traffic)
	return s
}

// Resolutions are the spans that samples have, with how long they are kept: the finest for the last
// hours, then coarser ones up to a week.
var Resolutions = []struct{ Span, Kept time.Duration }{
	{10 * time.Second, 2 * time.Hour},
	{time.Minute, 26 * time.Hour},
	{10 * time.Minute, 8 * 24 * time.Hour},
}

// Traffic counts the requests that the ingress has led to a project.
type Traffic struct {
	Requests uint64                         `json:"requests"`
	Errors   uint64                         `json:"errors"`  // answers from 500 up, and those that broke off
	Sent     uint64                         `json:"sent"`    // bytes of answers
	Last     time.Time                      `json:"-"`       // when the last one came
	Busy     int                            `json:"-"`       // in flight
	Latency  [len(LatencyBounds) + 1]uint64 `json:"latency"` // requests by duration: each up to its bound, the last beyond all
}

// LatencyBounds are the upper bounds of the latency histogram.
var LatencyBounds = [...]time.Duration{
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second, 30 * time.Second,
}

// minus is what was counted since earlier; all of it when the counters began anew.
func (t Traffic) minus(earlier Traffic) Traffic {
	if t.Requests < earlier.Requests {
		return t
	}
	t.Requests -= earlier.Requests
	t.Errors -= earlier.Errors
	t.Sent -= earlier.Sent
	for i := range t.Latency {
		t.Latency[i] -= earlier.Latency[i]
	}
	return t
}

// plus adds up.
func (t Traffic) plus(other Traffic) Traffic {
	t.Requests += other.Requests
	t.Errors += other.Errors
	t.Sent += other.Sent
	for i := range t.Latency {
		t.Latency[i] += other.Latency[i]
	}
	return t
}

// Percentile is the duration that so many of a hundred requests did not exceed, by the bound of its
// bucket; zero without requests.
func (t Traffic) Percentile(of float64) time.Duration {
	var all uint64
	for _, count := range t.Latency {
		all += count
	}
	if all == 0 {
		return 0
	}
	rank, seen := of/100*float64(all), uint64(0)
	for i, count := range t.Latency {
		seen += count
		if float64(seen) >= rank && i < len(LatencyBounds) {
			return LatencyBounds[i]
		}
	}
	return LatencyBounds[len(LatencyBounds)-1]
}

// MetricStore keeps samples.
type MetricStore interface {
	// AppendSamples keeps samples; one that is there already for its project, span and
	// time is merged: counters add up, of memory the highest stays, CPU is the mean over all readings.
	// It does not count as a write of Generation.
	AppendSamples(ctx context.Context, samples []Sample) error
	// Samples lists a project's of one span from then on, oldest first.
	Samples(ctx context.Context, project ProjectID, span time.Duration, since time.Time) ([]Sample, error)
	// SamplesOf lists those of several projects, each oldest first, with readings, CPU, memory and limit alone.
	SamplesOf(ctx context.Context, projects []ProjectID, span time.Duration, since time.Time) (map[ProjectID][]Sample, error)
	// DeleteSamplesBefore forgets samples of one span.
	DeleteSamplesBefore(ctx context.Context, span time.Duration, then time.Time) error
}
