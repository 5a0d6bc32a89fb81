package cli

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// lockFile is what its holder has the lock of; the holder's number is in it.
const lockFile = "lock"

// dataDir is the directory that holds all state of one installation. Whoever has it open holds its
// lock: a second daemon on the same directory refuses to start.
type dataDir struct {
	path     string
	lock     *os.File
	instance string // 12 hexadecimal digits; the paastech.instance label
}

// openDataDir makes the directory when it is missing, locks it and reads (or first makes) the instance id.
func openDataDir(path string) (*dataDir, error) {
	if path == "" {
		return nil, errors.New("dataDir (PAASTECH_DATADIR) is empty: name the directory that keeps everything, like /var/lib/paastech")
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w; dataDir (PAASTECH_DATADIR) names another place", err)
	}
	lock, err := os.OpenFile(filepath.Join(path, lockFile), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the data directory: %w", err)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		lock.Close()
		return nil, fmt.Errorf("another paastech serve already uses %s: stop it, or give this one a directory of its own (dataDir, PAASTECH_DATADIR)", path)
	}
	d := &dataDir{path: path, lock: lock}
	id, err := d.secret("instance", 6)
	if err = errors.Join(err, d.sign()); err != nil {
		lock.Close()
		return nil, err
	}
	d.instance = hex.EncodeToString(id)
	return d, nil
}

// sign writes this process's number into the lock.
func (d *dataDir) sign() error {
	if err := d.lock.Truncate(0); err != nil {
		return fmt.Errorf("sign the lock of the data directory: %w", err)
	}
	_, err := d.lock.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
	return err
}

// file is a path below the directory.
func (d *dataDir) file(name string) string { return filepath.Join(d.path, name) }

// Close gives the lock back.
func (d *dataDir) Close() error { return d.lock.Close() }

// secret reads size random bytes, kept in hexadecimal under name; the first call makes them. A file
// that holds anything else is an error: to make it anew silently would lock everybody out.
func (d *dataDir) secret(name string, size int) ([]byte, error) {
	path := d.file(name)
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		made := make([]byte, size)
		rand.Read(made)
		return made, writeDurably(path, []byte(hex.EncodeToString(made)+"\n"))
	}
	if err != nil {
		return nil, fmt.Errorf("read secret: %w", err)
	}
	secret, err := hex.DecodeString(strings.TrimSpace(string(bytes.TrimSpace(content))))
	if err != nil || len(secret) != size {
		return nil, fmt.Errorf("%s is damaged: it should hold %d hexadecimal digits. Restore it from a backup; or remove it to have a new one made, which ends what depends on the old", path, 2*size)
	}
	return secret, nil
}
