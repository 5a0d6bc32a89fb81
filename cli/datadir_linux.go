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

	"github.com/paastech-cloud/paastech/rpc"
)

// lockFile is what its holder has the lock of; the holder's number is in it.
const lockFile = "lock"

// dataDir is the directory that holds all state of one installation. Whoever has it open holds its
// lock: a second daemon on the same directory refuses to start.
type dataDir struct {
	path     string
	lock     *os.File
	instance string     // 12 hexadecimal digits; the paastech.instance label
	claims   []*os.File // locks of the modules that this process runs
}

// openDataDir makes the directory when it is missing, locks it and reads (or first makes) the instance id.
func openDataDir(path string) (*dataDir, error) {
	if path == "" {
		return nil, errors.New("dataDir (PAASTECH_DATADIR) is empty: name the directory that keeps everything, like /var/lib/paastech")
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w; dataDir (PAASTECH_DATADIR) names another place", err)
	}
	lock, err := lockIn(path, lockFile)
	if err != nil {
		return nil, fmt.Errorf("open the data directory: %w", err)
	}
	if lock == nil {
		return nil, fmt.Errorf("another paastech serve already uses %s: stop it, or give this one a directory of its own (dataDir, PAASTECH_DATADIR)", path)
	}
	return (&dataDir{path: path, lock: lock}).identified()
}

// openModuleDir opens the directory for a process that runs one module alone, beside the daemon.
func openModuleDir(path string, module rpc.Module) (*dataDir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make the data directory: %w; dataDir (PAASTECH_DATADIR) names another place", err)
	}
	lock, err := lockIn(path, moduleLock(module))
	if err != nil {
		return nil, fmt.Errorf("open the data directory: %w", err)
	}
	if lock == nil {
		return nil, fmt.Errorf("another process already runs the %s of %s: stop it; or, when that is the daemon, start it with where this one will be (rpc in config.example.yaml)", module, path)
	}
	return (&dataDir{path: path, lock: lock}).identified()
}

// moduleLock is what whoever runs a module has the lock of.
func moduleLock(module rpc.Module) string { return lockFile + "." + string(module) }

// claim has no other process run a module beside this one.
func (d *dataDir) claim(module rpc.Module, advice string) error {
	lock, err := lockIn(d.path, moduleLock(module))
	if err != nil {
		return fmt.Errorf("open the data directory: %w", err)
	}
	if lock == nil {
		return fmt.Errorf("another process runs the %s of %s: %s", module, d.path, advice)
	}
	d.claims = append(d.claims, lock)
	return nil
}

// lockIn takes a lock; nil when another process has it.
func lockIn(dir, name string) (*os.File, error) {
	lock, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil, lock.Close()
	}
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// identified reads the instance's id, or makes it, one process at a time, and signs the lock.
func (d *dataDir) identified() (*dataDir, error) {
	directory, err := os.Open(d.path)
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	defer directory.Close()
	err = unix.Flock(int(directory.Fd()), unix.LOCK_EX)
	if err == nil {
		var id []byte
		id, err = d.secret("instance", 6)
		d.instance = hex.EncodeToString(id)
	}
	if err = errors.Join(err, d.sign()); err != nil {
		return nil, errors.Join(err, d.Close())
	}
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

// Close gives the locks back.
func (d *dataDir) Close() error { return errors.Join(closeFiles(d.claims), d.lock.Close()) }

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
