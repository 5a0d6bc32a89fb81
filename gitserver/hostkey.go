package gitserver

import (
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// HostKey is the public half of a key that the server proves itself with.
type HostKey struct {
	Type        string // ssh-ed25519
	Fingerprint string // SHA256:…
	PublicKey   string // authorized_keys form
	KnownHosts  string // a known_hosts line for the public address
}

func describeHostKey(key ssh.PublicKey, address string) HostKey {
	return HostKey{
		Type:        key.Type(),
		Fingerprint: ssh.FingerprintSHA256(key),
		PublicKey:   string(ssh.MarshalAuthorizedKey(key)[:len(ssh.MarshalAuthorizedKey(key))-1]),
		KnownHosts:  knownhosts.Line([]string{address}, key),
	}
}

// openHostKey reads the host key, or makes one when the file is not there. A file that cannot be read
// is never replaced: every client would take the new key for an attack.
func openHostKey(path string) (ssh.Signer, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeHostKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read the SSH host key: %w", err)
	}
	signer, err := ssh.ParsePrivateKey(content)
	if err != nil {
		return nil, fmt.Errorf("the SSH host key %s is damaged (%w): restore it from a backup, or remove the file to get a new key, which every client must then accept anew", path, err)
	}
	return signer, nil
}

func makeHostKey(path string) (ssh.Signer, error) {
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, fmt.Errorf("make the SSH host key: %w", err)
	}
	block, err := ssh.MarshalPrivateKey(private, "paastech host key")
	if err != nil {
		return nil, fmt.Errorf("make the SSH host key: %w", err)
	}
	if err := writeDurably(path, pem.EncodeToMemory(block)); err != nil {
		return nil, fmt.Errorf("keep the SSH host key: %w", err)
	}
	return ssh.NewSignerFromKey(private)
}

// writeDurably makes a file that after a power cut is there in full or not at all.
func writeDurably(path string, content []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".hostkey-") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	_, err = file.Write(content)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
