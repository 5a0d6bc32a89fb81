package gitserver_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/gliderlabs/ssh"
	gossh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/paastech-cloud/paastech/gitserver"
)

// BenchmarkPush is what our server adds to a push that builds nothing, beside the smallest server that
// can be written with the same library: both take the same pushes in turns. Aim: a ratio of 1.2.
func BenchmarkDeployPushTiny(b *testing.B) { benchmarkPush(b, 0, 30) }
func BenchmarkDeployPush50MB(b *testing.B) { benchmarkPush(b, 50, 5) }

func benchmarkPush(b *testing.B, megabytes, pushes int) {
	w := newWorld(b, func(o *gitserver.Options) { o.MaxPush = 1 << 30 })
	ada := w.person("ada")
	project := ada.project("shop")
	dir := ada.repositoryFor(project)
	ada.git(dir, "push", "paastech", "main")
	bare, floorAddress := minimalServer(b, ada)
	ada.git(dir, "clone", "-q", "--bare", dir, bare)
	var ours, floor time.Duration
	var peak peakMemory
	stop := peak.watch()
	for range b.N {
		for i := range pushes {
			if megabytes > 0 {
				ada.large(dir, megabytes)
			} else {
				ada.commit(dir, "n", fmt.Sprint(b.N, i))
			}
			timed := map[bool]func(){
				true:  func() { ada.git(dir, "push", "paastech", "main:side") }, // not the deploy branch: nothing is built
				false: func() { ada.git(dir, "push", floorAddress, "main:side") },
			}
			for _, own := range []bool{i%2 == 0, i%2 == 1} {
				begin := time.Now()
				timed[own]()
				if own {
					ours += time.Since(begin)
				} else {
					floor += time.Since(begin)
				}
			}
		}
	}
	stop()
	n := float64(b.N * pushes)
	b.ReportMetric(float64(ours.Milliseconds())/n, "ms/push")
	b.ReportMetric(float64(floor.Milliseconds())/n, "floor-ms/push")
	b.ReportMetric(float64(ours)/float64(floor), "ratio")
	b.ReportMetric(float64(peak.bytes)/(1<<20), "peak-heap-MiB")
	b.ReportMetric(0, "ns/op")
}

// peakMemory is the most that heap and stacks of this process took: both servers are in it, the git
// processes and the client are not.
type peakMemory struct{ bytes uint64 }

// watch looks every few milliseconds until the function that it returns is called.
func (p *peakMemory) watch() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	watching.Go(func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			var stats runtime.MemStats
			runtime.ReadMemStats(&stats)
			p.bytes = max(p.bytes, stats.HeapInuse+stats.StackInuse)
			<-tick.C
		}
	})
	return func() { cancel(); watching.Wait() }
}

// minimalServer lets everyone do everything, with git receive-pack as it comes.
func minimalServer(b *testing.B, client *person) (bare, address string) {
	b.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	signer, err := gossh.NewSignerFromKey(private)
	if err != nil {
		b.Fatal(err)
	}
	bare = filepath.Join(b.TempDir(), "floor.git")
	server := &ssh.Server{
		HostSigners:      []ssh.Signer{signer},
		PublicKeyHandler: func(ssh.Context, ssh.PublicKey) bool { return true },
		Handler: func(s ssh.Session) {
			cmd := exec.Command("git", "receive-pack", bare)
			stdin, err := cmd.StdinPipe()
			if err != nil {
				s.Exit(1)
				return
			}
			cmd.Stdout, cmd.Stderr = s, s.Stderr()
			if err := cmd.Start(); err != nil {
				s.Exit(1)
				return
			}
			go func() {
				io.Copy(stdin, s)
				stdin.Close()
			}()
			s.Exit(exitStatus(cmd.Wait()))
		},
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	served := make(chan struct{})
	go func() { defer close(served); server.Serve(listener) }()
	b.Cleanup(func() { server.Close(); <-served })
	known, err := os.OpenFile(filepath.Join(client.home, "known_hosts"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	fmt.Fprintln(known, knownhosts.Line([]string{listener.Addr().String()}, signer.PublicKey()))
	known.Close()
	return bare, "ssh://git@" + listener.Addr().String() + bare
}

func exitStatus(err error) int {
	if err != nil {
		return 1
	}
	return 0
}
