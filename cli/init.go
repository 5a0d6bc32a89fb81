package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"golang.org/x/crypto/ssh"

	"github.com/paastech-cloud/paastech/api/client"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

// starterFile is written where a repository says nothing about its build. It changes nothing.
const starterFile = `# How PaaSTech builds this repository (it reads this file on every push; it may stay as it is).
buildpacks:
  # The directory to build.
  path: "."

  # What builds it. Without these lines the source tells.
  # builder: "paketobuildpacks/builder:full"
  # buildpack: "paketo-buildpacks/web-servers"

  # Variables of the build. What nobody should see goes in with: paastech env set --build NAME=value
  # env:
  #   - "BP_WEB_SERVER=nginx"
  #   - "BP_WEB_SERVER_ROOT=dist"
`

func (c *commands) initCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:     "init NAME",
		Example: "  paastech init hello",
		Short:   "Make a project for this git repository",
		Long: "Make a project for this git repository, and the git remote paastech that leads to it.\n\n" +
			"The git server's host key is shown and, after a question, added to ~/.ssh/known_hosts; with --yes it\n" +
			"is added without asking, and where nobody can be asked it is not added.",
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return c.init(cmd.Context(), args[0], yes) },
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "add the host key without asking")
	return cmd
}

// init looks at everything that could be in the way before it makes anything.
func (c *commands) init(ctx context.Context, name string, yes bool) error {
	if err := paas.ValidateProjectName(name); err != nil {
		return err
	}
	repository, err := openRepository(".")
	if err != nil {
		return err
	}
	if err := checkNoRemote(repository); err != nil {
		return err
	}
	api, err := c.connect()
	if err != nil {
		return err
	}
	info, err := api.Info(ctx)
	if err != nil {
		return err
	}
	keys, err := api.Keys(ctx) // the session is good
	if err != nil {
		return err
	}
	project, err := api.CreateProject(ctx, name)
	if err != nil {
		return err
	}
	if err := c.connectRepository(repository, api, project); err != nil {
		return err
	}
	if err := c.trustHost(ctx, repository, sshHost(project.GitURL), info.HostKeys, yes); err != nil {
		c.note("%s", printable(paas.Public(err).Message))
	}
	return c.emit(project, func() { c.sayNext(keys) })
}

func checkNoRemote(repository *repository) error {
	address, err := repository.remote()
	if err == nil && address != "" {
		err = failf(eRemoteExists, "This repository belongs to a project already: its git remote %s leads to %s. To leave that one: git remote remove %s", remoteName, address, remoteName)
	}
	return err
}

// connectRepository adds the remote and, where there is no build configuration, the starter file.
func (c *commands) connectRepository(repository *repository, api *client.Client, project wire.Project) error {
	c.note("Made the project %s, which will live at %s", project.Name, project.URL)
	if err := repository.addRemote(project.GitURL, api.Server()); err != nil {
		return failf(eFailed, "The project was made, but not its git remote (%s). Add it: git remote add %s %s", err, remoteName, project.GitURL)
	}
	c.note("Added the git remote %s: %s", remoteName, project.GitURL)
	written, err := writeStarter(repository.root)
	if err != nil {
		return failf(eFailed, "The project is ready, but paastech/buildpacks.yaml could not be written (%s). It can do without.", err)
	}
	if written {
		c.note("Wrote paastech/buildpacks.yaml, where the build can be configured")
	}
	return nil
}

// writeStarter writes the starter file. A repository that has a build configuration keeps it, also
// one in paastech.yaml: the starter file would win over it.
func writeStarter(root string) (bool, error) {
	for _, name := range []string{"paastech.yaml", "paastech.yml"} {
		if _, err := os.Lstat(filepath.Join(root, name)); !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
	}
	dir := filepath.Join(root, "paastech")
	if info, err := os.Lstat(dir); err == nil && !info.IsDir() {
		return false, nil // a file of theirs has the name
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return false, err
	}
	file, err := os.OpenFile(filepath.Join(dir, "buildpacks.yaml"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_, err = file.WriteString(starterFile)
	return true, errors.Join(err, file.Close())
}

// trustHost shows the git server's host keys, as the API tells them, and offers to add them to
// known_hosts. Where git calls ssh in a way of its own, that is left alone.
func (c *commands) trustHost(ctx context.Context, repository *repository, host string, keys []wire.HostKey, yes bool) error {
	if host == "" || len(keys) == 0 {
		return nil
	}
	for _, key := range keys {
		c.note("Host key of %s: %s (%s)", host, key.Fingerprint, key.Type)
	}
	if repository.ownSSH() {
		return nil
	}
	file, err := knownHostsFile()
	if err != nil {
		return err
	}
	missing, err := missingHostKeys(file, host, keys)
	if err != nil || len(missing) == 0 {
		return err
	}
	if !yes && !c.interactive {
		c.note("It was not added to %s: --yes does that, else ssh asks at the first push.", file)
		return nil
	}
	if !yes {
		if yes, err = c.confirm(ctx, "Add it to "+file+"?"); err != nil || !yes {
			return err
		}
	}
	for _, key := range missing {
		if err := addKnownHost(file, host, key); err != nil {
			return err
		}
	}
	c.note("Added it to %s", file)
	return nil
}

func missingHostKeys(file, host string, keys []wire.HostKey) ([]ssh.PublicKey, error) {
	var missing []ssh.PublicKey
	for _, key := range keys {
		parsed, _, _, _, err := ssh.ParseAuthorizedKey([]byte(key.Value))
		if err != nil {
			return nil, fmt.Errorf("read the server's host key: %w", err)
		}
		known, err := knownHost(file, host, parsed)
		if err != nil {
			return nil, err
		}
		if !known {
			missing = append(missing, parsed)
		}
	}
	return missing, nil
}

func (c *commands) sayNext(keys []wire.Key) {
	if len(keys) == 0 {
		c.say("Next: paastech keys add ~/.ssh/id_ed25519.pub, then commit and paastech push")
		return
	}
	c.say("Next: commit what should run, then paastech push")
}
