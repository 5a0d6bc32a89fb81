package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// sshHost is the host:port that ssh connects to for a git address, empty when that is no ssh address.
func sshHost(address string) string {
	if parsed, err := url.Parse(address); err == nil && parsed.Scheme == "ssh" {
		port := parsed.Port()
		if port == "" {
			port = "22"
		}
		return net.JoinHostPort(parsed.Hostname(), port)
	}
	host, _, found := strings.Cut(address, ":")
	if !found || strings.Contains(address, "://") {
		return ""
	}
	return net.JoinHostPort(host[strings.LastIndex(host, "@")+1:], "22")
}

// knownHostsFile is the user's own list of SSH host keys.
func knownHostsFile() (string, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the home directory: %w", err)
	}
	return filepath.Join(home, ".ssh", "known_hosts"), nil
}

// knownHost tells whether the list has this key for the host. Another key for it is an error: it may
// be another server's, and ssh will refuse it.
func knownHost(file, host string, key ssh.PublicKey) (bool, error) {
	check, err := knownhosts.New(file)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read %s: %w", file, err)
	}
	err = check(host, &net.TCPAddr{}, key)
	var different *knownhosts.KeyError
	switch {
	case err == nil:
		return true, nil
	case errors.As(err, &different) && len(different.Want) == 0:
		return false, nil
	case errors.As(err, &different) && !sameType(different.Want, key):
		return false, nil
	}
	return false, failf(eHostKey, "%s holds another key for %s than the server shows. If the server was made anew, remove the old one: ssh-keygen -R '%s'", file, host, knownhosts.Normalize(host))
}

// sameType tells whether one of the keys is of key's type: a host may have one of each type.
func sameType(known []knownhosts.KnownKey, key ssh.PublicKey) bool {
	return slices.ContainsFunc(known, func(k knownhosts.KnownKey) bool { return k.Key.Type() == key.Type() })
}

// addKnownHost appends the key to the list.
func addKnownHost(file, host string, key ssh.PublicKey) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return fmt.Errorf("make the directory of %s: %w", file, err)
	}
	list, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open the list of known hosts: %w", err)
	}
	line := knownhosts.Line([]string{knownhosts.Normalize(host)}, key) + "\n"
	if unended(list) {
		line = "\n" + line
	}
	_, err = list.WriteString(line)
	return errors.Join(err, list.Close())
}

// unended tells whether the last line of a file lacks its end.
func unended(file *os.File) bool {
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return false
	}
	last := make([]byte, 1)
	_, err = file.ReadAt(last, info.Size()-1)
	return err == nil && last[0] != '\n'
}
