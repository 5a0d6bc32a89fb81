package ingress

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkIngress measures the ingress beside a bare Go proxy, nginx, HAProxy and Caddy, each in a
// process of its own, in front of the same application: 64 connections that stay, from wrk. One turn is
// one run of a second against each, so that all are measured under the same load of the machine.
func BenchmarkIngress(b *testing.B) {
	for _, program := range []string{"wrk", "nginx", "haproxy", "caddy"} {
		if _, err := exec.LookPath(program); err != nil {
			b.Skipf("%s is needed: apt-get install wrk nginx-light haproxy caddy", program)
		}
	}
	application, _ := peer{"application", itself("application", 0)}.start(b, "")
	for _, size := range []int{200, 100_000} {
		b.Run(fmt.Sprintf("%dB", size), func(b *testing.B) { benchmarkPeers(b, application, size) })
	}
}

// measured is what the runs against one peer add up to.
type measured struct {
	address string
	pid     int // 0: its CPU is not measured
	load    loaded
	cpu     time.Duration
	runs    int
}

func benchmarkPeers(b *testing.B, application string, size int) {
	all := peers()
	results := make([]measured, len(all))
	for n, p := range all {
		address, process := p.start(b, application)
		results[n] = measured{address: address, pid: process.Pid}
		wrk(b, address, size) // its connections are there
	}
	direct := measured{address: application}
	for b.Loop() {
		direct.run(b, size)
		for n := range results {
			results[n].run(b, size)
		}
	}
	b.ReportMetric(0, "ns/op")
	fmt.Printf("\n%-22s %10s %10s %9s %9s %8s\n", fmt.Sprintf("%d bytes", size), "requests/s", "cpu us/req", "p50 ms", "p99 ms", "PSS MB")
	direct.print(b, "direct")
	for n, p := range all {
		results[n].print(b, p.name)
	}
	b.ReportMetric(results[0].perRequest(), "ingress-us/req")
	b.ReportMetric(bare(all, results).perRequest()/results[0].perRequest(), "bare/ingress")
	b.ReportMetric(results[2].perRequest()/results[0].perRequest(), "10000-hosts/1-host")
}

func bare(all []peer, results []measured) *measured {
	for n, p := range all {
		if p.name == "bare" {
			return &results[n]
		}
	}
	return &measured{}
}

func (m *measured) run(b *testing.B, size int) {
	before := cpuTime(b, m.pid)
	seen := wrk(b, m.address, size)
	m.cpu += cpuTime(b, m.pid) - before
	m.load.requests += seen.requests
	m.load.rate += seen.rate
	m.load.p50 += seen.p50
	m.load.p99 += seen.p99
	m.runs++
	if seen.failed > 0 {
		b.Errorf("%s: %d of %d requests failed", m.address, seen.failed, seen.requests)
	}
}

// perRequest is in microseconds of CPU.
func (m *measured) perRequest() float64 {
	return float64(m.cpu.Microseconds()) / max(1, float64(m.load.requests))
}

func (m *measured) print(b *testing.B, name string) {
	runs := float64(max(1, m.runs))
	fmt.Printf("%-22s %10.0f %10.1f %9.2f %9.2f %8.1f\n", name, m.load.rate/runs, m.perRequest(),
		m.load.p50.Seconds()*1e3/runs, m.load.p99.Seconds()*1e3/runs, pss(b, m.pid))
}

// loaded is what wrk says.
type loaded struct {
	requests, failed int
	rate             float64
	p50, p99         time.Duration
}

// wrk sends requests over 64 connections for a second.
func wrk(b *testing.B, address string, size int) loaded {
	b.Helper()
	out, err := exec.Command("wrk", "--latency", "-t", "2", "-c", "64", "-d", "1s",
		"-H", "Host: "+peerHost(0), fmt.Sprintf("http://%s/%d", address, size)).CombinedOutput()
	if err != nil {
		b.Fatalf("wrk: %v\n%s", err, out)
	}
	return parseWrk(b, out)
}

func parseWrk(b *testing.B, out []byte) (l loaded) {
	b.Helper()
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		switch {
		case len(fields) == 2 && fields[0] == "50%":
			l.p50, _ = time.ParseDuration(fields[1])
		case len(fields) == 2 && fields[0] == "99%":
			l.p99, _ = time.ParseDuration(fields[1])
		case len(fields) > 2 && fields[1] == "requests":
			l.requests, _ = strconv.Atoi(fields[0])
		case len(fields) == 2 && fields[0] == "Requests/sec:":
			l.rate, _ = strconv.ParseFloat(fields[1], 64)
		case strings.HasPrefix(lines.Text(), "  Non-2xx"):
			l.failed, _ = strconv.Atoi(fields[len(fields)-1])
		case strings.HasPrefix(lines.Text(), "  Socket errors"):
			b.Log(lines.Text())
		}
	}
	if l.requests == 0 {
		b.Fatalf("wrk says:\n%s", out)
	}
	return l
}

// family is a process and its children.
func family(pid int) []int {
	all := []int{pid}
	children, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range children {
		text, _ := os.ReadFile(file)
		for _, child := range strings.Fields(string(text)) {
			if number, err := strconv.Atoi(child); err == nil {
				all = append(all, family(number)...)
			}
		}
	}
	return all
}

// cpuTime is what a process and its children have used, in user and system mode (proc(5)).
func cpuTime(b *testing.B, pid int) time.Duration {
	b.Helper()
	if pid == 0 {
		return 0
	}
	var used time.Duration
	for _, one := range family(pid) {
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", one))
		for _, task := range tasks {
			text, err := os.ReadFile(task)
			if err != nil {
				continue // the thread has ended
			}
			nanoseconds, _, _ := strings.Cut(string(text), " ")
			n, _ := strconv.ParseInt(nanoseconds, 10, 64)
			used += time.Duration(n)
		}
	}
	return used
}

// pss is a process's and its children's proportional share of memory, in MB.
func pss(b *testing.B, pid int) (megabytes float64) {
	b.Helper()
	if pid == 0 {
		return 0
	}
	for _, one := range family(pid) {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", one))
		must(b, err)
		for line := range strings.Lines(string(text)) {
			if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "Pss:" {
				kilobytes, _ := strconv.ParseFloat(fields[1], 64)
				megabytes += kilobytes / 1000
			}
		}
	}
	return megabytes
}
