package backup

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Segment is a stretch of a file that holds data, in bytes; between segments a file has holes.
type Segment struct{ Offset, Length int64 }

// leastHole is how long a hole has to be to be left out: shorter ones are data.
const leastHole = 64 << 10

// Segments finds the data of a file (lseek(2), SEEK_DATA); nil when it has no holes.
func Segments(file *os.File) ([]Segment, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	segments := []Segment{} // what is nothing but a hole has none
	for at := int64(0); at < info.Size(); {
		start, err := unix.Seek(int(file.Fd()), at, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("find the data of %s: %w", file.Name(), err)
		}
		end, err := unix.Seek(int(file.Fd()), start, unix.SEEK_HOLE)
		if err != nil {
			return nil, fmt.Errorf("find the holes of %s: %w", file.Name(), err)
		}
		if last := len(segments) - 1; last >= 0 && start-segments[last].end() < leastHole {
			segments[last].Length = end - segments[last].Offset
		} else {
			segments = append(segments, Segment{start, end - start})
		}
		at = end
	}
	if len(segments) == 1 && segments[0] == (Segment{0, info.Size()}) || info.Size() == 0 {
		return nil, nil
	}
	return segments, nil
}

func (s Segment) end() int64 { return s.Offset + s.Length }

func total(segments []Segment) (bytes int64) {
	for _, s := range segments {
		bytes += s.Length
	}
	return bytes
}

// encodeSegments writes them as offset:length,…
func encodeSegments(segments []Segment) string {
	var text strings.Builder
	for i, s := range segments {
		if i > 0 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, "%d:%d", s.Offset, s.Length)
	}
	return text.String()
}

// decodeSegments reads them, of a file of a size whose data are so many bytes.
func decodeSegments(text string, size, data int64) ([]Segment, error) {
	segments := []Segment{}
	at := int64(0)
	for part := range strings.SplitSeq(text, ",") {
		if part == "" {
			continue
		}
		offset, length, _ := strings.Cut(part, ":")
		start, err := strconv.ParseInt(offset, 10, 64)
		long, err2 := strconv.ParseInt(length, 10, 64)
		if err := errors.Join(err, err2); err != nil {
			return nil, err
		}
		if start < at || long < 0 || long > size-start {
			return nil, fmt.Errorf("%s is out of place in %d bytes", part, size)
		}
		at = start + long
		segments = append(segments, Segment{start, long})
	}
	if total(segments) != data {
		return nil, fmt.Errorf("they are not of %d bytes", data)
	}
	return segments, nil
}
