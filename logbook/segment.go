package logbook

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// maxSegment bounds the records of one segment that is believed in when it is decompressed.
const maxSegment = 16 << 20

const (
	plainSuffix  = ".log"
	packedSuffix = ".zst"
	unfinished   = ".unfinished"
)

// segment is one file of a log: number.log, or compressed number.first.last.zst, whose name says
// what time its lines are of so that queries need not open it.
type segment struct {
	number   int64
	packed   bool
	size     int64 // bytes on disk
	span     span
	unsynced bool
}

func (s segment) name() string {
	if s.packed {
		return fmt.Sprintf("%012d.%d.%d%s", s.number, s.span.first, s.span.last, packedSuffix)
	}
	return fmt.Sprintf("%012d%s", s.number, plainSuffix)
}

// parseName is the inverse of name; ok is false for files that are not ours.
func parseName(name string) (s segment, ok bool) {
	if number, plain := strings.CutSuffix(name, plainSuffix); plain {
		n, err := strconv.ParseInt(number, 10, 64)
		s = segment{number: n, span: never()}
		return s, err == nil && s.name() == name
	}
	parts := strings.Split(strings.TrimSuffix(name, packedSuffix), ".")
	if len(parts) != 3 {
		return segment{}, false
	}
	s.packed = true
	for i, to := range []*int64{&s.number, &s.span.first, &s.span.last} {
		n, err := strconv.ParseInt(parts[i], 10, 64)
		if err != nil {
			return segment{}, false
		}
		*to = n
	}
	return s, s.name() == name
}

// listSegments lists the segments in a folder by number; of a number that is there twice, because a
// kill came between compressing it and removing the original, both.
func listSegments(dir string) ([]segment, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list a log's segments: %w", err)
	}
	var segments []segment
	for _, entry := range entries {
		s, ours := parseName(entry.Name())
		if !ours {
			continue
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("look at a log's segment: %w", err)
		}
		s.size = info.Size()
		segments = append(segments, s)
	}
	slices.SortStableFunc(segments, func(a, b segment) int { return int(a.number - b.number) })
	return segments, nil
}

// records reads a segment whole. One that was compressed since it was looked at is read as it now is.
func (s segment) records(dir string, reader *zstd.Decoder) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(dir, s.name()))
	if !s.packed && errors.Is(err, fs.ErrNotExist) {
		data, err = readPacked(dir, s.number, reader)
	} else if s.packed && err == nil {
		data, err = reader.DecodeAll(data, nil)
	}
	if err != nil {
		return nil, fmt.Errorf("read segment %d: %w", s.number, err)
	}
	if !s.packed && int64(len(data)) > s.size {
		data = data[:s.size] // what came since belongs to another look
	}
	return data[:bytes.LastIndexByte(data, '\n')+1], nil
}

func readPacked(dir string, number int64, reader *zstd.Decoder) ([]byte, error) {
	found, err := filepath.Glob(filepath.Join(dir, fmt.Sprintf("%012d.*%s", number, packedSuffix)))
	if err != nil || len(found) == 0 {
		return nil, fs.ErrNotExist
	}
	data, err := os.ReadFile(found[0])
	if err != nil {
		return nil, err
	}
	return reader.DecodeAll(data, nil)
}

// write puts data at the end of what is sound of a plain segment.
func (s segment) write(dir string, data []byte) error {
	file, err := os.OpenFile(filepath.Join(dir, s.name()), os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteAt(data, s.size)
	return errors.Join(err, file.Close())
}

// syncPath waits until a file or a folder is on disk; one that has gone needs no waiting.
func syncPath(path string) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}

// writeWhole writes a file that is not there by its name before all of it is on disk.
func writeWhole(path string, data []byte) error {
	file, err := os.OpenFile(path+unfinished, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(path+unfinished))
	}
	if err := os.Rename(path+unfinished, path); err != nil {
		return err
	}
	return syncPath(filepath.Dir(path))
}
