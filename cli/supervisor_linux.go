package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// supervisor is whoever started the daemon and watches over it, when that is systemd (sd_notify(3)).
type supervisor struct {
	log *slog.Logger
}

// ready says that everything serves, and which process does: it may have taken over from another.
func (s supervisor) ready() { s.tell(fmt.Sprintf("MAINPID=%d\n%s", os.Getpid(), daemon.SdNotifyReady)) }

// ending says that the daemon ends because it was asked to.
func (s supervisor) ending() { s.tell(daemon.SdNotifyStopping) }

func (s supervisor) tell(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		s.log.Warn("tell systemd", "state", state, "error", err)
	}
}

// watch tells the supervisor, as often as it asks for that (WatchdogSec=), that all addresses still answer.
// When one no longer does it is not told, and ends the daemon and starts it anew.
func (s supervisor) watch(ctx context.Context, addresses []string) error {
	patience, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		s.log.WarnContext(ctx, "the watchdog is off", "error", err)
	}
	if err != nil || patience == 0 {
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(patience / 3)
	defer tick.Stop()
	for {
		if unheard := silent(ctx, addresses, patience/3); unheard == "" {
			s.tell(daemon.SdNotifyWatchdog)
		} else if ctx.Err() == nil {
			s.log.WarnContext(ctx, "an address of ours does not answer; the watchdog is not told", "address", unheard)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// silent is the first address at which no HTTP server answers, whatever it answers; empty when all do. To
// close the connection is an answer, too: there may be too many from here, or one that a proxy should announce.
func silent(ctx context.Context, addresses []string, within time.Duration) string {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for _, address := range addresses {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/healthz", http.NoBody)
		if err != nil {
			return address
		}
		response, err := client.Do(request)
		switch {
		case err == nil:
			_ = response.Body.Close()
		case !errors.Is(err, io.EOF) && !errors.Is(err, syscall.ECONNRESET):
			return address
		}
	}
	return ""
}
