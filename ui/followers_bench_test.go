package ui_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

const (
	followers  = 200
	burstLines = 200 // that an application writes in two seconds
	burstTakes = 2 * time.Second
	restTakes  = 30 * time.Second
)

// BenchmarkFollowers has 200 dashboards open that follow a project's log and events, in a process of
// their own, and measures what they cost the server: memory and processor time while nothing happens,
// processor time for each line that each of them is told, and how long after it was written a line is there.
func BenchmarkFollowers(b *testing.B) {
	v := newVisitor(b, withLogbook(b))
	v.login()
	project := v.project("hello")
	v.burst(project, 0)
	alone := v.rest()
	began := processorTime()
	v.burst(project, 0)
	writing := processorTime() - began

	audience := v.audience(project)
	rest := v.rest()
	var spent time.Duration
	var delays []time.Duration
	bursts := 0
	for b.Loop() {
		bursts++
		began := processorTime()
		v.burst(project, bursts)
		delays = append(delays, audience.heard(bursts)...)
		spent += processorTime() - began - writing
	}
	slices.Sort(delays)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(rest.memory-alone.memory)/followers, "KiB/follower")
	b.ReportMetric((rest.processor-alone.processor).Seconds()*1000*float64(time.Minute/restTakes)/followers, "idle-cpu-ms/follower/min")
	b.ReportMetric(float64(spent.Nanoseconds())/1000/float64(bursts*burstLines*followers), "cpu-µs/line/follower")
	b.ReportMetric(delays[len(delays)/2].Seconds()*1000, "delay-p50-ms")
	b.ReportMetric(delays[len(delays)*99/100].Seconds()*1000, "delay-p99-ms")
}

// burst writes lines as an application does, and changes the project at the end. The last line says
// which burst it is and when it was written.
func (v *visitor) burst(project paas.Project, number int) {
	v.t.Helper()
	for n := range burstLines - 1 {
		v.write(project, fmt.Sprintf("\x1b[32mINFO\x1b[0m request %d method=GET path=/planets/%d status=200 took=12ms", n, n))
		time.Sleep(burstTakes / burstLines)
	}
	name := fmt.Sprintf("hello-%d", number)
	_, err := v.platform.UpdateProject(v.t.Context(), v.ada, project.ID, paas.ProjectChange{Name: &name})
	v.must(err)
	v.write(project, fmt.Sprintf("burst %d at %d.", number, time.Now().UnixNano()))
}

// atRest is what the process takes while nothing happens.
type atRest struct {
	memory    int // KiB
	processor time.Duration
}

func (v *visitor) rest() atRest {
	v.t.Helper()
	debug.FreeOSMemory()
	began := processorTime()
	time.Sleep(restTakes)
	spent := processorTime() - began
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/smaps_rollup")
	v.must(err)
	parts := regexp.MustCompile(`Pss:\s+(\d+) kB`).FindStringSubmatch(string(text))
	memory, err := strconv.Atoi(parts[1])
	v.must(err)
	return atRest{memory, spent}
}

func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// audience is a process that follows.
type audience struct {
	t    testing.TB
	said *bufio.Scanner
}

const audienceAddress, audienceCookie = "PAASTECH_TEST_FOLLOW", "PAASTECH_TEST_COOKIE"

func (v *visitor) audience(project paas.Project) *audience {
	v.t.Helper()
	topics := url.Values{"topic": {"logs/" + string(project.ID) + "?after=" + positionNow(), "project/" + string(project.ID)}}
	address, err := url.Parse(v.base)
	v.must(err)
	cookie := v.Jar.Cookies(address)[0]
	process := exec.CommandContext(v.t.Context(), os.Args[0], "-test.run", "^TestAudience$", "-test.timeout", "0")
	process.Env = append(os.Environ(), audienceAddress+"="+v.base+"/dashboard/live?"+topics.Encode(), audienceCookie+"="+cookie.Name+"="+cookie.Value)
	process.Stderr = v.t.Output()
	out, err := process.StdoutPipe()
	v.must(err)
	v.must(process.Start())
	v.t.Cleanup(func() {
		_ = process.Process.Kill()
		_ = process.Wait()
	})
	c := &audience{v.t, bufio.NewScanner(out)}
	c.until("everybody follows")
	return c
}

func positionNow() string { return fmt.Sprintf("L%d-0", time.Now().Add(11*time.Second).UnixNano()) } // nothing of before

func (c *audience) until(beginning string) string {
	c.t.Helper()
	for c.said.Scan() {
		if rest, is := strings.CutPrefix(c.said.Text(), beginning); is {
			return rest
		}
	}
	c.t.Fatalf("the followers have ended before: %s", beginning)
	return ""
}

// heard is how long after it was written each follower had the last line of a burst.
func (c *audience) heard(number int) (delays []time.Duration) {
	c.t.Helper()
	for text := range strings.FieldsSeq(c.until(fmt.Sprintf("burst %d:", number))) {
		delay, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			c.t.Fatal(err)
		}
		delays = append(delays, time.Duration(delay))
	}
	return delays
}

// TestAudience is the process of BenchmarkFollowers that follows, and nothing when it is run by itself.
func TestAudience(t *testing.T) {
	address, cookie := os.Getenv(audienceAddress), os.Getenv(audienceCookie)
	if address == "" {
		return
	}
	type delay struct{ burst, took int }
	delays := make(chan delay, followers)
	var following sync.WaitGroup
	for range followers {
		request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Accept", "text/event-stream")
		request.Header.Set("Cookie", cookie)
		response, err := http.DefaultTransport.RoundTrip(request)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatal(err, response)
		}
		following.Go(func() {
			defer response.Body.Close()
			end := regexp.MustCompile(`burst (\d+) at (\d+)\.`)
			lines := bufio.NewScanner(response.Body)
			lines.Buffer(nil, 1<<20)
			for lines.Scan() {
				if parts := end.FindSubmatch(lines.Bytes()); parts != nil {
					burst, _ := strconv.Atoi(string(parts[1]))
					written, _ := strconv.ParseInt(string(parts[2]), 10, 64)
					delays <- delay{burst, int(time.Now().UnixNano() - written)}
				}
			}
			fmt.Fprintln(os.Stderr, "a follower has ended:", lines.Err())
		})
	}
	fmt.Println("everybody follows")
	of := map[int][]string{}
	for one := range delays {
		if of[one.burst] = append(of[one.burst], strconv.Itoa(one.took)); len(of[one.burst]) == followers {
			fmt.Printf("burst %d: %s\n", one.burst, strings.Join(of[one.burst], " "))
			delete(of, one.burst)
		}
	}
}
