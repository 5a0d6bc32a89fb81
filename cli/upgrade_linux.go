package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/paastech-cloud/paastech/paas"
)

// How the command and the daemon talk about an upgrade: the one leaves a request in the data directory and
// sends SIGUSR2, the other leaves the outcome.
const (
	upgradeRequestFile = "upgrade.request"
	upgradeOutcomeFile = "upgrade.outcome"
	previousProgram    = "paastech.previous"
	deletedSuffix      = " (deleted)" // proc(5): the program was replaced since
	upgradePoll        = 50 * time.Millisecond
	versionPatience    = 10 * time.Second
)

// upgradeRequest is what SIGUSR2 asks for; without a file, that the daemon's own program be started anew.
type upgradeRequest struct {
	Binary   string        `json:"binary"`   // an absolute path
	Wait     time.Duration `json:"wait"`     // for work that is under way
	Patience time.Duration `json:"patience"` // until the new daemon is ready
}

const (
	defaultUpgradeWait     = 2 * time.Minute
	defaultUpgradePatience = time.Minute
)

// upgradeOutcome is what came of it.
type upgradeOutcome struct {
	From   string `json:"from"`             // the version before
	PID    int    `json:"pid"`              // of the daemon that serves now
	Failed string `json:"failed,omitempty"` // why the version is the one before; a sentence
}

func (h *host) upgradeCommand() *cobra.Command {
	var request upgradeRequest
	cmd := &cobra.Command{
		Use:   "upgrade --binary FILE",
		Short: "Replace the running daemon by another version, without losing a request",
		Long: "Replace the running daemon by another version, without losing a request. The new program takes over the sockets and the data; the old one answers applications until the new one is ready, and then ends.\n\n" +
			"A new program that ends or is not ready in time is undone: the database becomes what it was (SQLite; PostgreSQL takes a migration back by itself unless that had succeeded), and the version before goes on.\n\n" +
			"The file is put in the place of the program that the daemon was started from, which is kept beside it as paastech.previous and put back when the new one is undone.",
		Example: "  paastech upgrade --binary ./paastech-1.3.0",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if request.Binary == "" {
				return usagef(cmd, "to what? Give --binary FILE")
			}
			return h.upgrade(cmd.Context(), request)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&request.Binary, "binary", "", "the new paastech")
	flags.DurationVar(&request.Wait, "wait", defaultUpgradeWait, "how long deployments that are under way may take")
	flags.DurationVar(&request.Patience, "patience", defaultUpgradePatience, "how long the new daemon may take to be ready")
	return cmd
}

func (h *host) upgrade(ctx context.Context, request upgradeRequest) error {
	config, err := h.config()
	if err != nil {
		return err
	}
	outcome, version, err := upgradeDaemon(ctx, config.DataDir, request)
	if err != nil {
		return err
	}
	return h.emit(map[string]string{"from": outcome.From, "to": version}, func() { h.say("%s serves; it was %s.", version, outcome.From) })
}

// upgradeDaemon puts a program in the place of a daemon's, and has that replaced by it.
func upgradeDaemon(ctx context.Context, dataDir string, request upgradeRequest) (outcome upgradeOutcome, version string, err error) {
	if request.Binary, err = filepath.Abs(request.Binary); err != nil {
		return outcome, version, err
	}
	if _, err := os.Stat(request.Binary); err != nil {
		return outcome, version, failf(paas.EInvalid, "%s cannot be read: %s.", request.Binary, causeOf(errors.Unwrap(err)))
	}
	if version, err = programVersion(ctx, request.Binary); err != nil {
		return outcome, version, err
	}
	pid, err := daemonOf(dataDir)
	if err != nil {
		return outcome, version, err
	}
	installed, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil {
		return outcome, version, failf(paas.EForbidden, "This needs the rights of the daemon (process %d): run it as root.", pid)
	}
	installed = strings.TrimSuffix(installed, deletedSuffix)
	back, err := replaceProgram(request.Binary, installed)
	if err != nil {
		return outcome, version, failf(paas.EInternal, "Nothing was changed: %s cannot be put in the place of %s: %s.", request.Binary, installed, err)
	}
	request.Binary = installed // what the daemon runs from must stay: git's hook leads there
	if err := askForUpgrade(dataDir, pid, request); err != nil {
		return outcome, version, errors.Join(err, back())
	}
	if outcome, err = awaitUpgrade(ctx, dataDir, request); err != nil {
		return outcome, version, err
	}
	if outcome.Failed != "" {
		return outcome, version, errors.Join(failf(paas.EInternal, "%s serves on: %s", outcome.From, outcome.Failed), back())
	}
	return outcome, version, nil
}

// programVersion asks a program whether it is PaaSTech's, and which.
func programVersion(ctx context.Context, binary string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, versionPatience)
	defer cancel()
	command := exec.CommandContext(ctx, binary, "version", "--json")
	command.Env = []string{"HOME=/nonexistent", "PAASTECH_SERVER=http://127.0.0.1:9"} // nobody else is asked
	out, err := command.Output()
	var told versions
	if err == nil {
		err = json.Unmarshal(out, &told)
	}
	if err != nil || told.Client == "" {
		return "", failf(paas.EInvalid, "%s does not say which version of paastech it is (%s); is it the program for this kind of processor?", binary, causeOf(err))
	}
	return told.Client, nil
}

func causeOf(err error) string {
	if err == nil {
		return "it names none"
	}
	return err.Error()
}

// daemonOf is the number of the process that serves a data directory.
func daemonOf(dataDir string) (int, error) {
	lock, err := os.Open(filepath.Join(dataDir, lockFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	nobody := failf(paas.EUnavailable, "No daemon serves %s: there is nothing to upgrade. Put the new program in the place of the old one and start it.", dataDir)
	if err != nil {
		return 0, nobody
	}
	defer lock.Close()
	if unix.Flock(int(lock.Fd()), unix.LOCK_SH|unix.LOCK_NB) == nil {
		return 0, nobody // it is given back with the file
	}
	text, err := io.ReadAll(lock)
	if err != nil {
		return 0, err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, failf(paas.EInternal, "The daemon at %s is one that cannot be upgraded while it runs: stop it, put the new program in its place and start that.", dataDir)
	}
	return pid, nil
}

// askForUpgrade has the daemon begin; an error means that it does not.
func askForUpgrade(dataDir string, pid int, request upgradeRequest) error {
	asked, err := json.Marshal(request)
	if err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(dataDir, upgradeOutcomeFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	requestFile := filepath.Join(dataDir, upgradeRequestFile)
	if err := writeDurably(requestFile, asked); err != nil {
		return err
	}
	if err := unix.Kill(pid, unix.SIGUSR2); err != nil {
		return errors.Join(fmt.Errorf("tell the daemon: %w", err), os.Remove(requestFile))
	}
	return nil
}

// awaitUpgrade waits for what comes of it.
func awaitUpgrade(ctx context.Context, dataDir string, request upgradeRequest) (upgradeOutcome, error) {
	var outcome upgradeOutcome
	ctx, cancel := context.WithTimeout(ctx, request.Wait+3*request.Patience)
	defer cancel()
	for {
		content, err := os.ReadFile(filepath.Join(dataDir, upgradeOutcomeFile))
		if err == nil {
			return outcome, json.Unmarshal(content, &outcome)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return outcome, err
		}
		select {
		case <-ctx.Done():
			return outcome, failf(paas.EUnavailable, "The daemon has not said what came of it; its log does. %s is the new program, and %s beside it the one before.", request.Binary, previousProgram)
		case <-time.After(upgradePoll):
		}
	}
}

// replaceProgram puts a program in the place of another, which stays beside it, and returns what puts that back.
// One that is there already was put there by somebody else, who has to put it back, too.
func replaceProgram(binary, installed string) (back func() error, err error) {
	if same, err := sameFile(binary, installed); err != nil || same {
		return func() error { return nil }, err
	}
	content, err := os.ReadFile(binary)
	if err != nil {
		return nil, err
	}
	dir := filepath.Dir(installed)
	previous := filepath.Join(dir, previousProgram)
	if err := os.Remove(previous); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err := os.Link(installed, previous); err != nil {
		return nil, err
	}
	if err := writeWithMode(installed, content, 0o755); err != nil {
		return nil, err
	}
	return func() error { return errors.Join(os.Rename(previous, installed), syncDir(dir)) }, nil
}

func sameFile(a, b string) (bool, error) {
	one, err := os.Stat(a)
	if err != nil {
		return false, err
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other), err
}
