package gitserver_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/gitserver"
)

// T19: silent and banner-only connections from one address are held to the cap and closed within the
// grace, while another address pushes as if they were not there.
func TestSilentConnectionsAreBounded(t *testing.T) {
	const perSource, each = 10, 150
	grace := time.Duration(soak(3, 15)) * time.Second
	w := newWorld(t, func(o *gitserver.Options) { o.MaxPerSource, o.HandshakeTimeout = perSource, grace })
	ada := w.person("ada")
	dir := ada.repositoryFor(ada.project("shop"))
	before := memory()
	var flood []net.Conn
	for i := range 2 * each {
		conn, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}).Dial("tcp", w.server.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if i%2 == 1 {
			fmt.Fprint(conn, "SSH-2.0-banner_only\r\n")
		}
		flood = append(flood, conn)
	}
	began := time.Now()
	var reading sync.WaitGroup
	var mu sync.Mutex
	held, closed := 0, 0
	for _, conn := range flood {
		reading.Go(func() {
			greeting, _ := io.ReadAll(conn)
			mu.Lock()
			defer mu.Unlock()
			closed++
			if strings.HasPrefix(string(greeting), "SSH-2.0-PaaSTech") {
				held++
			}
		})
	}
	pushes := soak(5, 20)
	for i := range pushes {
		ada.commit(dir, "n", fmt.Sprint(i))
		ada.git(dir, "push", "paastech", "main")
	}
	grown := memory() - before
	reading.Wait()
	if held != perSource || closed != 2*each {
		t.Errorf("%d of %d connections were let in, %d were closed", held, 2*each, closed)
	}
	if w.builder.count() != pushes {
		t.Errorf("%d of %d pushes", w.builder.count(), pushes)
	}
	if took := time.Since(began); os.Getenv("PAASTECH_SOAK") != "" && took > grace+2*time.Second {
		t.Errorf("the last connection was closed after %v", took)
	}
	if grown > 10<<20 {
		t.Errorf("memory grew by %d bytes", grown)
	}
}

// memory is what the heap and the stacks take.
func memory() int64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc + stats.StackInuse)
}

// An authenticated connection without a command, and a command in which nothing moves, end too; the
// room they took is free again.
func TestIdleConnectionsEnd(t *testing.T) {
	w := newWorld(t, func(o *gitserver.Options) { o.IdleTimeout, o.MaxPerSource = 300*time.Millisecond, 1 })
	ada := w.person("ada")
	ada.project("shop")
	client, err := dial(w, ada.signer("id"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := dial(w, ada.signer("id")); err == nil {
		t.Error("the cap was not kept")
	}
	session, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	stdin, err := session.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	if err := session.Start("git-upload-pack '/ada/shop.git'"); err != nil {
		t.Fatal(err)
	}
	if err := client.Wait(); err == nil {
		t.Error("closed without a reason")
	}
	until(t, "git is gone", func() bool { return len(gits(w)) == 0 })
	until(t, "there is room", func() bool {
		again, err := dial(w, ada.signer("id"))
		if err == nil {
			again.Close()
		}
		return err == nil
	})
}
