package deployer

import (
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/paastech-cloud/paastech/paas"
)

func TestStatistics(t *testing.T) {
	e := newEngine(t)
	started := run(t, e, spec())
	idle, err := e.Statistics(t.Context(), started.ID)
	if err != nil || idle.MemoryLimit != uint64(e.options.Memory) || idle.MemoryUsage == 0 || idle.MemoryUsage > 32<<20 || idle.CPUUsage > 50 {
		t.Errorf("idle: %+v %v", idle, err)
	}
	if idle.PIDs == 0 || idle.Received == 0 || idle.Sent == 0 {
		t.Errorf("it was asked whether it is ready: %+v", idle)
	}
	burned := make(chan string)
	go func() { burned <- ask(t, started, "/burn", "", "") }()
	busy := 0.0
	eventually(t, "its work shows", func() bool {
		time.Sleep(youngest)
		measured, err := e.Statistics(t.Context(), started.ID)
		busy = max(busy, measured.CPUUsage)
		return err != nil || busy > 20
	})
	<-burned
	if err := e.Stop(t.Context(), started.ID, time.Second); err != nil {
		t.Fatal(err)
	}
	if stopped, err := e.Statistics(t.Context(), started.ID); err != nil || stopped != (paas.Statistics{}) {
		t.Errorf("stopped: %+v %v", stopped, err)
	}
	if err := e.Remove(t.Context(), started.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Statistics(t.Context(), started.ID); !paas.IsKind(err, paas.NotFound) {
		t.Errorf("gone: %v", err)
	}
	if len(e.samples.latest) != 0 {
		t.Errorf("samples of what is gone: %v", e.samples.latest)
	}
}

func TestMemoryLeavesOutThePageCache(t *testing.T) {
	for name, test := range map[string]struct {
		stats map[string]uint64
		want  uint64
	}{
		"cgroup v1":    {map[string]uint64{"total_inactive_file": 30, "inactive_file": 99}, 70},
		"cgroup v2":    {map[string]uint64{"inactive_file": 40}, 60},
		"all is cache": {map[string]uint64{"inactive_file": 140}, 0},
		"not told":     {nil, 100},
	} {
		if got := memoryUsage(container.MemoryStats{Usage: 100, Stats: test.stats}); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}

func TestCPUIsPercentOfOneCore(t *testing.T) {
	start := time.Now()
	at := func(after, cpu time.Duration) sample { return sample{start.Add(after), cpu} }
	for name, test := range map[string]struct {
		before, after sample
		want          float64
	}{
		"half a core":   {at(0, time.Second), at(2*time.Second, 2*time.Second), 50},
		"two cores":     {at(0, 0), at(time.Second, 2*time.Second), 200},
		"started again": {at(0, time.Minute), at(time.Second, time.Second), 0},
		"no time":       {at(0, 0), at(0, time.Second), 0},
	} {
		if got := cpuPercent(test.before, test.after); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

func TestKernelTables(t *testing.T) {
	for cgroups, want := range map[string]string{
		"4:memory:/docker/abc\n0::/docker/abc\n":            "/sys/fs/cgroup/memory/docker/abc/memory.oom_control",
		"9:hugetlb,memory:/x\n":                             "/sys/fs/cgroup/memory/x/memory.oom_control",
		"0::/system.slice/docker-abc.scope\n":               "/sys/fs/cgroup/system.slice/docker-abc.scope/memory.events",
		"12:cpu,cpuacct:/y\n0::/../docker-abc.scope\nodd\n": "/sys/fs/docker-abc.scope/memory.events",
	} {
		if got := oomFile(cgroups); got != want {
			t.Errorf("%q: %s, want %s", cgroups, got, want)
		}
	}
	table := `  sl  local_address rem_address   st
   0: 0100007F:0BB8 00000000:0000 0A 00000000
   1: 0B00007F:A1B2 00000000:0000 0A 00000000
   2: 0100007F:0BB8 0100007F:D431 01 00000000
   3: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A
   4: 0000000000000000FFFF00000100007F:0051 00000000000000000000000000000000:0000 0A
   5: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A
   6: nonsense:zz x 0A`
	var got []string
	for _, socket := range parseListeners([]byte(table)) {
		got = append(got, socket.String())
	}
	want := []string{"127.0.0.1:3000", "[::]:8080", "127.0.0.1:81", "[::1]:80"}
	if len(got) != len(want) {
		t.Fatalf("%v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%s, want %s", got[i], want[i])
		}
	}
}
