package ingress

import (
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

func TestTrafficIsCounted(t *testing.T) {
	i := running(t, Options{})
	i.Replace(live(upstream(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/bad":
			w.WriteHeader(http.StatusInternalServerError)
		case "/missing":
			w.WriteHeader(http.StatusNotFound)
		case "/broken":
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("short"))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		default:
			_, _ = w.Write([]byte("0123456789"))
		}
	})))
	client := newClient(t)
	for _, path := range []string{"/", "/", "/missing", "/bad", "/broken"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+i.Address()+path, nil)
		must(t, err)
		r.Host = string(app)
		if answer, err := client.Do(r); err == nil {
			_, _ = io.Copy(io.Discard, answer.Body) // the broken one to where it breaks
			_ = answer.Body.Close()
		}
	}
	i.Replace(live(unused(t))) // the counters outlive the route
	if status, _ := get(t, i, string(app)); status != http.StatusBadGateway {
		t.Errorf("no upstream: %d", status)
	}
	var seen paas.Traffic
	for deadline := time.Now().Add(5 * time.Second); seen.Requests < 6 && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		seen = i.Traffic()["p"]
	}
	var timed uint64
	for _, count := range seen.Latency {
		timed += count
	}
	if seen.Requests != 6 || seen.Errors != 3 || seen.Sent != 25 || timed != 6 {
		t.Errorf("counted %+v, want 6 requests, 3 errors, 25 bytes, 6 timed", seen)
	}
	i.Remove(app)
	if left := i.Traffic(); len(left) != 0 {
		t.Errorf("after its removal the project counts %v", left)
	}
}
