package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/client"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

// Where an installation is, besides installedConfig; the program is where PATH finds it.
const (
	installedProgramPath = "/usr/local/bin/paastech"
	installedDataDir     = "/var/lib/paastech"
)

// installOptions are what a person says to `paastech install`.
type installOptions struct {
	domain string
	email  string
	dryRun bool
}

func (h *host) installCommand() *cobra.Command {
	var options installOptions
	cmd := &cobra.Command{
		Use:   "install [--domain DOMAIN]",
		Short: "Install the platform on this Debian or Ubuntu host, under systemd",
		Long: "Install the platform on this Debian or Ubuntu host: this program as " + installedProgramPath + ", its configuration, its directories and its systemd units. It looks first whether ports, Docker, disk and DNS are as they have to be, and changes nothing when they are not. At the end it prints a link at which the first administrator is made.\n\n" +
			"Run it again after a change of the configuration, or with a newer program: what is as it should be stays, and a running daemon is replaced without losing a request.\n\n" +
			installedConfig + " is written once, and yours from then on.",
		Example: "  paastech install --domain example.com --email ada@example.com\n  paastech install --dry-run",
		Args:    arguments(cobra.NoArgs),
		RunE:    func(cmd *cobra.Command, _ []string) error { return h.install(cmd.Context(), options) },
	}
	flags := cmd.Flags()
	flags.StringVar(&options.domain, "domain", "", "applications are at NAME.user-app.DOMAIN and the dashboard at paas.DOMAIN; without it, all is at localhost, for this host alone")
	flags.StringVar(&options.email, "email", "", "where the CA of the certificates writes to when something is wrong with one")
	flags.BoolVar(&options.dryRun, "dry-run", false, "say what would be done, and do nothing")
	return cmd
}

// install looks, then does what is left to do, then says how to go on.
func (h *host) install(ctx context.Context, options installOptions) error {
	plan, err := h.planInstallation(options)
	if err != nil {
		return err
	}
	obstacles, doubts := plan.check(ctx)
	for _, doubt := range doubts {
		h.note("Note: %s", doubt)
	}
	if len(obstacles) > 0 {
		for _, obstacle := range obstacles {
			h.note("✗ %s", obstacle)
		}
		return failf(paas.EUnavailable, "Nothing was changed: %d thing(s) above are in the way.", len(obstacles))
	}
	if err := h.carryOut(ctx, plan.operations(), options.dryRun); err != nil || options.dryRun {
		return err
	}
	return h.welcome(ctx, plan.config)
}

// carryOut does what is not done, in order, and says so.
func (h *host) carryOut(ctx context.Context, operations []operation, dryRun bool) error {
	var did []string
	for _, each := range operations {
		done, err := each.done(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", each, err)
		}
		if done {
			continue
		}
		did = append(did, each.String())
		if dryRun {
			h.progress("would %s", each)
			continue
		}
		h.progress("%s", each)
		if err := each.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", each, err)
		}
	}
	if len(did) == 0 {
		h.progress("All is in place already.")
	}
	if h.json && dryRun {
		return h.emit(did, nil)
	}
	return nil
}

// progress prints a line of what is being done: of the result, unless that is for a program.
func (h *host) progress(format string, args ...any) {
	if h.json {
		h.note(format, args...)
		return
	}
	h.say(format, args...)
}

// installed is what the command says at its end.
type installed struct {
	Dashboard string      `json:"dashboard"`
	Setup     paas.Secret `json:"setup,omitempty"` // where the first administrator is made, once; none when there is one
}

// welcome leads to the dashboard, and the first administrator to an account.
func (h *host) welcome(ctx context.Context, config Config) error {
	settings, err := config.settings()
	if err != nil {
		return err
	}
	told := installed{Dashboard: settings.dashboardURL}
	api := client.NewLocal(socketPath(config.DataDir)).Client
	users, err := api.Users(ctx)
	if err != nil {
		return err
	}
	if !anyAdministrator(users) {
		invite, err := api.CreateInvite(ctx, wire.NewInvite{Admin: true})
		if err != nil {
			return err
		}
		told.Setup = paas.Secret(settings.dashboardURL + "/register?" + url.Values{"invite": {invite.Code.Reveal()}}.Encode())
	}
	return h.emit(told, func() {
		h.say("")
		h.say("PaaSTech serves: %s", told.Dashboard)
		if told.Setup != "" {
			h.say("Make your account, the first administrator's; the link is good once, for a week:\n\n  %s\n", told.Setup.Reveal())
		}
		h.say("Its log: journalctl -u paastech   All in order? paastech doctor")
	})
}

func anyAdministrator(users []wire.UserDetails) bool {
	for _, user := range users {
		if user.IsAdmin {
			return true
		}
	}
	return false
}

func (h *host) uninstallCommand() *cobra.Command {
	var yes, dryRun bool
	cmd := &cobra.Command{
		Use:   "uninstall --yes",
		Short: "Take what `paastech install` brought off this host; source, data and configuration stay",
		Long: "Take what `paastech install` brought off this host: the daemon and its units, every container, network and image of its applications, the packet filter, and the program.\n\n" +
			"What is yours stays: " + installedConfig + " and the data directory, with repositories, volumes, images and the database. `paastech install` brings all of it back.",
		Example: "  paastech uninstall --dry-run\n  paastech uninstall --yes",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !yes && !dryRun {
				return failf(eNotConfirmed, "This ends every application of this installation; their source, data and configuration stay. Say --yes to do it, or --dry-run to see what would be done.")
			}
			return h.uninstall(cmd.Context(), dryRun)
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "really do it")
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "say what would be done, and do nothing")
	return cmd
}

func (h *host) uninstall(ctx context.Context, dryRun bool) error {
	if os.Geteuid() != 0 {
		return errNotRoot
	}
	config, err := loadConfig("", nil)
	if err != nil {
		return err
	}
	if _, err := os.Stat(installedConfig); errors.Is(err, fs.ErrNotExist) {
		config.DataDir = installedDataDir
	}
	operations, err := h.removal(config)
	if err != nil {
		return err
	}
	if err := h.carryOut(ctx, operations, dryRun); err != nil || dryRun {
		return err
	}
	return h.emit(map[string]string{"data": config.DataDir, "config": installedConfig}, func() {
		h.say("What is yours is still there: %s and %s. Remove them when you want them gone, too.", config.DataDir, installedConfig)
	})
}

// removal undoes an installation, from what people reach to what it stands on.
func (h *host) removal(config Config) ([]operation, error) {
	units, err := filepath.Glob(filepath.Join(unitDir, unitPrefix+"*"+socketKind))
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(unitDir, serviceUnit)); err == nil {
		units = append(units, filepath.Join(unitDir, serviceUnit))
	}
	var names []string
	for _, unit := range units {
		names = append(names, filepath.Base(unit))
	}
	_, err = os.Stat(installedProgramPath)
	operations := []operation{
		endedUnits{names},
		work{
			says: "remove its containers, networks and images from Docker, and the packet filter",
			left: len(names) > 0 || err == nil,
			run:  func(ctx context.Context) error { return h.takeOut(ctx, config) },
		},
	}
	for _, unit := range units {
		operations = append(operations, removedFile{unit})
	}
	return append(operations,
		forgottenUnits{len(units) > 0},
		removedFile{installedProgramPath},
		removedFile{filepath.Join(filepath.Dir(installedProgramPath), previousProgram)},
	), nil
}

var errNotRoot = failf(paas.EForbidden, "Installing is for root: run it with sudo.")
