package gitserver

import (
	"os/exec"
	"syscall"
)

// ownGroup lets signals reach git's children with it, and keeps a terminal's Ctrl-C from it.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func signalGroup(cmd *exec.Cmd, signal syscall.Signal) error {
	return syscall.Kill(-cmd.Process.Pid, signal)
}
