package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/mail"
	"os"
	"path/filepath"
	"strings"

	"github.com/paastech-cloud/paastech/builder"
	"github.com/paastech-cloud/paastech/paas"
)

// installation is how this host is to be: what its configuration says, and from which program.
type installation struct {
	host     *host
	config   Config
	settings settings
	written  []byte // the configuration, when there is none yet
	program  string // that is installed
	sockets  []socketUnit
	units    []installedFile
}

// planInstallation reads the configuration of the host, or makes one of what was said.
func (h *host) planInstallation(options installOptions) (installation, error) {
	plan := installation{host: h}
	var err error
	if plan.program, err = os.Executable(); err != nil {
		return plan, err
	}
	if _, err := os.Stat(installedConfig); errors.Is(err, fs.ErrNotExist) {
		if plan.written, plan.config, err = firstConfig(options); err != nil {
			return plan, err
		}
	} else if plan.config, err = loadConfig(installedConfig, nil); err != nil {
		return plan, err
	} else if options.domain != "" && options.domain != plan.config.Domain {
		return plan, failf(paas.EConflict, "%s says that the domain is %s. Change it there, then run `paastech install` again.", installedConfig, plan.config.Domain)
	}
	if plan.settings, err = plan.config.settings(); err != nil {
		return plan, err
	}
	if plan.sockets, err = socketUnits(plan.config); err != nil {
		return plan, err
	}
	plan.units, err = unitFiles(installedProgramPath, plan.sockets)
	return plan, err
}

// firstConfig is the configuration that an installation begins with.
func firstConfig(options installOptions) ([]byte, Config, error) {
	domain := strings.ToLower(strings.TrimSuffix(options.domain, "."))
	if domain != "" {
		if _, err := paas.ParseDomain(domain, ""); err != nil || strings.HasPrefix(domain, "*") {
			return nil, Config{}, failf(paas.EInvalid, "--domain %q is no domain name. Give one like example.com.", options.domain)
		}
	}
	if _, err := mail.ParseAddress(options.email); err != nil && options.email != "" {
		return nil, Config{}, failf(paas.EInvalid, "--email %q is no e-mail address.", options.email)
	}
	text, err := rendered(configTemplate, map[string]string{"Domain": domain, "Email": options.email, "DataDir": installedDataDir})
	if err != nil {
		return nil, Config{}, err
	}
	config := defaults()
	return text, config, decodeConfig(text, installedConfig, &config)
}

// operations bring the host there, in their order.
func (i installation) operations() []operation {
	changed := false
	note := func(each operation) operation { return noted{each, &changed} }
	all := []operation{
		installedDirectory{filepath.Dir(installedConfig), 0o755},
		installedDirectory{i.config.DataDir, 0o700},
		installedFile{path: installedConfig, content: i.written, mode: 0o600, keep: true},
		i.installProgram(),
	}
	for _, unit := range i.units {
		all = append(all, note(unit))
	}
	for _, stale := range i.staleSockets() {
		all = append(all, endedUnits{[]string{filepath.Base(stale)}}, note(removedFile{stale}))
	}
	var sockets []string
	for _, socket := range i.sockets {
		sockets = append(sockets, socket.file())
	}
	return append(all, runningUnits{sockets, &changed})
}

// staleSockets are the units of addresses that the configuration does not have any more.
func (i installation) staleSockets() []string {
	found, _ := filepath.Glob(filepath.Join(unitDir, unitPrefix+"*"+socketKind)) // the pattern is well-formed
	var stale []string
	for _, path := range found {
		wanted := false
		for _, unit := range i.units {
			wanted = wanted || unit.path == path
		}
		if !wanted {
			stale = append(stale, path)
		}
	}
	return stale
}

// installProgram puts this program in its place; where a daemon runs from there, by an upgrade.
func (i installation) installProgram() operation {
	place := installedProgram{i.program, installedProgramPath}
	pid, err := daemonOf(i.config.DataDir)
	if err != nil {
		return place
	}
	running, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil || strings.TrimSuffix(running, deletedSuffix) != installedProgramPath {
		return place
	}
	return upgradedProgram{place, func(ctx context.Context) error {
		_, _, err := upgradeDaemon(ctx, i.config.DataDir, upgradeRequest{Binary: i.program, Wait: defaultUpgradeWait, Patience: defaultUpgradePatience})
		return err
	}}
}

// upgradedProgram replaces the program of a daemon that runs.
type upgradedProgram struct {
	installedProgram
	upgrade func(ctx context.Context) error
}

func (u upgradedProgram) String() string { return "upgrade the running daemon to this program" }

func (u upgradedProgram) do(ctx context.Context) error { return u.upgrade(ctx) }

// noted remembers that an operation changed something.
type noted struct {
	operation
	changed *bool
}

func (n noted) do(ctx context.Context) error {
	*n.changed = true
	return n.operation.do(ctx)
}

// takeOut removes the installation from the engine, with the images that its builds run in.
func (h *host) takeOut(ctx context.Context, config Config) error {
	instance, err := os.ReadFile(filepath.Join(config.DataDir, "instance"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it never ran
	}
	if err != nil {
		return err
	}
	return errors.Join(
		h.purge(ctx, config),
		builder.RemoveImages(ctx, config.Docker.Host, strings.TrimSpace(string(instance))),
	)
}
