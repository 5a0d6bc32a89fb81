package ingress

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// BenchmarkIngress measures the ingress beside a bare Go proxy, nginx, HAProxy and Caddy, each in a
// process of its own, in front of the same application: 64 connections that stay. One turn is
// one run of a second against each, so that all are measured under the same load of the machine.
func BenchmarkIngress(b *testing.B) {
	for _, program := range []string{"wrk", "h2load", "nginx", "haproxy", "caddy"} {
		if _, err := exec.LookPath(program); err != nil {
			b.Skipf("%s is needed: apt-get install wrk nghttp2-client nginx-light haproxy caddy", program)
		}
	}
	application, _ := peer{"application", itself("application", 0)}.start(b, nil, "")
	secure := newPeersTLS(b)
	for _, kind := range []struct {
		name   string
		secure *peersTLS
		drive  driver
	}{
		{"200B", nil, getting(200)},
		{"100000B", nil, getting(100_000)},
		{"TLS-200B", secure, gettingSecurely(200, "--h1")},
		{"TLS-100000B", secure, gettingSecurely(100_000, "--h1")},
		{"h2-200B", secure, gettingSecurely(200, "-m4")},
		{"h2-100000B", secure, gettingSecurely(100_000, "-m4")},
		{"upload-100000B", nil, uploading(100_000)},
		{"WebSocket-echo", nil, echoing},
	} {
		b.Run(kind.name, func(b *testing.B) { benchmarkPeers(b, kind.name, application, kind.secure, kind.drive) })
	}
}

// driver puts load on an address for a second.
type driver func(b *testing.B, address string) loaded

// measured is what the runs against one peer add up to.
type measured struct {
	address string
	pid     int // 0: its CPU is not measured
	load    loaded
	cpu     time.Duration
	runs    int
}

func benchmarkPeers(b *testing.B, name, application string, secure *peersTLS, drive driver) {
	all := peers()
	results := make([]measured, len(all))
	for n, p := range all {
		address, process := p.start(b, secure, application)
		results[n] = measured{address: address, pid: process.Pid}
		drive(b, address) // its connections are there
	}
	direct := measured{address: application}
	for b.Loop() {
		if secure == nil {
			direct.run(b, drive)
		}
		for n := range results {
			results[n].run(b, drive)
		}
	}
	b.ReportMetric(0, "ns/op")
	fmt.Printf("\n%-22s %10s %10s %9s %9s %8s\n", name, "requests/s", "cpu us/req", "p50 ms", "p99 ms", "PSS MB")
	if secure == nil {
		direct.print(b, "direct")
	}
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

func (m *measured) run(b *testing.B, drive driver) {
	before := cpuTime(b, m.pid)
	seen := drive(b, m.address)
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

// getting has wrk ask for answers of a size, over 64 connections.
func getting(size int) driver {
	return func(b *testing.B, address string) loaded {
		return wrk(b, fmt.Sprintf("http://%s/%d", address, size))
	}
}

// uploading has it send bodies of a size.
func uploading(size int) driver {
	script := ""
	return func(b *testing.B, address string) loaded {
		if script == "" {
			script = filepath.Join(b.TempDir(), "upload.lua")
			must(b, os.WriteFile(script, fmt.Appendf(nil, "wrk.method = \"POST\"\nwrk.body = string.rep(\"x\", %d)\n", size), 0o600))
		}
		return wrk(b, "http://"+address+"/upload", "-s", script)
	}
}

func wrk(b *testing.B, url string, more ...string) loaded {
	b.Helper()
	arguments := append([]string{"--latency", "-t", "2", "-c", "64", "-d", "1s", "-H", "Host: " + peerHost(0)}, more...)
	out, err := exec.Command("wrk", append(arguments, url)...).CombinedOutput()
	if err != nil {
		b.Fatalf("wrk: %v\n%s", err, out)
	}
	return parseWrk(b, out)
}

// gettingSecurely has h2load ask over TLS, over 64 connections; it knows the mean time alone, which stands for p50.
func gettingSecurely(size int, protocol string) driver {
	counts := regexp.MustCompile(`(?s)finished in [^,]+, ([0-9.]+) req/s.*requests: \d+ total, \d+ started, (\d+) done, (\d+) succeeded`)
	mean := regexp.MustCompile(`time for request: +\S+ +\S+ +(\S+)`)
	return func(b *testing.B, address string) (l loaded) {
		b.Helper()
		out, err := exec.Command("h2load", "-c", "64", "-t", "2", "-D", "1", protocol, "--connect-to="+address, fmt.Sprintf("https://%s/%d", peerHost(0), size)).CombinedOutput()
		found, took := counts.FindSubmatch(out), mean.FindSubmatch(out)
		if err != nil || found == nil || took == nil {
			b.Fatalf("h2load: %v\n%s", err, out)
		}
		l.rate, _ = strconv.ParseFloat(string(found[1]), 64)
		l.requests, _ = strconv.Atoi(string(found[2]))
		succeeded, _ := strconv.Atoi(string(found[3]))
		l.failed = l.requests - succeeded
		l.p50, _ = time.ParseDuration(string(took[1]))
		return l
	}
}

// echoing has 64 WebSockets say a line of 200 bytes and wait for it to come back, again and again for a second. A
// request is one line.
func echoing(b *testing.B, address string) (l loaded) {
	b.Helper()
	line := strings.Repeat("x", 199) + "\n"
	var talks sync.WaitGroup
	var mu sync.Mutex
	var took []time.Duration
	end := time.Now().Add(time.Second)
	for range 64 {
		talks.Go(func() {
			connection, err := net.Dial("tcp", address)
			if err != nil {
				b.Error(err)
				return
			}
			defer connection.Close()
			fmt.Fprintf(connection, "GET /ws HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", peerHost(0))
			reader := bufio.NewReader(connection)
			if answer, err := http.ReadResponse(reader, nil); err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
				b.Errorf("no upgrade: %v %v", answer, err)
				return
			}
			var own []time.Duration
			for began := time.Now(); began.Before(end); began = time.Now() {
				if _, err := io.WriteString(connection, line); err != nil {
					b.Error(err)
					return
				}
				if _, err := reader.ReadString('\n'); err != nil {
					b.Error(err)
					return
				}
				own = append(own, time.Since(began))
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, own...)
		})
	}
	talks.Wait()
	if len(took) == 0 {
		b.Fatal("nothing came back")
	}
	slices.Sort(took)
	return loaded{requests: len(took), rate: float64(len(took)), p50: took[len(took)/2], p99: took[len(took)*99/100]}
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
