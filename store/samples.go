package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

type sampleRow struct {
	ProjectID   string    `gorm:"primaryKey"`
	Span        int64     `gorm:"primaryKey;autoIncrement:false"` // seconds
	At          time.Time `gorm:"primaryKey"`
	Readings    int64
	CPU         float64 `gorm:"column:cpu"`
	Memory      int64
	MemoryLimit int64
	Received    int64
	Sent        int64
	Restarts    int64
	Requests    int64
	Errors      int64
	Answered    int64          // bytes of answers to requests
	Latency     latencyColumns `gorm:"embedded"`
}

func (sampleRow) TableName() string { return "samples" }

// latencyColumns are the buckets of paas.Traffic's histogram.
type latencyColumns struct{ L0, L1, L2, L3, L4, L5, L6, L7, L8, L9, L10, L11, L12, L13, L14 int64 }

func (l *latencyColumns) buckets() [len(paas.LatencyBounds) + 1]*int64 {
	return [...]*int64{&l.L0, &l.L1, &l.L2, &l.L3, &l.L4, &l.L5, &l.L6, &l.L7, &l.L8, &l.L9, &l.L10, &l.L11, &l.L12, &l.L13, &l.L14}
}

func newSampleRow(sample paas.Sample) sampleRow {
	row := sampleRow{
		ProjectID:   string(sample.Project),
		Span:        int64(sample.Span / time.Second),
		At:          stored(sample.At),
		Readings:    int64(sample.Readings),
		CPU:         sample.CPU,
		Memory:      counted(sample.Memory),
		MemoryLimit: counted(sample.Limit),
		Received:    counted(sample.Received),
		Sent:        counted(sample.Sent),
		Restarts:    int64(sample.Restarts),
		Requests:    counted(sample.Traffic.Requests),
		Errors:      counted(sample.Traffic.Errors),
		Answered:    counted(sample.Traffic.Sent),
	}
	for i, bucket := range row.Latency.buckets() {
		*bucket = counted(sample.Traffic.Latency[i])
	}
	return row
}

// counted is a number that the databases can keep, and add up for long: no host counts more in a span.
func counted(n uint64) int64 { return int64(min(n, 1<<53)) }

func (row sampleRow) sample() paas.Sample {
	sample := paas.Sample{
		Project:  paas.ProjectID(row.ProjectID),
		At:       row.At.UTC(),
		Span:     time.Duration(row.Span) * time.Second,
		Readings: int(row.Readings),
		CPU:      row.CPU,
		Memory:   uint64(row.Memory),
		Limit:    uint64(row.MemoryLimit),
		Received: uint64(row.Received),
		Sent:     uint64(row.Sent),
		Restarts: int(row.Restarts),
		Traffic:  paas.Traffic{Requests: uint64(row.Requests), Errors: uint64(row.Errors), Sent: uint64(row.Answered)},
	}
	for i, bucket := range row.Latency.buckets() {
		sample.Traffic.Latency[i] = uint64(*bucket)
	}
	return sample
}

func (row sampleRow) compareKeys(other sampleRow) int {
	return cmp.Or(cmp.Compare(row.ProjectID, other.ProjectID), cmp.Compare(row.Span, other.Span), row.At.Compare(other.At))
}

// samplesAtOnce is how many one statement takes: it has as many parameters as they have columns.
const samplesAtOnce = 100

// AppendSamples keeps samples, merged with those that are there. Those of a project that is gone are
// dropped. No answer that is kept in memory is made of samples, so the generation stays.
func (s *Store) AppendSamples(ctx context.Context, samples []paas.Sample) error {
	return s.record(ctx, "keep samples", func(tx *gorm.DB) error {
		present, err := lockProjects(tx, samples)
		if err != nil {
			return err
		}
		rows := make([]sampleRow, 0, len(samples))
		for _, sample := range samples {
			if present[string(sample.Project)] {
				rows = append(rows, newSampleRow(sample))
			}
		}
		slices.SortFunc(rows, sampleRow.compareKeys) // all lock them in this order
		for len(rows) > 0 {
			n := upToTwin(rows)
			if err := tx.Clauses(mergeSamples()).Create(rows[:n]).Error; err != nil {
				return err
			}
			rows = rows[n:]
		}
		return nil
	})
}

// lockProjects tells which projects of the samples are there, and keeps them until the transaction ends.
func lockProjects(tx *gorm.DB, samples []paas.Sample) (map[string]bool, error) {
	ids := map[string]bool{}
	for _, sample := range samples {
		ids[string(sample.Project)] = false
	}
	var rows []projectRow
	err := tx.Clauses(clause.Locking{Strength: "KEY SHARE"}).Select("id").Where("id IN ?", slices.Sorted(maps.Keys(ids))).Find(&rows).Error
	for _, row := range rows {
		ids[row.ID] = true
	}
	return ids, err
}

// upToTwin is how many of the rows go into one statement, which may meet no row of the table twice.
func upToTwin(rows []sampleRow) int {
	for i := 1; i < min(len(rows), samplesAtOnce); i++ {
		if rows[i].compareKeys(rows[i-1]) == 0 {
			return i
		}
	}
	return min(len(rows), samplesAtOnce)
}

// mergeSamples is how a row that is there and a new one become one.
func mergeSamples() clause.OnConflict {
	merge := clause.OnConflict{Columns: []clause.Column{{Name: "project_id"}, {Name: "span"}, {Name: "at"}}}
	set := func(column, expression string) {
		merge.DoUpdates = append(merge.DoUpdates, clause.Assignment{Column: clause.Column{Name: column}, Value: gorm.Expr(expression)})
	}
	set("cpu", `CASE WHEN samples.readings + excluded.readings = 0 THEN 0
		ELSE (samples.cpu * samples.readings + excluded.cpu * excluded.readings) / (samples.readings + excluded.readings) END`)
	for _, column := range []string{"memory", "memory_limit"} {
		set(column, "CASE WHEN samples."+column+" > excluded."+column+" THEN samples."+column+" ELSE excluded."+column+" END")
	}
	sums := []string{"readings", "received", "sent", "restarts", "requests", "errors", "answered"}
	for i := range new(latencyColumns).buckets() {
		sums = append(sums, "l"+strconv.Itoa(i))
	}
	for _, column := range sums {
		set(column, "samples."+column+" + excluded."+column)
	}
	return merge
}

// Samples lists a project's of one span from then on, oldest first.
func (s *Store) Samples(ctx context.Context, project paas.ProjectID, span time.Duration, since time.Time) ([]paas.Sample, error) {
	var rows []sampleRow
	err := s.read(ctx).Where("project_id = ? AND span = ? AND at >= ?", string(project), int64(span/time.Second), stored(since)).Order("at").Find(&rows).Error
	return convert(rows, sampleRow.sample), translate("list samples", err)
}

// SamplesOf lists those of several projects in one query, each oldest first. It reads few columns:
// that they are narrow is what makes thousands of rows bearable.
func (s *Store) SamplesOf(ctx context.Context, projects []paas.ProjectID, span time.Duration, since time.Time) (map[paas.ProjectID][]paas.Sample, error) {
	if len(projects) == 0 {
		return nil, nil
	}
	among, ids, err := s.among(projects)
	if err != nil {
		return nil, fmt.Errorf("list samples: %w", err)
	}
	rows, err := s.read(ctx).Model(&sampleRow{}).Select("project_id", "at", "readings", "cpu", "memory", "memory_limit").
		Where(among, ids).Where("span = ? AND at >= ?", int64(span/time.Second), stored(since)).Order("project_id, at").Rows()
	if err != nil {
		return nil, translate("list samples", err)
	}
	defer rows.Close()
	of := make(map[paas.ProjectID][]paas.Sample, len(projects))
	for rows.Next() {
		row := sampleRow{Span: int64(span / time.Second)}
		if err := rows.Scan(&row.ProjectID, &row.At, &row.Readings, &row.CPU, &row.Memory, &row.MemoryLimit); err != nil {
			return nil, translate("list samples", err)
		}
		sample := row.sample()
		of[sample.Project] = append(of[sample.Project], sample)
	}
	return of, translate("list samples", rows.Err())
}

// DeleteSamplesBefore forgets samples of one span. It looks project by project, as the key is sorted:
// an index by age would cost every sample that is kept.
func (s *Store) DeleteSamplesBefore(ctx context.Context, span time.Duration, then time.Time) error {
	return s.record(ctx, "forget samples", func(tx *gorm.DB) error {
		return tx.Where("project_id IN (SELECT id FROM projects) AND span = ? AND at < ?", int64(span/time.Second), stored(then)).Delete(&sampleRow{}).Error
	})
}
