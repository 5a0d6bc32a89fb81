package cli

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
)

// capacity is what this host has. Memory and load are as Linux tells them (proc(5)).
func (d disks) capacity() (capacity paas.Capacity, err error) {
	capacity.Cores = runtime.NumCPU()
	if capacity.Disk, capacity.DiskFree, err = d.fullest(); err != nil {
		return capacity, err
	}
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return capacity, fmt.Errorf("read the host's load: %w", err)
	}
	lastMinute, _, _ := strings.Cut(string(load), " ")
	if capacity.Load, err = strconv.ParseFloat(lastMinute, 64); err != nil {
		return capacity, fmt.Errorf("read the host's load: %w", err)
	}
	capacity.Memory, capacity.MemoryFree, err = hostMemory("/proc/meminfo")
	return capacity, err
}

// hostMemory reads how much memory there is and how much of it programs can have.
func hostMemory(path string) (total, available int64, err error) {
	file, err := os.Open(path)
	if err != nil {
		return 0, 0, fmt.Errorf("read the host's memory: %w", err)
	}
	defer file.Close()
	amounts := map[string]int64{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		kibibytes, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		if err == nil {
			amounts[name] = kibibytes << 10
		}
	}
	if amounts["MemTotal"] == 0 {
		return 0, 0, fmt.Errorf("read the host's memory: %s does not say how much there is", path)
	}
	return amounts["MemTotal"], amounts["MemAvailable"], nil
}
