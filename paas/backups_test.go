package paas_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// fakeBackups are made unless they are to fail.
type fakeBackups struct {
	town  *town
	fails string
	made  []time.Time
}

func (b *fakeBackups) Make(context.Context) error {
	if b.fails != "" {
		return paas.Errorf(paas.Unavailable, paas.EBackup, "%s", b.fails).Because(errors.New("cause"))
	}
	b.made = append(b.made, b.town.now)
	return nil
}

func (b *fakeBackups) Newest() (time.Time, error) {
	if len(b.made) == 0 {
		return time.Time{}, nil
	}
	return b.made[len(b.made)-1], nil
}

// TestBackupsAreMadeWhenTheyAreDue, and administrators, and nobody else, are told once a day of one that is
// missing or does not verify.
func TestBackupsAreMadeWhenTheyAreDue(t *testing.T) {
	fake := &fakeBackups{}
	daily, err := paas.ParseSchedule("0 3 * * *")
	if err != nil {
		t.Fatal(err)
	}
	tw := newTown(t, func(o *paas.Options) { o.Backups, o.BackupSchedule = fake, daily })
	fake.town = tw
	_, err = tw.CreateUser(t.Context(), paas.NewUser{Username: "boss", Email: "boss@example.com", Password: "a fine day"})
	tw.must(err)
	_, err = tw.SetAdmin(t.Context(), "boss", true)
	tw.must(err)
	tw.post()
	tw.now = time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	after := func(pause time.Duration, made int, says ...string) {
		t.Helper()
		tw.now = tw.now.Add(pause)
		tw.BackUp(t.Context())
		if len(fake.made) != made {
			t.Errorf("%s: %d were made, want %d", tw.now, len(fake.made), made)
		}
		mails := tw.post()
		if len(mails) != len(says) {
			t.Fatalf("%s: told %+v, want %q", tw.now, mails, says)
		}
		for i, mail := range mails {
			if mail.Kind != paas.MailBackup || mail.To != "boss@example.com" || !strings.Contains(mail.Detail, says[i]) {
				t.Errorf("%s: told %+v, want %q", tw.now, mail, says[i])
			}
		}
	}
	after(0, 1) // the first at once
	after(time.Minute, 1)
	after(14*time.Hour, 1) // 2:01
	after(time.Hour, 2)
	after(time.Minute, 2)

	fake.fails = "The disk is full."
	after(24*time.Hour, 2, "The disk is full.")
	after(30*time.Minute, 2) // it is tried again after an hour
	after(2*time.Hour, 2)    // and that fails, of which they were told
	after(24*time.Hour, 2, "The disk is full.")
	overview, err := tw.Overview(t.Context())
	tw.must(err)
	if len(overview.Concerns) != 1 || overview.Concerns[0].About != paas.AboutBackup {
		t.Errorf("concerns %+v", overview.Concerns)
	}
	fake.fails = ""
	after(2*time.Hour, 3)
	overview, err = tw.Overview(t.Context())
	tw.must(err)
	if len(overview.Concerns) != 0 {
		t.Errorf("all is well, and concerns are %+v", overview.Concerns)
	}

	// One that was made for nothing: somebody keeps removing what is newer.
	fake.made = fake.made[:1]
	tw.Backups = &stuckBackups{fake, fake.made[0]}
	after(2*time.Hour, 2, "The newest backup is from 2026-11-27T12:00:00Z, and one was due 2026-11-28T03:00:00Z.")
}

// stuckBackups show an old one whatever is made.
type stuckBackups struct {
	*fakeBackups
	newest time.Time
}

func (b *stuckBackups) Newest() (time.Time, error) { return b.newest, nil }
