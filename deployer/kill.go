package deployer

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// kill ends a process of a container and all that it has started. It is stopped first, so that it
// starts nothing between the look at its children and its end.
func (p process) kill(container string) {
	handle, err := unix.PidfdOpen(p.pid, 0)
	if err != nil {
		return // it has ended
	}
	defer unix.Close(handle)
	if _, still := processOf(container, p.pid); !still { // the number could have become another's
		return
	}
	_ = unix.PidfdSendSignal(handle, unix.SIGSTOP, nil, 0)
	for _, child := range p.children() {
		if process, ok := processOf(container, child); ok {
			process.kill(container)
		}
	}
	_ = unix.PidfdSendSignal(handle, unix.SIGKILL, nil, 0)
}

// children are what a process has started, by any of its threads: the kernel lists them by thread.
func (p process) children() []int {
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", p.pid)) // the pattern is well-formed
	var found []int
	for _, list := range lists {
		content, err := os.ReadFile(list)
		if err != nil {
			continue // the thread has ended
		}
		for text := range strings.FieldsSeq(string(content)) {
			if pid, err := strconv.Atoi(text); err == nil {
				found = append(found, pid)
			}
		}
	}
	return found
}
