package logbook_test

import (
	"bufio"
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/logbook"
	"github.com/paastech-cloud/paastech/paas"
)

// benchmarkBook is a logbook that runs until the benchmark ends.
func benchmarkBook(b *testing.B, dir string) *logbook.Logbook {
	b.Helper()
	book, err := logbook.Open(logbook.Options{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- book.Run(ctx) }()
	b.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	})
	return book
}

// BenchmarkLogbookAppend writes 64 MB of lines of 100 bytes in each turn: alone, beside a follower that
// never reads, and as the floor through a bare buffer into a bare file.
func BenchmarkLogbookAppend(b *testing.B) {
	const lines, length = 640_000, 100
	random := rand.New(rand.NewPCG(1, 2))
	texts := make([]string, 1000)
	for i := range texts {
		texts[i] = noise(random, length)
	}
	write := func(b *testing.B, book *logbook.Logbook) {
		b.SetBytes(lines * length)
		for b.Loop() {
			for n := range lines {
				if err := book.Append(b.Context(), project, line(n, texts[n%1000])); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	b.Run("floor", func(b *testing.B) {
		file, err := os.Create(filepath.Join(b.TempDir(), "floor"))
		if err != nil {
			b.Fatal(err)
		}
		defer file.Close()
		to := bufio.NewWriterSize(file, 128<<10)
		b.SetBytes(lines * length)
		for b.Loop() {
			for n := range lines {
				if _, err := to.WriteString(texts[n%1000] + "\n"); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
	b.Run("alone", func(b *testing.B) { write(b, benchmarkBook(b, b.TempDir())) })
	b.Run("unread", func(b *testing.B) {
		book := benchmarkBook(b, b.TempDir())
		if err := book.Append(b.Context(), project, line(0, "begun")); err != nil {
			b.Fatal(err)
		}
		next, stop := iter.Pull2(book.Read(b.Context(), project, paas.LogQuery{Follow: true}))
		defer stop()
		next()
		write(b, book)
	})
}

// BenchmarkLogbookTail reads the last 100 lines of a log at its quota, and as the ceiling all of it.
func BenchmarkLogbookTail(b *testing.B) {
	dir := b.TempDir()
	book := benchmarkBook(b, dir)
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 600_000 {
		if err := book.Append(b.Context(), project, line(n, fmt.Sprint(n, noise(random, 100)))); err != nil {
			b.Fatal(err)
		}
	}
	for plain := 2; plain > 1; time.Sleep(10 * time.Millisecond) {
		left, err := filepath.Glob(filepath.Join(dir, string(project), "*.log"))
		if err != nil {
			b.Fatal(err)
		}
		plain = len(left)
	}
	for name, tail := range map[string]int{"100": 100, "all": 0} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				lines := 0
				for _, err := range book.Read(b.Context(), project, paas.LogQuery{Tail: tail}) {
					if err != nil {
						b.Fatal(err)
					}
					lines++
				}
				if tail > 0 && lines != tail {
					b.Fatalf("%d lines", lines)
				}
				b.ReportMetric(float64(lines), "lines")
			}
		})
	}
}
