package cli

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
)

func TestPartsStopInReverseEachAfterTheNext(t *testing.T) {
	var order []string // written by one part at a time, which is what is tested
	ready := make(chan struct{}, 3)
	named := func(name string) part {
		return part{name, func(ctx context.Context) error {
			ready <- struct{}{}
			<-ctx.Done()
			order = append(order, name)
			return nil
		}}
	}
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for range 3 {
			<-ready
		}
		cancel()
	}()
	if err := serveAll(ctx, slog.New(slog.DiscardHandler), []part{named("a"), named("b"), named("c")}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(order, []string{"c", "b", "a"}) {
		t.Errorf("stopped in order %v", order)
	}
}

func TestOneDeadPartEndsAll(t *testing.T) {
	stopped := false
	healthy := part{"healthy", func(ctx context.Context) error { <-ctx.Done(); stopped = true; return nil }}
	for _, death := range []error{errors.New("listener broke"), nil} {
		stopped = false
		dead := part{"dead", func(context.Context) error { return death }}
		err := serveAll(t.Context(), slog.New(slog.DiscardHandler), []part{healthy, dead})
		if err == nil || !strings.HasPrefix(err.Error(), "dead: ") || !stopped {
			t.Errorf("death %v: error %v, stopped %t", death, err, stopped)
		}
	}
}
