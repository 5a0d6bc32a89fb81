package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/docker/go-units"

	"github.com/paastech-cloud/paastech/api/wire"
)

// size reads a size in bytes; the key names it in the refusal.
func size(key, text string) (int64, error) {
	bytes, err := units.RAMInBytes(text)
	if err != nil || bytes <= 0 {
		return 0, fmt.Errorf("%s %q: give a size, like 512MiB", key, text)
	}
	return bytes, nil
}

// bound is a size where none means no bound.
func bound(key, text string) (int64, error) {
	if text == "" || text == "0" {
		return 0, nil
	}
	return size(key, text)
}

// showLimits prints what may be used and is.
func (c *console) showLimits(limits wire.Allowance) {
	may, does := limits.Limits, limits.Usage
	rows := [][]string{
		{"projects", strconv.Itoa(does.Projects), count(may.Projects)},
		{"memory", units.BytesSize(float64(does.Memory)), sizeOrNone(may.Memory)},
		{"containers", strconv.Itoa(does.Containers), count(may.Containers)},
		{"builds", strconv.Itoa(does.Builds), count(may.Builds)},
		{"disk", units.BytesSize(float64(does.Disk)), sizeOrNone(may.Disk)},
	}
	c.table([]string{"WHAT", "USED", "LIMIT"}, rows)
}

func count(n int) string {
	if n == 0 {
		return "none"
	}
	return strconv.Itoa(n)
}

func sizeOrNone(n int64) string {
	if n == 0 {
		return "none"
	}
	return units.BytesSize(float64(n))
}

// showDeletion says what goes along, before it does.
func (c *console) showDeletion(what string, d wire.Deletion) {
	c.note("This deletes %s: %d project(s), %d container(s), %d SSH key(s), %d API token(s), %s of disk.",
		printable(what), len(d.Projects), d.Containers, d.Keys, d.Tokens, units.BytesSize(float64(d.Disk)))
	if len(d.Projects) > 0 {
		names := make([]string, len(d.Projects))
		for i, project := range d.Projects {
			names[i] = printable(project.Name)
		}
		c.note("Projects: %s", strings.Join(names, ", "))
	}
}
