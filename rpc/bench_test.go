package rpc_test

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/paas/paastest"
	"github.com/paastech-cloud/paastech/rpc/rpctest"
)

// idle is an engine that does nothing, so that the way to it is all that is measured.
type idle struct {
	paastest.Engine
	containers []paas.Container
}

func (e idle) Containers(context.Context) ([]paas.Container, error) { return e.containers, nil }

func (e idle) Output(_ context.Context, _ paas.ContainerID, since time.Time, each func(paas.LogLine) error) error {
	for range benchLines {
		if err := each(paas.LogLine{At: since, Process: "web", Index: 1, Stream: paas.Stdout, Text: "GET / 200 12 ms"}); err != nil {
			return err
		}
	}
	return nil
}

const benchLines = 1000

// BenchmarkSplit measures calls of an engine in this process and of the same behind the wire, over loopback and
// mutual TLS: what a call costs for going to another process.
func BenchmarkSplit(b *testing.B) {
	engine := idle{}
	for i := range 500 {
		engine.containers = append(engine.containers, paas.Container{
			ID: paas.ContainerID(fmt.Sprintf("%064d", i)), Project: shop, Process: "web", Index: 1, Port: 8080, Running: true, Kept: true,
			Address: netip.AddrFrom4([4]byte{10, 214, 3, 2}), StartedAt: time.Now(), Memory: 512 << 20,
		})
	}
	b.Run("local", func(b *testing.B) { benchEngine(b, engine) })
	b.Run("remote", func(b *testing.B) { benchEngine(b, rpctest.Engine(b, engine)) })
}

func benchEngine(b *testing.B, engine paas.Engine) {
	calls := map[string]func(ctx context.Context) error{
		"keep": func(ctx context.Context) error { return engine.Keep(ctx, "c") },
		"list500": func(ctx context.Context) error {
			all, err := engine.Containers(ctx)
			if err == nil && len(all) != 500 {
				err = fmt.Errorf("%d containers", len(all))
			}
			return err
		},
		"exec": func(ctx context.Context) error {
			_, err := engine.Exec(ctx, "c", []string{"true"}, paas.Streams{Output: io.Discard})
			return err
		},
		"log1000": func(ctx context.Context) error {
			lines := 0
			err := engine.Output(ctx, "c", time.Now(), func(paas.LogLine) error { lines++; return nil })
			if err == nil && lines != benchLines {
				err = fmt.Errorf("%d lines", lines)
			}
			return err
		},
	}
	for _, name := range []string{"keep", "list500", "exec", "log1000"} {
		b.Run(name, func(b *testing.B) {
			const many = 100 // of each, so that a benchmark of a few rounds says something
			began := time.Now()
			rounds := 0
			for b.Loop() {
				for range many {
					if err := calls[name](b.Context()); err != nil {
						b.Fatal(err)
					}
				}
				rounds++
			}
			b.ReportMetric(float64(time.Since(began).Microseconds())/float64(rounds*many), "µs/call")
		})
	}
}
