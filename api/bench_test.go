package api_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/store/postgrestest"
)

// BenchmarkAPI asks for the account and for a list of 100 projects, each time with the session
// checked, beside a bare echo handler that answers the same bytes. Requests come from 64 connections
// that are kept open, in the same process, which costs both sides the same.
func BenchmarkAPI(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchmarkAPI(b, "") })
	b.Run("postgres", func(b *testing.B) {
		runtime.LockOSThread()
		server, err := postgrestest.Start()
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() {
			if err := server.Stop(); err != nil {
				b.Error(err)
			}
		})
		database, err := server.Empty(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		benchmarkAPI(b, database)
	})
}

func benchmarkAPI(b *testing.B, database string) {
	w := newWorldOn(b, database)
	for i := range 99 {
		if _, err := w.ada.CreateProject(b.Context(), fmt.Sprintf("project-%d", i)); err != nil {
			b.Fatal(err)
		}
	}
	for _, path := range []string{"/users/my", "/projects/my"} {
		b.Run(path[1:], func(b *testing.B) {
			ours := "http://" + w.server.Addr().String() + "/api/v1" + path
			floor := bareEcho(b, fetch(b, ours, w.ada.token))
			for b.Loop() {
				bare, real := rate(b, floor, w.ada.token), rate(b, ours, w.ada.token)
				b.ReportMetric(real, "req/s")
				b.ReportMetric(bare, "bare-req/s")
				b.ReportMetric(real/bare, "x-bare")
			}
		})
	}
}

// bareEcho answers every request with the same bytes.
func bareEcho(b *testing.B, body []byte) string {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	e := echo.New()
	e.GET("/", func(c echo.Context) error { return c.JSONBlob(http.StatusOK, body) })
	server := &http.Server{Handler: e}
	go server.Serve(listener)
	b.Cleanup(func() { server.Close() })
	return "http://" + listener.Addr().String() + "/"
}

func fetch(b *testing.B, url string, token paas.Secret) []byte {
	b.Helper()
	request, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
	if err != nil {
		b.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token.Reveal())
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		b.Fatalf("%s: %s, %v", url, response.Status, err)
	}
	return body
}

const (
	benchClients = 64
	benchTime    = 2 * time.Second
)

// rate measures requests a second.
func rate(b *testing.B, url string, token paas.Secret) float64 {
	b.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: benchClients}
	defer transport.CloseIdleConnections()
	var answered, failed atomic.Int64
	began := time.Now()
	done := make(chan struct{}, benchClients)
	for range benchClients {
		go func() {
			defer func() { done <- struct{}{} }()
			for time.Since(began) < benchTime {
				if ask(transport, url, token) {
					answered.Add(1)
				} else {
					failed.Add(1)
				}
			}
		}()
	}
	for range benchClients {
		<-done
	}
	if failed.Load() > 0 {
		b.Errorf("%s: %d requests failed", url, failed.Load())
	}
	return float64(answered.Load()) / time.Since(began).Seconds()
}

func ask(transport *http.Transport, url string, token paas.Secret) bool {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	request.Header.Set("Authorization", "Bearer "+token.Reveal())
	response, err := transport.RoundTrip(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	n, err := io.Copy(io.Discard, response.Body)
	return err == nil && n > 0 && response.StatusCode == http.StatusOK
}
