package browsertest_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/paastech-cloud/paastech/ui/browsertest"
)

// TestCheckerFindsFaults keeps the trials of pages from passing because nothing is looked at.
func TestCheckerFindsFaults(t *testing.T) {
	tab := browsertest.New(t).Tab()
	tab.Visit(`data:text/html,<title>x</title><p style="color:%23ddd;background:%23fff">pale</p><img src="data:,"><input>`)
	var found []string
	for _, violation := range tab.Violations(browsertest.Axe(t)) {
		found = append(found, violation.ID)
	}
	for _, fault := range []string{"color-contrast", "image-alt", "label", "html-has-lang"} {
		if !slices.Contains(found, fault) {
			t.Errorf("found %s, not %s", strings.Join(found, ", "), fault)
		}
	}
}
