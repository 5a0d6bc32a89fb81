package paas

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration is a time span that is written as people do: 30s, 5m, 1h30m.
type Duration time.Duration

// String is the span as it is written.
func (d Duration) String() string {
	text := time.Duration(d).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// MarshalText writes it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads it.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil || parsed < 0 {
		return fmt.Errorf("%q is not a time span: write it like 500ms, 30s, 5m or 1h", text)
	}
	*d = Duration(parsed)
	return nil
}

// Bytes is an amount of memory or disk, written with a binary unit: 512MiB, 2GiB.
type Bytes int64

var byteUnits = []struct {
	name string
	size int64
}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

// String is the amount in the largest unit that leaves no rest.
func (b Bytes) String() string {
	for _, unit := range byteUnits {
		if b != 0 && int64(b)%unit.size == 0 {
			return fmt.Sprintf("%d%s", int64(b)/unit.size, unit.name)
		}
	}
	return strconv.FormatInt(int64(b), 10)
}

// Rough is the amount as people say it, with one digit after the point.
func (b Bytes) Rough() string {
	for _, unit := range byteUnits {
		if int64(b) >= unit.size {
			return fmt.Sprintf("%.1f %s", float64(b)/float64(unit.size), unit.name)
		}
	}
	return fmt.Sprintf("%d bytes", int64(b))
}

// MarshalText writes it.
func (b Bytes) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText reads it. M and MB mean MiB, as they do to Docker.
func (b *Bytes) UnmarshalText(text []byte) error {
	digits := strings.TrimRight(string(text), "KMGTiBkmgtb ")
	unit := strings.ToUpper(strings.TrimSpace(strings.TrimPrefix(string(text), digits)))
	number, err := strconv.ParseFloat(digits, 64)
	size := int64(1)
	for _, known := range byteUnits {
		if unit != "" && unit[0] == known.name[0] && (len(unit) == 1 || unit[1:] == "B" || unit[1:] == "IB") {
			size = known.size
		}
	}
	amount := number * float64(size)
	if err != nil || size == 1 && unit != "" && unit != "B" || !(amount >= 0 && amount < math.MaxInt64) {
		return fmt.Errorf("%q is not an amount of bytes: write it like 256MiB or 2GiB", text)
	}
	*b = Bytes(amount)
	return nil
}
