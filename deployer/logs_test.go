package deployer

import (
	"bufio"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

func TestLogsAreBothStreamsInOrder(t *testing.T) {
	e := newEngine(t)
	started := run(t, e, spec("MODE", "chatty"))
	all := strings.Split(strings.TrimSpace(logsOf(t, e, started.ID, paas.LogOptions{})), "\n")
	var out, errors []string
	for _, line := range all {
		if strings.HasPrefix(line, "out") {
			out = append(out, line)
		} else if strings.HasPrefix(line, "err") {
			errors = append(errors, line)
		}
	}
	if len(all) != 42 || len(out) != 20 || len(errors) != 20 || out[7] != "out 7" || errors[7] != "err 7" {
		t.Errorf("%d lines: %q", len(all), all)
	}
	if got := logsOf(t, e, started.ID, paas.LogOptions{Tail: 2}); len(all) != 42 || got != all[40]+"\n"+all[41]+"\n" {
		t.Errorf("tail: %q", got)
	}
	stamped := strings.Split(logsOf(t, e, started.ID, paas.LogOptions{Timestamps: true}), "\n")
	stamp, text, _ := strings.Cut(stamped[21], " ")
	moment, err := time.Parse(time.RFC3339Nano, stamp)
	if err != nil || text != all[21] {
		t.Errorf("stamped line %q: %v", stamped[21], err)
	}
	if since := strings.Split(strings.TrimSpace(logsOf(t, e, started.ID, paas.LogOptions{Since: moment})), "\n"); len(since) != 42-21 {
		t.Errorf("since line 22 of 42: %d lines", len(since))
	}
	if err := e.Stop(t.Context(), started.ID, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	if got := logsOf(t, e, started.ID, paas.LogOptions{Tail: 1}); got != "cleaned up\n" {
		t.Errorf("of a stopped one: %q", got)
	}
}

func TestFollowedLogsEndWithTheContainerOrTheReader(t *testing.T) {
	e := newEngine(t)
	started := run(t, e, spec())
	reader, err := e.Logs(t.Context(), started.ID, paas.LogOptions{Follow: true})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	ctx, cancel := context.WithCancel(t.Context())
	impatient, err := e.Logs(ctx, started.ID, paas.LogOptions{Follow: true})
	if err != nil {
		t.Fatal(err)
	}
	defer impatient.Close()
	lines := bufio.NewScanner(impatient)
	for range 2 {
		if !lines.Scan() {
			t.Fatal(lines.Err())
		}
	}
	cancel()
	if lines.Scan() || lines.Err() != nil {
		t.Errorf("after the context: %q %v", lines.Text(), lines.Err())
	}
	if err := e.Stop(t.Context(), started.ID, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(reader); err != nil || !strings.HasSuffix(string(text), "cleaned up\n") {
		t.Errorf("followed to the end: %q %v", text, err)
	}
}
