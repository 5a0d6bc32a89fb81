package store

import (
	"os"
	"strings"
	"testing"
)

func TestCheckFindsNothingInASoundDatabase(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		wantSound(t, s)
		fill(t, s)
		wantSound(t, s)
	})
}

func TestCheckFindsRowsThatReferToNothing(t *testing.T) {
	s := opened(t, Options{DataDir: t.TempDir()})
	fill(t, s)
	must(t, s.writer.Exec("PRAGMA foreign_keys(0)").Error)
	must(t, s.writer.Exec("DELETE FROM users WHERE username = 'ada'").Error)
	damages, err := s.Check(t.Context())
	must(t, err)
	if len(damages) == 0 || !strings.Contains(damages[0], "refers to a row of users that is not there") {
		t.Errorf("found %q", damages)
	}
}

func TestCheckFindsADamagedFile(t *testing.T) {
	options := Options{DataDir: t.TempDir()}
	s, err := Open(t.Context(), options)
	must(t, err)
	fill(t, s)
	must(t, s.Close()) // empties the log into the file
	content, err := os.ReadFile(s.path)
	must(t, err)
	for i := len(content) - 3*4096; i < len(content)-2*4096; i++ {
		content[i] ^= 0x55
	}
	must(t, os.WriteFile(s.path, content, 0o600))
	damaged, err := Open(t.Context(), options)
	if err != nil {
		return // so bad that it is found at once
	}
	defer damaged.Close()
	damages, err := damaged.Check(t.Context())
	if err == nil && len(damages) == 0 {
		t.Error("found nothing")
	}
}
