package backup

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"path/filepath"
	"strconv"
	"time"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
)

// format is the version of the layout; a reader refuses a newer one.
const format = 1

// Names of the entries that are no files of an installation.
const (
	formatName   = "paastech-backup"
	manifestName = "manifest.json"
)

// Manifest says what an archive has.
type Manifest struct {
	Version string            `json:"version"` // of the program that wrote it
	Host    string            `json:"host"`
	At      time.Time         `json:"at"`
	Files   map[string]string `json:"files"` // name -> SHA-256 in hexadecimal, of a file's data without its holes
	Bytes   int64             `json:"bytes"` // of all of it
}

// File is one entry: a regular file, a directory or a symbolic link.
type File struct {
	Name     string // with slashes, below the archive's root
	Mode     fs.FileMode
	Size     int64     // bytes, holes among them
	Segments []Segment // of data; nil: there are no holes
	Owner    *Owner    // nil: whoever restores it
	Target   string    // of a symbolic link
}

// Owner is who has a file.
type Owner struct{ User, Group int }

// Writer writes an archive. It is whole only after Close.
type Writer struct {
	encrypted  io.WriteCloser
	compressed *zstd.Encoder
	tar        *tar.Writer
	manifest   Manifest
}

// NewWriter begins an archive that any of the recipients can read.
func NewWriter(to io.Writer, manifest Manifest, recipients ...age.Recipient) (*Writer, error) {
	encrypted, err := age.Encrypt(to, recipients...)
	if err != nil {
		return nil, fmt.Errorf("encrypt backup: %w", err)
	}
	compressed, err := zstd.NewWriter(encrypted, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, fmt.Errorf("compress backup: %w", err)
	}
	w := &Writer{encrypted: encrypted, compressed: compressed, tar: tar.NewWriter(compressed), manifest: manifest}
	w.manifest.Files = map[string]string{}
	return w, w.text(formatName, []byte(strconv.Itoa(format)+"\n"))
}

// text adds an entry that is no file of an installation.
func (w *Writer) text(name string, content []byte) error {
	header := &tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o600, Size: int64(len(content)), ModTime: w.manifest.At, Format: tar.FormatPAX}
	if err := w.tar.WriteHeader(header); err != nil {
		return err
	}
	_, err := w.tar.Write(content)
	return err
}

// Add adds a file. Its content is read to the end of its data: one that has become shorter since fails, and what
// it has grown by is left out.
func (w *Writer) Add(file File, content io.ReaderAt) error {
	header := file.header(w.manifest.At)
	if err := w.tar.WriteHeader(header); err != nil {
		return fmt.Errorf("back up %s: %w", file.Name, err)
	}
	sum := sha256.New()
	segments := file.Segments
	if segments == nil && file.Mode.IsRegular() {
		segments = []Segment{{0, file.Size}}
	}
	for _, s := range segments {
		copied, err := io.Copy(io.MultiWriter(w.tar, sum), io.NewSectionReader(content, s.Offset, s.Length))
		if err == nil && copied < s.Length {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return fmt.Errorf("back up %s: %w", file.Name, err)
		}
		w.manifest.Bytes += copied
	}
	w.manifest.Files[file.Name] = hex.EncodeToString(sum.Sum(nil))
	return nil
}

// Close ends the archive with its manifest.
func (w *Writer) Close() (Manifest, error) {
	text, err := json.Marshal(w.manifest)
	if err != nil {
		return w.manifest, err
	}
	err = w.text(manifestName, text)
	return w.manifest, errors.Join(err, w.tar.Close(), w.compressed.Close(), w.encrypted.Close())
}

// header is a file as the tar has it.
func (f File) header(at time.Time) *tar.Header {
	header := &tar.Header{Name: f.Name, Mode: int64(f.Mode.Perm()), ModTime: at, Format: tar.FormatPAX, PAXRecords: map[string]string{}}
	if f.Owner != nil {
		header.PAXRecords[recordOwner] = fmt.Sprintf("%d:%d", f.Owner.User, f.Owner.Group)
	}
	switch {
	case f.Mode.IsDir():
		header.Typeflag, header.Name = tar.TypeDir, f.Name+"/"
	case f.Mode&fs.ModeSymlink != 0:
		header.Typeflag, header.Linkname = tar.TypeSymlink, f.Target
	default:
		header.Typeflag, header.Size = tar.TypeReg, f.Size
		if f.Segments != nil {
			header.Size = total(f.Segments)
			header.PAXRecords[recordSegments] = encodeSegments(f.Segments)
			header.PAXRecords[recordSize] = strconv.FormatInt(f.Size, 10)
		}
	}
	return header
}

// The pax records that are ours.
const (
	recordOwner    = "PAASTECH.owner"
	recordSegments = "PAASTECH.segments"
	recordSize     = "PAASTECH.size"
)

// fileOf reads a header; what no archive of ours has is an error.
func fileOf(header *tar.Header) (File, error) {
	file := File{Name: filepath.ToSlash(filepath.Clean(header.Name)), Size: header.Size, Mode: fs.FileMode(header.Mode) & fs.ModePerm, Target: header.Linkname}
	if !filepath.IsLocal(file.Name) {
		return file, fmt.Errorf("the backup has a file %q, which leads out of it", header.Name)
	}
	switch header.Typeflag {
	case tar.TypeReg:
	case tar.TypeDir:
		file.Mode |= fs.ModeDir
	case tar.TypeSymlink:
		file.Mode |= fs.ModeSymlink
	default:
		return file, fmt.Errorf("the backup has something of kind %q named %q", header.Typeflag, header.Name)
	}
	if text, is := header.PAXRecords[recordOwner]; is {
		file.Owner = &Owner{}
		if _, err := fmt.Sscanf(text, "%d:%d", &file.Owner.User, &file.Owner.Group); err != nil {
			return file, fmt.Errorf("the owner of %s: %w", file.Name, err)
		}
	}
	text, sparse := header.PAXRecords[recordSegments]
	if !sparse {
		return file, nil
	}
	var err error
	if file.Size, err = strconv.ParseInt(header.PAXRecords[recordSize], 10, 64); err != nil {
		return file, fmt.Errorf("the size of %s: %w", file.Name, err)
	}
	file.Segments, err = decodeSegments(text, file.Size, header.Size)
	if err != nil {
		err = fmt.Errorf("the holes of %s: %w", file.Name, err)
	}
	return file, err
}

// Read gives every file of an archive to visit, which may read its data, in the order of its segments. It is
// whole and unchanged only when Read returns without an error.
func Read(from io.Reader, identities []age.Identity, visit func(file File, data io.Reader) error) (Manifest, error) {
	var manifest Manifest
	clear, err := age.Decrypt(from, identities...)
	if err != nil {
		return manifest, unreadable(err)
	}
	compressed, err := zstd.NewReader(clear, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return manifest, err
	}
	defer compressed.Close()
	entries := tar.NewReader(compressed)
	if err := checkFormat(entries); err != nil {
		return manifest, err
	}
	sums := map[string]string{}
	for {
		header, err := entries.Next()
		if err != nil {
			return manifest, damaged(err) // the end comes after the manifest
		}
		if header.Name == manifestName {
			if err := json.NewDecoder(entries).Decode(&manifest); err != nil {
				return manifest, damaged(err)
			}
			break
		}
		file, err := fileOf(header)
		if err != nil {
			return manifest, err
		}
		data := &summed{Reader: entries, sum: sha256.New()}
		if err := visit(file, data); data.failed != nil {
			return manifest, damaged(data.failed)
		} else if err != nil {
			return manifest, err
		}
		if _, err := io.Copy(io.Discard, data); err != nil {
			return manifest, damaged(err)
		}
		sums[file.Name] = hex.EncodeToString(data.sum.Sum(nil))
	}
	if _, err := io.Copy(io.Discard, compressed); err != nil { // age knows only at its end that all was there
		return manifest, damaged(err)
	}
	return manifest, compare(manifest.Files, sums)
}

func checkFormat(entries *tar.Reader) error {
	header, err := entries.Next()
	if err != nil {
		return damaged(err)
	}
	text, err := io.ReadAll(io.LimitReader(entries, 100))
	if err != nil {
		return damaged(err)
	}
	var found int
	if _, err := fmt.Sscanf(string(text), "%d\n", &found); err != nil || header.Name != formatName {
		return errors.New("this is no backup of PaaSTech")
	}
	if found > format {
		return fmt.Errorf("the backup has format %d and this program knows %d: restore it with the version that wrote it, or a newer one", found, format)
	}
	return nil
}

func damaged(cause error) error {
	if errors.Is(cause, io.EOF) {
		cause = io.ErrUnexpectedEOF // the manifest is missing
	}
	return fmt.Errorf("the backup is damaged, and nothing of it is used: %w", cause)
}

func unreadable(cause error) error {
	if _, is := errors.AsType[*age.NoIdentityMatchError](cause); is {
		return errors.New("the backup is for other keys than the one given")
	}
	return fmt.Errorf("this is no backup, or one that is damaged: %w", cause)
}

// compare holds what an archive said it has against what it had.
func compare(wanted, found map[string]string) error {
	for name, sum := range wanted {
		if found[name] != sum {
			return fmt.Errorf("the backup is damaged: %s is not what was written", name)
		}
	}
	if len(found) != len(wanted) {
		return fmt.Errorf("the backup is damaged: it has %d files and says that it has %d", len(found), len(wanted))
	}
	return nil
}

// summed sums up what is read.
type summed struct {
	io.Reader
	sum    hash.Hash
	failed error // of the reading, but for its end
}

func (s *summed) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	s.sum.Write(p[:n])
	if err != nil && err != io.EOF {
		s.failed = err
	}
	return n, err
}
