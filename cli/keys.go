package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/client"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

func (c *commands) keysCommand() *cobra.Command {
	return newGroup("keys", "SSH keys, which open your git repositories", c.keysAddCommand(), c.keysListCommand(), c.keysRemoveCommand())
}

func (c *commands) keysAddCommand() *cobra.Command {
	var name string
	cmd := &cobra.Command{
		Use:     "add FILE",
		Short:   "Add a public SSH key",
		Example: "  paastech keys add ~/.ssh/id_ed25519.pub\n  ssh-add -L | head -1 | paastech keys add -",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := c.readKey(args[0], name)
			if err != nil {
				return err
			}
			api, err := c.connect()
			if err != nil {
				return err
			}
			added, err := api.AddKey(cmd.Context(), key.Value, key.Name)
			if err != nil {
				return err
			}
			return c.emit(added, func() { c.say("Added %s%s.", added.Fingerprint, named(added)) })
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "name of the key (default: its comment)")
	return cmd
}

func named(key wire.Key) string {
	if key.Name == "" {
		return ""
	}
	return " (" + printable(key.Name) + ")"
}

// maxKeyFile bounds what is read of a file that should hold one key.
const maxKeyFile = 64 << 10

// readKey reads a public key and makes sure that it is one: a private key must never leave the machine.
func (c *commands) readKey(path, name string) (paas.SSHKey, error) {
	from := c.stdin
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return paas.SSHKey{}, fmt.Errorf("read the key: %w", err)
		}
		defer file.Close()
		from = file
	}
	content, err := io.ReadAll(io.LimitReader(from, maxKeyFile))
	if err != nil {
		return paas.SSHKey{}, fmt.Errorf("read the key: %w", err)
	}
	if strings.Contains(string(content), "PRIVATE KEY") {
		return paas.SSHKey{}, failf(paas.EKeyRejected, "%s is a private key, which never leaves your machine. Add the public one: paastech keys add %s.pub", path, path)
	}
	return paas.ParseSSHKey(string(content), name)
}

func (c *commands) keysListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "ls",
		Short:   "List your SSH keys",
		Example: "  paastech keys ls",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, err := c.connect()
			if err != nil {
				return err
			}
			keys, err := api.Keys(cmd.Context())
			if err != nil {
				return err
			}
			return c.emit(keys, func() { c.showKeys(keys) })
		},
	}
}

func (c *commands) showKeys(keys []wire.Key) {
	if len(keys) == 0 {
		c.say("You have no SSH key yet. Add one: paastech keys add ~/.ssh/id_ed25519.pub (to make it: ssh-keygen -t ed25519)")
		return
	}
	rows := make([][]string, len(keys))
	for i, key := range keys {
		rows[i] = []string{key.Name, key.Fingerprint, day(key.CreatedAt), ago(key.LastUsedAt)}
	}
	c.table([]string{"NAME", "FINGERPRINT", "ADDED", "LAST USED"}, rows)
}

func (c *commands) keysRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "rm NAME|FINGERPRINT|ID",
		Short:   "Remove one of your SSH keys",
		Example: "  paastech keys rm ada@laptop",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := c.connect()
			if err != nil {
				return err
			}
			key, err := findKey(cmd.Context(), api, args[0])
			if err != nil {
				return err
			}
			if err := api.RemoveKey(cmd.Context(), key.ID); err != nil {
				return err
			}
			return c.emit(key, func() { c.say("Removed %s%s.", key.Fingerprint, named(key)) })
		},
	}
}

// findKey is the one key with this name, fingerprint or id.
func findKey(ctx context.Context, api *client.Client, which string) (wire.Key, error) {
	keys, err := api.Keys(ctx)
	if err != nil {
		return wire.Key{}, err
	}
	var found []wire.Key
	for _, key := range keys {
		if which == string(key.ID) || which == key.Fingerprint || which == key.Name {
			found = append(found, key)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return wire.Key{}, paas.Errorf(paas.NotFound, paas.ENotFound, "You have no SSH key %q. `paastech keys ls` shows yours.", which)
	}
	return wire.Key{}, failf(paas.EConflict, "%d of your SSH keys are named %q: give the fingerprint, which `paastech keys ls` shows.", len(found), which)
}
