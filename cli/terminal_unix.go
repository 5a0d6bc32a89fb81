//go:build unix

package cli

import (
	"os"
	"os/signal"
	"syscall"
)

// notifySize has changed told whenever the terminal has another size.
func notifySize(changed chan<- os.Signal) { signal.Notify(changed, syscall.SIGWINCH) }
