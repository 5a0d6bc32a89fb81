package cli

import (
	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/paas"
)

// limitFlags are the limits that the flags name; the others stay as they are.
type limitFlags struct {
	projects, containers, builds int
	memory, disk                 string
	usual                        bool
}

func (a *administration) userLimitsCommand() *cobra.Command {
	var flags limitFlags
	cmd := &cobra.Command{
		Use:     "limits USERNAME",
		Short:   "Show a user's limits, or set some; 0 is no bound",
		Example: "  paastech admin users limits ada --projects 20 --memory 4GiB\n  paastech admin users limits ada --usual",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.setLimits(cmd, args[0], flags) },
	}
	cmd.Flags().IntVar(&flags.projects, "projects", 0, "how many projects")
	cmd.Flags().StringVar(&flags.memory, "memory", "", "memory of the running containers together, like 4GiB")
	cmd.Flags().IntVar(&flags.containers, "containers", 0, "how many running containers")
	cmd.Flags().IntVar(&flags.builds, "builds", 0, "how many builds at a time")
	cmd.Flags().StringVar(&flags.disk, "disk", "", "disk of all projects together, like 20GiB")
	cmd.Flags().BoolVar(&flags.usual, "usual", false, "back to the usual limits")
	return cmd
}

// setLimits changes what flags name; without any it shows the limits.
func (a *administration) setLimits(cmd *cobra.Command, username string, flags limitFlags) error {
	api, err := a.connect()
	if err != nil {
		return err
	}
	user, err := api.User(cmd.Context(), username)
	if err != nil {
		return err
	}
	limits, changed, err := flags.applied(cmd, user.Limits)
	if err != nil {
		return err
	}
	if changed {
		if user, err = api.SetLimits(cmd.Context(), username, limits); err != nil {
			return err
		}
	}
	return a.emit(user, func() { a.showUser(user) })
}

// applied is what a user's own limits become (nil: the usual ones hold), and whether a flag was given at all.
func (f limitFlags) applied(cmd *cobra.Command, now *paas.UserLimits) (*paas.UserLimits, bool, error) {
	if f.usual {
		return nil, true, nil
	}
	var limits paas.UserLimits
	if now != nil {
		limits = *now
	}
	changed := false
	for _, number := range []struct {
		flag     string
		from, to *int
	}{{"projects", &f.projects, &limits.Projects}, {"containers", &f.containers, &limits.Containers}, {"builds", &f.builds, &limits.Builds}} {
		if cmd.Flags().Changed(number.flag) {
			*number.to, changed = *number.from, true
		}
	}
	for _, amount := range []struct {
		flag, from string
		to         *int64
	}{{"memory", f.memory, &limits.Memory}, {"disk", f.disk, &limits.Disk}} {
		if !cmd.Flags().Changed(amount.flag) {
			continue
		}
		bytes, err := bound("--"+amount.flag, amount.from)
		if err != nil {
			return nil, false, usagef(cmd, "%s", err)
		}
		*amount.to, changed = bytes, true
	}
	return &limits, changed, nil
}
