package templates

import (
	"math"
	"strconv"
	"strings"
)

// Unit is what the values of a chart are. The script of charts knows them by these names.
type Unit string

// The units of charts.
const (
	Percent        Unit = "percent"
	Bytes          Unit = "bytes"
	BytesPerSecond Unit = "bytes/s"
	PerSecond      Unit = "per-second"
	Count          Unit = "count"
	Seconds        Unit = "seconds"
)

// least is the top of the value axis when the values are smaller: noise does not fill a chart.
func (u Unit) least() float64 {
	switch u {
	case Percent:
		return 4
	case Bytes:
		return 4 << 20
	case BytesPerSecond:
		return 4 << 10
	case PerSecond:
		return 0.2
	case Count:
		return 4
	}
	return 0.01
}

// steps are the mantissas of round numbers, and the base that repeats them.
func (u Unit) steps() ([]float64, float64) {
	if u == Bytes || u == BytesPerSecond {
		return []float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512}, 1024
	}
	return []float64{1, 2, 5}, 10
}

var bytePrefixes = []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}

// Write is a value as a person reads it: three digits that count, and its unit.
func (u Unit) Write(value float64) string {
	switch u {
	case Percent:
		return digits(value) + "%"
	case Bytes, BytesPerSecond:
		at := 0
		for value >= 1023.5 && at < len(bytePrefixes)-1 {
			value /= 1024
			at++
		}
		text := digits(value) + " " + bytePrefixes[at]
		if u == BytesPerSecond {
			text += "/s"
		}
		return text
	case PerSecond:
		return thousands(value) + "/s"
	case Seconds:
		if value < 0.9995 {
			return digits(value*1000) + " ms"
		}
		return digits(value) + " s"
	}
	return thousands(value)
}

func thousands(value float64) string {
	if value >= 9999.5 {
		return digits(value/1000) + "k"
	}
	return digits(value)
}

// digits writes a number with the decimals that a reader has use for.
func digits(value float64) string {
	decimals := 0
	switch size := math.Abs(value); {
	case size < 0.0995:
		decimals = 4
	case size < 9.995:
		decimals = 2
	case size < 99.95:
		decimals = 1
	}
	text := strconv.FormatFloat(value, 'f', decimals, 64)
	if decimals > 0 {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}
