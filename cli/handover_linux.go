package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/paastech-cloud/paastech/store"
)

const (
	// handedVariable names the sockets that a daemon hands over to the next, the first of which is descriptor
	// 3; the last is no socket, but where that says that it is ready. It is not one of PAASTECH_, which are
	// configuration.
	handedVariable = "HANDOVER_SOCKETS"

	readyName   = "ready"
	readyWord   = "ready\n"
	beforeFile  = "upgrade.before.db"
	firstHanded = 3
	busyPoll    = 100 * time.Millisecond
	ownPatience = time.Minute // for the version before to be ready again
	ownProgram  = "/proc/self/exe"
)

// upgrades waits until another version is asked for, and for the work that is under way. Then it ends the
// parts that the next daemon takes over.
func (s *server) upgrades(end func()) func(context.Context) error {
	return func(ctx context.Context) error {
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, unix.SIGUSR2)
		defer signal.Stop(asked)
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-asked:
			}
			request, err := s.upgradeRequested()
			if err == nil {
				err = s.untilIdle(ctx, request.Wait)
			}
			if err == nil {
				s.upgrade = &request
				end()
				<-ctx.Done()
				return nil
			}
			if ctx.Err() == nil {
				s.log.WarnContext(ctx, "upgrade", "error", err)
				s.tellOutcome(upgradeOutcome{From: s.version, PID: os.Getpid(), Failed: err.Error()})
			}
		}
	}
}

// upgradeRequested reads and removes the request; without one it is for the program that is installed.
func (s *server) upgradeRequested() (upgradeRequest, error) {
	request := upgradeRequest{Wait: defaultUpgradeWait, Patience: defaultUpgradePatience}
	path := s.data.file(upgradeRequestFile)
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		request.Binary, err = os.Executable()
		request.Binary = strings.TrimSuffix(request.Binary, deletedSuffix)
		return request, err
	}
	if err != nil {
		return request, err
	}
	return request, errors.Join(json.Unmarshal(content, &request), os.Remove(path))
}

// forgetRequest removes a request that the daemon before did not come to.
func (s *server) forgetRequest() error {
	if err := os.Remove(s.data.file(upgradeRequestFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// untilIdle returns when nothing is being deployed.
func (s *server) untilIdle(ctx context.Context, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for s.platform.Busy() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("something is still being deployed after %s. Try again when that has ended", patience)
		case <-time.After(busyPoll):
		}
	}
	return nil
}

// handOver gives everything but the traffic to the next daemon. When that does not become ready, a process
// of this version gets it back, with the database as it was. An error means that nobody has it.
func (s *server) handOver(ctx context.Context) error {
	request := *s.upgrade
	s.log.InfoContext(ctx, "handing over", "to", request.Binary)
	if err := s.close(); err != nil {
		s.log.WarnContext(ctx, "hand over", "error", err)
	}
	outcome := upgradeOutcome{From: s.version}
	watching, unwatch := context.WithCancel(ctx)
	var watchdog sync.WaitGroup
	watchdog.Go(func() { _ = s.systemd.watch(watching, []string{onThisHost(s.ingress.Address())}) }) // all that this one still does
	defer watchdog.Wait()
	defer unwatch()
	undo, err := s.snapshot(ctx)
	if err == nil {
		outcome.PID, err = s.successor(ctx, request.Binary, request.Patience)
	}
	if err != nil {
		outcome.Failed = err.Error()
		s.log.ErrorContext(ctx, "the new version is undone", "error", err)
		if err := undo(); err != nil {
			return err
		}
		if outcome.PID, err = s.successor(ctx, ownProgram, ownPatience); err != nil {
			return fmt.Errorf("the version before, started again: %w", err)
		}
	}
	s.tellOutcome(outcome)
	s.leave()
	<-ctx.Done()
	return nil
}

func (s *server) tellOutcome(outcome upgradeOutcome) {
	content, err := json.Marshal(outcome)
	if err == nil {
		err = writeDurably(filepath.Join(s.config.DataDir, upgradeOutcomeFile), content)
	}
	if err != nil {
		s.log.Warn("say what came of the upgrade", "error", err)
	}
}

// snapshot copies the database, and returns what puts it back. PostgreSQL takes back a migration that fails by
// itself.
func (s *server) snapshot(ctx context.Context) (undo func() error, err error) {
	options := storeOptions(s.config)
	if options.URL != "" {
		return func() error { return nil }, nil
	}
	file := filepath.Join(s.config.DataDir, beforeFile)
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return func() error { return nil }, err
	}
	if err := store.Backup(ctx, options, file); err != nil {
		return func() error { return nil }, err
	}
	return func() error { return store.Restore(options, file) }, nil
}

// successor starts a daemon that takes over the sockets, and returns its number when it is ready.
func (s *server) successor(ctx context.Context, binary string, patience time.Duration) (int, error) {
	ready, told, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer ready.Close()
	defer told.Close()
	command := exec.Command(binary, os.Args[1:]...)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.ExtraFiles = slices.Concat(s.sockets.bound, []*os.File{told})
	// The watchdog is for whichever process of the unit serves (sd_watchdog_enabled(3)).
	environment := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "WATCHDOG_PID=") })
	command.Env = append(environment, handedVariable+"="+strings.Join(slices.Concat(s.sockets.names, []string{readyName}), ":"))
	if err := command.Start(); err != nil {
		return 0, fmt.Errorf("start %s: %w", binary, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }() // it ends with the daemon, or with this process
	_ = told.Close()                        // the next one alone has it now
	said := make(chan error, 1)
	go func() {
		word := make([]byte, len(readyWord))
		_, err := ready.Read(word)
		said <- err
	}()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case err = <-said:
		if err == nil {
			return command.Process.Pid, nil
		}
		err = fmt.Errorf("it ended before it was ready: %w; the log has its last words", <-ended)
		return 0, err
	case <-timer.C:
		err = fmt.Errorf("it was not ready within %s", patience)
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	_ = command.Process.Kill()
	<-ended
	return 0, err
}

// tellReady says to the daemon before, when there is one, that this one has taken over.
func (s *server) tellReady() error {
	told := s.sockets.ready
	if told == nil {
		return nil
	}
	s.sockets.ready = nil
	_, err := told.WriteString(readyWord)
	return errors.Join(err, told.Close())
}
