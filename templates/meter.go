package templates

// Meter shows how much of something is taken, in parts of a whole of 100.
type Meter struct {
	Label string // says the same in words
	Parts []MeterPart
}

// MeterPart is one of them.
type MeterPart struct {
	Kind  string // a class: a, b, c, d, other or over
	At    float64
	Width float64
	What  string // in a legend; empty for none
	Size  uint64
}

// full is from which part on a bar looks full.
const full = 90

// MeterOf shows how much is used of a limit.
func MeterOf(label string, used, limit int64) Meter {
	bar := Meter{Label: label}
	if limit <= 0 {
		return bar
	}
	part := MeterPart{Kind: "a", Width: min(100, 100*float64(used)/float64(limit))}
	if part.Width >= full {
		part.Kind = "over"
	}
	bar.Parts = append(bar.Parts, part)
	return bar
}

// Add appends a part of a whole.
func (b *Meter) Add(kind, what string, size, whole int64) {
	at := 0.0
	for _, part := range b.Parts {
		at += part.Width
	}
	width := 0.0
	if whole > 0 {
		width = max(0, min(100-at, 100*float64(size)/float64(whole)))
	}
	b.Parts = append(b.Parts, MeterPart{Kind: kind, At: at, Width: width, What: what, Size: uint64(max(0, size))})
}
