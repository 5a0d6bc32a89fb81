package paas

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

// TestLimiterIsBounded is a part of trial T36: a hundred thousand addresses cost no more memory than
// fifty thousand, and windows that have ended go first.
func TestLimiterIsBounded(t *testing.T) {
	now := time.Now()
	l := newLimiter(10, time.Minute, func() time.Time { return now })
	for i := range 100_000 {
		if err := l.take(source(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}))); err != nil {
			t.Fatal(err)
		}
	}
	if len(l.windows) > maxWindows {
		t.Errorf("%d windows are kept", len(l.windows))
	}
	now = now.Add(time.Minute)
	l.take("one more")
	for i := len(l.windows); i < maxWindows; i++ {
		l.take(fmt.Sprint(i))
	}
	l.take("and one")
	if err := l.take("one more"); err != nil || l.windows["one more"].count != 2 {
		t.Errorf("a window that runs was forgotten before those that have ended: %d, %v", l.windows["one more"].count, err)
	}
}

func TestLimiterRefusesUntilTheWindowEnds(t *testing.T) {
	now := time.Now()
	l := newLimiter(2, time.Hour, func() time.Time { return now })
	for range 2 {
		if err := l.take("ada"); err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(30*time.Minute + time.Second)
	if err := l.take("ada"); !IsCode(err, ETooMany) || Public(err).RetryAfter != 30*time.Minute-time.Second || Public(err).Message != "Too many attempts. Try again in 30m." {
		t.Errorf("the third: %v, %s", err, Public(err).RetryAfter)
	}
	if err := l.take("bob"); err != nil {
		t.Errorf("somebody else: %v", err)
	}
	l.giveBack("ada")
	if err := l.take("ada"); err != nil {
		t.Errorf("after one was given back: %v", err)
	}
	now = now.Add(time.Hour)
	if err := l.take("ada"); err != nil {
		t.Errorf("in the next window: %v", err)
	}
}

func TestNeighboursOfAnIPv6AddressCountAsOne(t *testing.T) {
	for address, want := range map[string]string{
		"2001:db8:1:2:aaaa::1": "2001:db8:1:2::/64", "2001:db8:1:2:ffff::9": "2001:db8:1:2::/64",
		"::ffff:192.0.2.1": "192.0.2.1", "192.0.2.1": "192.0.2.1",
	} {
		if got := source(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s counts as %s, not %s", address, got, want)
		}
	}
}
