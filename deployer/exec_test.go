package deployer

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

func TestCommandsInAContainer(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	plain := run(t, e, spec())
	s := spec()
	s.Image = images.buildpack
	packed := run(t, e, s)
	for name, test := range map[string]struct {
		in      paas.ContainerID
		command []string
		input   string
		want    paas.Ending
		output  string
		errors  string
	}{
		"says something":   {plain.ID, []string{"/app", "say", "a b", "$HOME"}, "", paas.Ending{}, "says a b|$HOME as 1000\n", "and complains\n"},
		"reads its input":  {plain.ID, []string{"/app", "shout"}, "hello", paas.Ending{}, "HELLO <nil>\n", ""},
		"fails":            {plain.ID, []string{"/app", "end", "3"}, "", paas.Ending{ExitCode: 3}, "", ""},
		"with a launcher":  {packed.ID, []string{"/app", "say", "x"}, "", paas.Ending{}, "says x as 1001\n", "and complains\n"},
		"eats the memory":  {packed.ID, []string{"/app", "eat"}, "", paas.Ending{ExitCode: 137, OOMKilled: true}, "", ""},
		"has one terminal": {plain.ID, []string{"/app", "say", "x"}, "", paas.Ending{}, "says x as 1000\r\nand complains\r\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var output, failures bytes.Buffer
			streams := paas.Streams{Output: &output, Errors: &failures}
			if test.input != "" {
				streams.Input = strings.NewReader(test.input)
			}
			if name == "has one terminal" {
				streams.Terminal = &paas.Terminal{Size: paas.TerminalSize{Rows: 24, Columns: 80}}
			}
			got, err := e.Exec(t.Context(), test.in, test.command, streams)
			if err != nil || got != test.want || output.String() != test.output || failures.String() != test.errors {
				t.Errorf("%+v %v\noutput %q\nerrors %q", got, err, output.String(), failures.String())
			}
		})
	}
	if got, err := e.Exec(t.Context(), plain.ID, []string{"/nothing"}, paas.Streams{}); err != nil || got.ExitCode != 126 && got.ExitCode != 127 {
		t.Errorf("a program that is not there: %+v %v", got, err)
	}
	if _, err := e.Exec(t.Context(), "nothing", []string{"/app"}, paas.Streams{}); !paas.IsKind(err, paas.NotFound) {
		t.Errorf("a container that is not there: %v", err)
	}
	if err := e.Stop(t.Context(), plain.ID, time.Second); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Exec(t.Context(), plain.ID, []string{"/app"}, paas.Streams{}); !paas.IsKind(err, paas.Conflict) {
		t.Errorf("a container that does not run: %v", err)
	}
}

func TestCommandsEndWithTheirCaller(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	started := run(t, e, spec())
	processes := func() uint64 {
		measured, err := e.Statistics(t.Context(), started.ID)
		if err != nil {
			t.Fatal(err)
		}
		return measured.PIDs
	}
	before := processes()
	for _, terminal := range []*paas.Terminal{nil, {Size: paas.TerminalSize{Rows: 24, Columns: 80}}} {
		ctx, cancel := context.WithCancel(t.Context())
		var output recorder
		done := make(chan error, 1)
		go func() {
			_, err := e.Exec(ctx, started.ID, []string{"/app", "nest"}, paas.Streams{Output: &output, Terminal: terminal})
			done <- err
		}()
		eventually(t, "it waits", func() bool { return strings.Contains(output.String(), "waits") })
		if now := processes(); now <= before {
			t.Errorf("%d processes, %d before", now, before)
		}
		cancel()
		if err := <-done; err == nil {
			t.Error("an ended caller got no error")
		}
		eventually(t, "the command and its child are gone", func() bool { return processes() <= before })
	}
	if got := find(t, e, started.ID); !got.Running {
		t.Errorf("the container: %+v", got)
	}
}
