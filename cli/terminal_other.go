//go:build !unix

package cli

import "os"

// notifySize does nothing: here a terminal does not tell when its size changes.
func notifySize(chan<- os.Signal) {}
