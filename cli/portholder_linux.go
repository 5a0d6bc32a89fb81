package cli

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// explainListen turns "address already in use" into who holds the port, where that can be seen, and
// the configuration key to change. keys are those keys by the address that each of them says.
func explainListen(err error, keys map[string]string) error {
	if err == nil || !errors.Is(err, syscall.EADDRINUSE) {
		return err
	}
	address, key := takenOf(err, keys)
	holder := portHolder(address)
	if holder != "" {
		holder = " by " + holder
	}
	return fmt.Errorf("%s is taken%s: end that, or choose another address with %s (%s)", address, holder, key, environmentName(key))
}

// takenOf is the address, of several, that the error is about, with its key.
func takenOf(err error, keys map[string]string) (address, key string) {
	var op *net.OpError
	var port string
	if errors.As(err, &op) && op.Addr != nil {
		_, port, _ = net.SplitHostPort(op.Addr.String())
	}
	for address, key = range keys {
		if _, said, _ := net.SplitHostPort(address); said == port {
			break
		}
	}
	return address, key
}

// portHolder names the process that listens at the address's port: "nginx (process 812)".
func portHolder(address string) string {
	_, port, err := net.SplitHostPort(address)
	number, err2 := strconv.Atoi(port)
	if err != nil || err2 != nil {
		return ""
	}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		for _, inode := range listeningInodes(table, number) {
			if name := processOfSocket(inode); name != "" {
				return name
			}
		}
	}
	return ""
}

// listeningInodes reads proc(5)'s table of TCP sockets: local address in hexadecimal in column 1,
// state (0A: LISTEN) in column 3, inode in column 9.
func listeningInodes(table string, port int) []string {
	content, err := os.ReadFile(table)
	if err != nil {
		return nil
	}
	var inodes []string
	for line := range strings.Lines(string(content)) {
		fields := strings.Fields(line)
		if len(fields) > 9 && fields[3] == "0A" && strings.HasSuffix(fields[1], fmt.Sprintf(":%04X", port)) {
			inodes = append(inodes, fields[9])
		}
	}
	return inodes
}

func processOfSocket(inode string) string {
	links, _ := filepath.Glob("/proc/[0-9]*/fd/*")
	for _, link := range links {
		if target, err := os.Readlink(link); err != nil || target != "socket:["+inode+"]" {
			continue
		}
		pid := strings.Split(link, "/")[2]
		name, _ := os.ReadFile("/proc/" + pid + "/comm")
		return fmt.Sprintf("%s (process %s)", strings.TrimSpace(string(name)), pid)
	}
	return ""
}
