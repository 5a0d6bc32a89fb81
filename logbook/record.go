package logbook

import (
	"bytes"
	"encoding/json"
	"hash/crc32"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/paastech-cloud/paastech/paas"
)

// A record is one line of a segment: a checksum of what follows it in eight hexadecimal digits, and
// fields after tabs: time in nanoseconds, deployment, index, stream, process, container, text. A
// segment may begin with a record of two fields, the word "seen" and when every container was.

const (
	seenWord  = "seen"
	seenBound = 256 // containers that a segment remembers from those before
	sumLength = 8
)

// record is a decoded line whose fields are still parts of their segment.
type record struct {
	at                               int64
	deployment, index                int
	stream, process, container, text []byte
}

// checksum is CRC-32C, which processors have an instruction for.
func checksum(data []byte) uint32 { return crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)) }

// appendRecord adds a line to buffer.
func appendRecord(buffer []byte, line paas.LogLine) []byte {
	return seal(buffer, func(b []byte) []byte {
		b = strconv.AppendInt(b, nanoseconds(line.At), 10)
		b = append(b, '\t')
		b = strconv.AppendInt(b, int64(line.Deployment), 10)
		b = append(b, '\t')
		b = strconv.AppendInt(b, int64(line.Index), 10)
		for _, field := range [...]string{string(line.Stream), line.Process, string(line.Container)} {
			b = append(b, '\t')
			if strings.ContainsAny(field, "\t\n") {
				field = strings.NewReplacer("\t", " ", "\n", " ").Replace(field)
			}
			b = append(b, field...)
		}
		b = append(b, '\t')
		return append(b, line.Text...)
	})
}

// appendSeen adds the record that a segment begins with.
func appendSeen(buffer []byte, seen map[paas.ContainerID]time.Time) []byte {
	newest := slices.SortedFunc(maps.Keys(seen), func(a, b paas.ContainerID) int { return seen[b].Compare(seen[a]) })
	times := map[paas.ContainerID]int64{}
	for _, id := range newest[:min(len(newest), seenBound)] {
		times[id] = nanoseconds(seen[id])
	}
	encoded, err := json.Marshal(times)
	if err != nil {
		return buffer // no map of numbers cannot be encoded
	}
	return seal(buffer, func(b []byte) []byte { return append(append(b, seenWord+"\t"...), encoded...) })
}

// seal adds what write adds to buffer, its checksum before it.
func seal(buffer []byte, write func([]byte) []byte) []byte {
	start := len(buffer)
	buffer = append(buffer, "00000000\t"...)
	buffer = write(buffer)
	const digits = "0123456789abcdef"
	sum := checksum(buffer[start+sumLength+1:])
	for i := range sumLength {
		buffer[start+i] = digits[sum>>(28-4*i)&15]
	}
	return append(buffer, '\n')
}

// sound tells what a record says after its checksum, and whether they fit.
func sound(line []byte) (body []byte, ok bool) {
	if len(line) <= sumLength || line[sumLength] != '\t' {
		return nil, false
	}
	var sum uint32
	for _, c := range line[:sumLength] {
		switch {
		case c >= '0' && c <= '9':
			sum = sum<<4 | uint32(c-'0')
		case c >= 'a' && c <= 'f':
			sum = sum<<4 | uint32(c-'a'+10)
		default:
			return nil, false
		}
	}
	body = line[sumLength+1:]
	return body, checksum(body) == sum
}

// decode reads a record without its end of line; ok is false for what is damaged or no line.
func decode(line []byte) (r record, ok bool) {
	body, ok := sound(line)
	if !ok {
		return record{}, false
	}
	var fields [7][]byte
	for i := range 6 {
		var found bool
		if fields[i], body, found = bytes.Cut(body, []byte{'\t'}); !found {
			return record{}, false
		}
	}
	fields[6] = body
	r = record{stream: fields[3], process: fields[4], container: fields[5], text: fields[6]}
	var errAt, errDeployment, errIndex error
	r.at, errAt = strconv.ParseInt(string(fields[0]), 10, 64)
	r.deployment, errDeployment = strconv.Atoi(string(fields[1]))
	r.index, errIndex = strconv.Atoi(string(fields[2]))
	return r, errAt == nil && errDeployment == nil && errIndex == nil
}

// decodeSeen reads the record that a segment begins with.
func decodeSeen(line []byte) (seen map[paas.ContainerID]int64, ok bool) {
	body, ok := sound(line)
	encoded, found := bytes.CutPrefix(body, []byte(seenWord+"\t"))
	return seen, ok && found && json.Unmarshal(encoded, &seen) == nil
}

// line is the record as the hub knows it.
func (r record) line() paas.LogLine {
	return paas.LogLine{
		At: moment(r.at), Deployment: r.deployment, Process: string(r.process), Index: r.index,
		Container: paas.ContainerID(r.container), Stream: paas.Stream(r.stream), Text: string(r.text),
	}
}

// pieces cuts a text into what may be one line each.
func pieces(text string) []string {
	if len(text) <= paas.MaxLogLine && strings.IndexByte(text, '\n') < 0 && utf8.ValidString(text) {
		return nil
	}
	var cut []string
	for part := range strings.SplitSeq(strings.ToValidUTF8(text, "\uFFFD"), "\n") {
		for len(part) > paas.MaxLogLine {
			end := paas.MaxLogLine
			for !utf8.RuneStart(part[end]) {
				end--
			}
			cut, part = append(cut, part[:end]), part[end:]
		}
		cut = append(cut, part)
	}
	return cut
}

func nanoseconds(t time.Time) int64 {
	if t.Year() < 1970 || t.Year() > 2261 { // outside of what nanoseconds can count
		return 0
	}
	return t.UnixNano()
}

func moment(nanoseconds int64) time.Time {
	if nanoseconds <= 0 {
		return time.Time{}
	}
	return time.Unix(0, nanoseconds).UTC()
}

// span is the time between the first and the last of some lines.
type span struct{ first, last int64 }

// never is the span of no line.
func never() span { return span{first: math.MaxInt64} }

func (s *span) add(at int64) { s.first, s.last = min(s.first, at), max(s.last, at) }
