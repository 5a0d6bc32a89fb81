package http1

import "golang.org/x/sys/unix"

func peekSocket(fd uintptr, into []byte) (int, error) {
	n, _, err := unix.Recvfrom(int(fd), into, unix.MSG_PEEK|unix.MSG_DONTWAIT)
	return n, err
}
