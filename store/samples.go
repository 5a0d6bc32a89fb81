package store

import (
	"context"
	"slices"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

type sampleRow struct {
	ProjectID   string    `gorm:"primaryKey"`
	Span        int       `gorm:"primaryKey;autoIncrement:false"` // seconds
	At          time.Time `gorm:"primaryKey"`
	Readings    int
	CPU         float64 `gorm:"column:cpu"`
	Memory      int64
	MemoryLimit int64
	Received    int64
	Sent        int64
	Restarts    int
	Traffic     paas.Traffic `gorm:"serializer:json"`
}

func (sampleRow) TableName() string { return "samples" }

func newSampleRow(s paas.Sample) sampleRow {
	return sampleRow{
		ProjectID: string(s.Project), Span: int(s.Span / time.Second), At: stored(s.At), Readings: s.Readings, CPU: s.CPU,
		Memory: int64(s.Memory), MemoryLimit: int64(s.Limit), Received: int64(s.Received), Sent: int64(s.Sent), Restarts: s.Restarts, Traffic: s.Traffic,
	}
}

func (row sampleRow) sample() paas.Sample {
	return paas.Sample{
		Project: paas.ProjectID(row.ProjectID), At: row.At.UTC(), Span: time.Duration(row.Span) * time.Second, Readings: row.Readings, CPU: row.CPU,
		Memory: uint64(row.Memory), Limit: uint64(row.MemoryLimit), Received: uint64(row.Received), Sent: uint64(row.Sent), Restarts: row.Restarts, Traffic: row.Traffic,
	}
}

// sampleKey is what makes a sample one.
type sampleKey struct {
	project string
	span    int
	at      int64
}

func (row sampleRow) key() sampleKey { return sampleKey{row.ProjectID, row.Span, row.At.UnixMicro()} }

// samplesAtOnce bounds the parameters of one statement.
const samplesAtOnce = 500

// AppendSamples keeps samples, merged with those that are there; those of a project that is gone are
// dropped. No answer that is kept in memory is made of samples, so the generation stays.
func (s *Store) AppendSamples(ctx context.Context, samples []paas.Sample) error {
	s.writing.RLock()
	defer s.writing.RUnlock()
	return translate("keep samples", s.writer.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		rows, err := mergeSamples(tx, samples)
		if err != nil {
			return err
		}
		upsert := tx.Clauses(clause.OnConflict{UpdateAll: true})
		for chunk := range slices.Chunk(rows, samplesAtOnce) {
			if err := upsert.Create(&chunk).Error; err != nil {
				return err
			}
		}
		return nil
	}))
}

// mergeSamples adds the samples to the rows of the same spans that are there.
func mergeSamples(tx *gorm.DB, samples []paas.Sample) ([]sampleRow, error) {
	var ids []string
	if err := tx.Model(&projectRow{}).Pluck("id", &ids).Error; err != nil {
		return nil, err
	}
	present := map[string]bool{}
	for _, id := range ids {
		present[id] = true
	}
	merged, order := map[sampleKey]paas.Sample{}, []sampleKey{}
	type moment struct {
		span int
		at   int64
	}
	read := map[moment]bool{}
	there := map[sampleKey]paas.Sample{}
	for _, sample := range samples {
		row := newSampleRow(sample)
		if !present[row.ProjectID] {
			continue
		}
		if at := (moment{row.Span, row.At.UnixMicro()}); !read[at] {
			read[at] = true
			var rows []sampleRow
			if err := tx.Where("span = ? AND at = ?", row.Span, row.At).Find(&rows).Error; err != nil {
				return nil, err
			}
			for _, found := range rows {
				there[found.key()] = found.sample()
			}
		}
		key := row.key()
		earlier, known := merged[key]
		if !known {
			order = append(order, key)
			earlier, known = there[key]
		}
		if known {
			sample = earlier.Merged(sample)
		}
		merged[key] = sample
	}
	rows := make([]sampleRow, len(order))
	for i, key := range order {
		rows[i] = newSampleRow(merged[key])
	}
	return rows, nil
}

// Samples lists a project's of one span from then on, oldest first.
func (s *Store) Samples(ctx context.Context, project paas.ProjectID, span time.Duration, since time.Time) ([]paas.Sample, error) {
	var rows []sampleRow
	err := s.read(ctx).Where("project_id = ? AND span = ? AND at >= ?", string(project), int(span/time.Second), stored(since)).Order("at").Find(&rows).Error
	samples := make([]paas.Sample, len(rows))
	for i, row := range rows {
		samples[i] = row.sample()
	}
	return samples, translate("list samples", err)
}

// DeleteSamplesBefore forgets samples of one span.
func (s *Store) DeleteSamplesBefore(ctx context.Context, span time.Duration, then time.Time) error {
	s.writing.RLock()
	defer s.writing.RUnlock()
	err := s.writer.WithContext(ctx).Where("span = ? AND at < ?", int(span/time.Second), stored(then)).Delete(&sampleRow{}).Error
	return translate("forget samples", err)
}
