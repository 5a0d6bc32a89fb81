package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// Hazard: a backup that is killed leaves half a file, and the next one another, until the disk is full.
func TestWhatAKilledBackupLeftGoesWithTheNext(t *testing.T) {
	dir := t.TempDir()
	left := filepath.Join(dir, scratchPrefix+"left")
	if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	one, err := unfinishedBackup(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	if _, err := os.Stat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is still there: %v", err)
	}
	other, err := unfinishedBackup(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := os.Stat(one.Name()); err != nil {
		t.Errorf("one that is being written was taken away: %v", err)
	}
}
