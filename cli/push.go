package cli

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"time"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/client"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

func (c *commands) pushCommand() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:     "push [BRANCH]",
		Short:   "Push the branch that is checked out: it is built, started and put live",
		Example: "  paastech push\n  paastech push main",
		Args:    arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			branch := ""
			if len(args) == 1 {
				branch = args[0]
			}
			return c.push(cmd.Context(), branch, force)
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "push even when commits on the server would be lost")
	return cmd
}

func (c *commands) push(ctx context.Context, branch string, force bool) error {
	branch, err := pushedBranch(branch)
	if err != nil {
		return err
	}
	name, err := projectOfDirectory()
	if err != nil {
		return err
	}
	api, before, err := c.project(ctx, name)
	if err != nil {
		return err
	}
	if c.projectFlag != "" && c.projectFlag != before.Name && c.projectFlag != string(before.ID) {
		return failf(eNoRemote, "A push goes where the git remote %s leads, which is %s, not %s.", remoteName, before.Name, c.projectFlag)
	}
	if err := checkHasKey(ctx, api); err != nil {
		return err
	}
	if err := c.gitPush(ctx, branch, force); err != nil {
		return c.explainPush(ctx, api, before, err)
	}
	after, err := api.Project(ctx, before.ID)
	if err != nil {
		return err
	}
	return c.emit(after, func() {
		if after.Live != nil {
			c.say("%s %s is live at %s", after.Name, after.Live.Name, after.URL)
		}
	})
}

// pushedBranch is the branch to push, which has a commit: the named one or the one checked out.
func pushedBranch(named string) (string, error) {
	repository, err := openRepository(".")
	if err != nil {
		return "", err
	}
	if named == "" {
		return repository.branch()
	}
	return named, repository.hasBranch(named)
}

// checkHasKey refuses to go on when the git server would know none of the user's keys.
func checkHasKey(ctx context.Context, api *client.Client) error {
	keys, err := api.Keys(ctx)
	if err == nil && len(keys) == 0 {
		err = failf(eNoKey, "The server knows no SSH key of yours yet. Add one: paastech keys add ~/.ssh/id_ed25519.pub (to make it: ssh-keygen -t ed25519)")
	}
	return err
}

// gitGrace is how long git may take to end after an interrupt.
const gitGrace = 5 * time.Second

// gitPush runs the real git. The ref is written out, so that no branch's name is taken for an option.
func (c *commands) gitPush(ctx context.Context, branch string, force bool) error {
	args := []string{"push"}
	if force {
		args = append(args, "--force")
	}
	git := exec.CommandContext(ctx, "git", append(args, remoteName, "refs/heads/"+branch)...)
	git.Stdin, git.Stdout, git.Stderr = c.stdin, c.stderr, c.stderr
	git.Cancel = func() error { return git.Process.Signal(os.Interrupt) }
	git.WaitDelay = gitGrace
	err := git.Run()
	if errors.Is(err, exec.ErrNotFound) {
		return failf(ePushFailed, "The program git was not found. Install it, then push again.")
	}
	return err
}

// explainPush finds the reason of a push that failed: the diagnosis of the deployment it made, or
// what git said.
func (c *commands) explainPush(ctx context.Context, api *client.Client, before wire.Project, failure error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if _, ours := errors.AsType[*paas.Error](failure); ours {
		return failure
	}
	after, err := api.Project(ctx, before.ID)
	if newest := after.Deployment; err == nil && newest != nil && (before.Deployment == nil || newest.Number > before.Deployment.Number) {
		if why := outcome(*newest); why != nil {
			return why
		}
	}
	return failf(ePushFailed, "git push ended with %s; the lines above say why.", failure)
}
