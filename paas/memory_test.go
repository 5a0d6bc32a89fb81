package paas_test

import (
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// TestMemoryOfLoginsIsGivenBack: what hashing takes is the system's again when log-ins have ended.
func TestMemoryOfLoginsIsGivenBack(t *testing.T) {
	w := newWorld(t)
	for range 5 {
		if _, _, err := w.Login(t.Context(), paas.LoginAttempt{Email: "ada@example.com", Password: "correct horse", From: netip.MustParseAddr("192.0.2.1")}); err != nil {
			t.Fatal(err)
		}
	}
	var memory runtime.MemStats
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		runtime.ReadMemStats(&memory)
		if kept := memory.HeapSys - memory.HeapReleased; kept < 19<<20 {
			return
		} else if time.Now().After(deadline) {
			t.Fatalf("%d MiB are kept", kept>>20)
		}
	}
}
