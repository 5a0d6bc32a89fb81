package cli

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestCapacityOfThisHost(t *testing.T) {
	got, err := disks{t.TempDir()}.capacity()
	if err != nil || got.Cores != runtime.NumCPU() || got.Load < 0 || got.Memory < 64<<20 || got.MemoryFree <= 0 || got.MemoryFree > got.Memory || got.DiskFree <= 0 || got.DiskFree > got.Disk {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestHostMemory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "meminfo")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("MemTotal:       24614284 kB\nMemFree:          292880 kB\nMemAvailable:   15000000 kB\nHugePages_Total:       0\n")
	if total, available, err := hostMemory(path); total != 24614284<<10 || available != 15000000<<10 || err != nil {
		t.Errorf("got %d, %d, %v", total, available, err)
	}
	write("nothing known\n")
	if total, _, err := hostMemory(path); err == nil {
		t.Errorf("got %d", total)
	}
}
