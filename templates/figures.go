package templates

import (
	"fmt"
	"strings"
	"time"
)

// ago says how long ago something was, as roughly as people do.
func ago(d time.Duration) string {
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		switch n := int(d / unit.of); {
		case n == 1:
			return "1 " + unit.name + " ago"
		case n > 1:
			return fmt.Sprintf("%d %ss ago", n, unit.name)
		}
	}
	return "just now"
}

// in says when something will be, as roughly as people do.
func in(d time.Duration) string {
	if d < time.Minute {
		return "in a moment"
	}
	return "in " + strings.TrimSuffix(ago(d), " ago")
}

// Size says a size in the largest binary unit that leaves a number above one.
func Size(n uint64) string { return bytesOf(n) }

// took says how long something lasted: 0.4 s, 12 s, 3 min 5 s, 2 h 10 min, 3 d 4 h.
func took(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	}
	if d < 48*time.Hour {
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d d %d h", int(d.Hours())/24, int(d.Hours())%24)
}

// bytesOf says a size in the largest binary unit that leaves a number above one (IEC 80000-13).
func bytesOf(n uint64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	size, at := float64(n), 0
	for size >= 1024 && at < len(units)-1 {
		size, at = size/1024, at+1
	}
	if at == 0 || size >= 100 {
		return fmt.Sprintf("%.0f %s", size, units[at])
	}
	return fmt.Sprintf("%.1f %s", size, units[at])
}
