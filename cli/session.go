package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"gopkg.in/yaml.v3"
)

// sessions is the session file: one log-in a server. Fields of later versions are kept.
type sessions struct {
	Default string             `yaml:"default,omitempty"` // the server that was logged in to last
	Servers map[string]session `yaml:"servers"`           // by address
	Other   map[string]any     `yaml:",inline"`
}

// session is a log-in at one server.
type session struct {
	Token     string         `yaml:"token,omitempty"`
	Username  string         `yaml:"username,omitempty"`
	Email     string         `yaml:"email,omitempty"`
	ExpiresAt *time.Time     `yaml:"expiresAt,omitempty"`
	Other     map[string]any `yaml:",inline"`
}

// sessionFile is ${XDG_CONFIG_HOME:-~/.config}/paastech/auth.yaml, on every system.
func sessionFile() (string, error) {
	config := os.Getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(config) { // the XDG specification: relative paths are ignored
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("find the home directory: %w", err)
		}
		config = filepath.Join(home, ".config")
	}
	return filepath.Join(config, "paastech", "auth.yaml"), nil
}

// readSessions reads the session file; when there is none, nobody is logged in anywhere.
func readSessions() (sessions, error) {
	empty := sessions{Servers: map[string]session{}}
	path, err := sessionFile()
	if err != nil {
		return empty, err
	}
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return empty, nil
	}
	if err != nil {
		return empty, fmt.Errorf("read the session file: %w", err)
	}
	read := empty
	if err := yaml.Unmarshal(content, &read); err != nil {
		return empty, fmt.Errorf("the session file %s is damaged: remove it and log in again (%w)", path, err)
	}
	if read.Servers == nil {
		read.Servers = map[string]session{}
	}
	return read, nil
}

// write replaces the session file.
func (s sessions) write() error {
	path, err := sessionFile()
	if err != nil {
		return err
	}
	content, err := yaml.Marshal(s)
	if err != nil {
		return fmt.Errorf("write the session file: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("make the directory of the session file: %w", err)
	}
	return writeDurably(path, content)
}
