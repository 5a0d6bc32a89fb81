package paas

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Backups are copies of the whole installation.
type Backups interface {
	// Make writes one, restores it into a scratch directory to see that it can be, and removes the oldest over
	// what is kept. What went wrong is a sentence.
	Make(ctx context.Context) error

	// Newest is when the newest one was begun that is there and was sound; zero when there is none.
	Newest() (time.Time, error)
}

// Bounds of the backups that are made by themselves.
const (
	backupLook       = time.Minute
	backupGrace      = time.Hour // after which one that was due is missing
	backupRetry      = time.Hour // after one that failed
	backupAlarmEvery = 24 * time.Hour
)

// backupWatch is what became of the last attempt.
type backupWatch struct {
	alarm *alarm

	mu     sync.Mutex
	failed error     // guarded by mu; nil: it did not
	at     time.Time // guarded by mu; when it began, in whole seconds
}

func newBackupWatch() *backupWatch { return &backupWatch{alarm: newAlarm(backupAlarmEvery)} }

func (w *backupWatch) keep(failed error, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failed, w.at = failed, at.Truncate(time.Second)
}

func (w *backupWatch) last() (at time.Time, failed error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at, w.failed
}

func (p *Platform) backupLoop(ctx context.Context) error {
	if p.Backups == nil {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(backupLook)
	defer tick.Stop()
	for {
		p.backUp(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// backUp makes a backup when one is due, and tells administrators of one that is missing.
func (p *Platform) backUp(ctx context.Context) {
	newest, err := p.Backups.Newest()
	if err == nil && p.mayBackUp(newest) {
		began := p.now()
		err = p.Backups.Make(ctx)
		if ctx.Err() != nil {
			return // the platform ends; the next start finds it due
		}
		if err == nil {
			p.Log.InfoContext(ctx, "backup made", "took", p.now().Sub(began).Round(time.Second))
		}
		p.backups.keep(err, began)
	} else if err != nil {
		p.backups.keep(err, p.now())
	}
	message, is := p.backupConcern()
	if !is {
		p.backups.alarm.end(PartBackups)
		return
	}
	if !p.backups.alarm.due(PartBackups, p.now()) {
		return
	}
	_, failed := p.backups.last()
	p.Log.WarnContext(ctx, "a backup is missing", "why", message, "error", failed)
	if err := p.mailAdministrators(ctx, MailBackup, message); err != nil {
		p.backups.alarm.end(PartBackups)
		p.Log.ErrorContext(ctx, "tell administrators of a backup", "error", err)
	}
}

// mayBackUp tells whether one is due, and the last attempt that came to nothing is long enough ago.
func (p *Platform) mayBackUp(newest time.Time) bool {
	if at, _ := p.backups.last(); newest.Before(at) && p.now().Sub(at) < backupRetry {
		return false
	}
	return !p.now().Before(p.backupDue(newest))
}

// backupDue is when the one after the newest is to be made; the first is due at once.
func (p *Platform) backupDue(newest time.Time) time.Time {
	if newest.IsZero() {
		return newest
	}
	return p.BackupSchedule.Next(newest)
}

// backupConcern says what is wrong with the backups, in a sentence, when something is.
func (p *Platform) backupConcern() (message string, is bool) {
	if p.Backups == nil {
		return "", false
	}
	if _, failed := p.backups.last(); failed != nil {
		return "The last backup failed: " + Public(failed).Message, true
	}
	newest, err := p.Backups.Newest()
	if err != nil {
		return "Nobody can look at the backups: " + Public(err).Message, true
	}
	due := p.backupDue(newest)
	if newest.IsZero() || p.now().Before(due.Add(backupGrace)) {
		return "", false // the first is being made
	}
	return fmt.Sprintf("The newest backup is from %s, and one was due %s.", newest.Format(time.RFC3339), due.Format(time.RFC3339)), true
}

func (p *Platform) backupConcerns() []Concern {
	message, is := p.backupConcern()
	if !is {
		return nil
	}
	return []Concern{{About: AboutBackup, Message: message}}
}

// examineBackups finds a backup that is missing.
func (p *Platform) examineBackups(_ context.Context, _ decided, check *Check) error {
	if p.Backups == nil {
		check.Summary = "none are made by themselves: backup.directory says where to"
		return nil
	}
	newest, err := p.Backups.Newest()
	switch {
	case err != nil:
		check.Summary = "nobody can look at them"
	case newest.IsZero():
		check.Summary = "none yet"
	default:
		check.Summary = "the newest is from " + newest.Format(time.RFC3339)
	}
	if message, is := p.backupConcern(); is {
		check.Find(EBackup, "journalctl -u paastech -g backup", message)
	}
	return nil
}
