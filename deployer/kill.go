package deployer

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// kill ends a process of a container and all that it has started.
func (p process) kill(container string) {
	for _, child := range p.children() {
		if process, ok := processOf(container, child); ok {
			process.kill(container)
		}
	}
	handle, err := unix.PidfdOpen(p.pid, 0)
	if err != nil {
		return // it has ended
	}
	defer unix.Close(handle)
	if _, still := processOf(container, p.pid); still { // the number could have become another's
		_ = unix.PidfdSendSignal(handle, unix.SIGKILL, nil, 0)
	}
}

func (p process) children() []int {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", p.pid, p.pid))
	if err != nil {
		return nil
	}
	var found []int
	for text := range strings.FieldsSeq(string(content)) {
		if pid, err := strconv.Atoi(text); err == nil {
			found = append(found, pid)
		}
	}
	return found
}
