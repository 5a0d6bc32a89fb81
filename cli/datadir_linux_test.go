package cli

import (
	"strings"
	"testing"
)

// An empty name, as an unset variable of a script gives, must not fill the current directory.
func TestAnEmptyDataDirIsRefused(t *testing.T) {
	if _, err := openDataDir(""); err == nil || !strings.Contains(err.Error(), "PAASTECH_DATADIR") {
		t.Errorf("%v", err)
	}
}
