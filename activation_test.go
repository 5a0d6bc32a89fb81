package main

import (
	"cmp"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestKilledDaemonRefusesNobody plays systemd's part: it keeps the sockets open over a kill -9 of the daemon
// and starts it again, while requests go on, each over a connection of its own. New connections wait and are
// answered; only what was in flight at the moment of the kill may break.
func TestKilledDaemonRefusesNobody(t *testing.T) {
	kills, rate := 3, 60
	if os.Getenv("PAASTECH_SOAK") == "1" {
		kills, rate = 20, 300
	}
	a := newPlain(t, time.Second)
	a.kill()
	a.handOver()
	a.start()
	a.until("the application answers", a.answers)
	load := &freshLoad{a: a}
	stop := load.begin(rate)
	var moments []moment
	for range kills {
		time.Sleep(700 * time.Millisecond)
		killed := moment{from: time.Now()}
		a.kill()
		killed.to = time.Now()
		moments = append(moments, killed)
		a.start()
	}
	time.Sleep(500 * time.Millisecond)
	stop()
	broken := 0
	for _, failure := range load.failures {
		if !failure.connected || !failure.inFlightAt(moments) {
			t.Errorf("a request that began at %s and ended %s later: %s", failure.began.Format("05.000"), failure.took.Round(time.Millisecond), failure.how)
		}
		broken++
	}
	t.Logf("%d kills, %d requests, %d of them in flight at a kill and broken, the slowest took %s", kills, load.sent, broken, load.slowest.Round(time.Millisecond))
	if load.sent == 0 {
		t.Error("nothing was asked")
	}
}

// handOver binds the daemon's addresses; it gets the sockets at its next starts.
func (d *doomed) handOver() {
	d.t.Helper()
	d.sockets = map[string]*os.File{}
	for name, variable := range map[string]string{"http": "PAASTECH_INGRESS_LISTEN", "dashboard": "PAASTECH_SERVER_LISTEN", "git": "PAASTECH_GIT_LISTEN"} {
		listener, err := net.Listen("tcp", d.variable(variable))
		if err != nil {
			d.t.Fatal(err)
		}
		file, err := listener.(*net.TCPListener).File()
		if err != nil {
			d.t.Fatal(err)
		}
		listener.Close() // the file keeps it open
		d.t.Cleanup(func() { file.Close() })
		d.sockets[name] = file
	}
}

// serve is the command that is the daemon. The number of the process that sockets are meant for
// (sd_listen_fds(3)) is known only when it is there.
func (d *doomed) serve() *exec.Cmd {
	if d.sockets == nil {
		command := exec.Command(cmp.Or(d.program, "paastech"), "serve")
		command.Env = d.env
		return command
	}
	command := exec.Command("sh", "-c", "LISTEN_PID=$$ exec paastech serve")
	var names []string
	for name, file := range d.sockets {
		names = append(names, name)
		command.ExtraFiles = append(command.ExtraFiles, file)
	}
	command.Env = append(d.env[:len(d.env):len(d.env)], fmt.Sprint("LISTEN_FDS=", len(names)), "LISTEN_FDNAMES="+strings.Join(names, ":"))
	return command
}

// moment is when a daemon was killed.
type moment struct{ from, to time.Time }

// failure is a request that was not answered well.
type failure struct {
	began     time.Time
	took      time.Duration
	connected bool
	how       string
}

func (f failure) inFlightAt(moments []moment) bool {
	for _, m := range moments {
		if f.began.Before(m.to) && f.began.Add(f.took).After(m.from) {
			return true
		}
	}
	return false
}

// freshLoad asks an application over connections that nobody has used before.
type freshLoad struct {
	a *echo

	mu       sync.Mutex
	sent     int
	failures []failure
	slowest  time.Duration
}

// begin sends so many requests a second until it is told to stop; then all have ended.
func (l *freshLoad) begin(rate int) (stop func()) {
	ended := make(chan struct{})
	var asking sync.WaitGroup
	asking.Go(func() {
		tick := time.NewTicker(time.Second / time.Duration(rate))
		defer tick.Stop()
		for {
			select {
			case <-ended:
				return
			case <-tick.C:
				asking.Go(l.ask)
			}
		}
	})
	return func() { close(ended); asking.Wait() }
}

func (l *freshLoad) ask() {
	f := failure{began: time.Now()}
	transport := &http.Transport{DisableKeepAlives: true, Dial: func(network, address string) (net.Conn, error) {
		conn, err := net.DialTimeout(network, address, 20*time.Second)
		f.connected = err == nil
		return conn, err
	}}
	request, err := http.NewRequest(http.MethodGet, "http://"+l.a.ingress+"/", http.NoBody)
	if err == nil {
		request.Host = l.a.host
		var response *http.Response
		if response, err = (&http.Client{Transport: transport, Timeout: time.Minute}).Do(request); err == nil {
			_, err = io.Copy(io.Discard, response.Body)
			response.Body.Close()
			if err == nil && response.StatusCode != http.StatusOK {
				err = fmt.Errorf("%s", response.Status)
			}
		}
	}
	f.took = time.Since(f.began)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent++
	l.slowest = max(l.slowest, f.took)
	if err != nil {
		f.how = err.Error()
		l.failures = append(l.failures, f)
	}
}
