package deployer

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// oneOffSpec is a container that does what its arguments say.
func oneOffSpec(arguments ...string) paas.ContainerSpec {
	s := spec()
	s.Process, s.OneOff, s.Hostname, s.Port, s.Args = "run", true, "", 0, arguments
	return s
}

// recorder is a writer that a test looks into while it is written to.
type recorder struct {
	mutex sync.Mutex
	text  bytes.Buffer // guarded by mutex
}

func (r *recorder) Write(text []byte) (int, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.text.Write(text)
}

func (r *recorder) String() string {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	return r.text.String()
}

// nothingLeft checks that no container and no network of the engine's is there.
func nothingLeft(t *testing.T, e *Engine) {
	t.Helper()
	all, err := e.Containers(context.WithoutCancel(t.Context()))
	if err != nil || len(all) != 0 {
		t.Errorf("containers that are left: %+v %v", all, err)
	}
	if names := networkNames(t, e); len(names) != 0 {
		t.Errorf("networks that are left: %v", names)
	}
}

func TestRunsEndWithTheirCodeAndLeaveNothing(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	packed := oneOffSpec("/app", "say", "a b")
	packed.Image = images.buildpack
	line := packed
	line.Args, line.Command = nil, `echo "$HOME" && ls; x`
	plainLine := oneOffSpec()
	plainLine.Command = line.Command
	for name, test := range map[string]struct {
		spec   paas.ContainerSpec
		input  string
		want   paas.Ending
		output string
		errors string
	}{
		"says something":         {oneOffSpec("say", "a b", "$HOME"), "", paas.Ending{}, "says a b|$HOME as 1000\n", "and complains\n"},
		"reads its input":        {oneOffSpec("shout"), "hello", paas.Ending{}, "HELLO <nil>\n", ""},
		"has none":               {oneOffSpec("shout"), "", paas.Ending{}, " <nil>\n", ""},
		"fails":                  {oneOffSpec("end", "3"), "", paas.Ending{ExitCode: 3}, "", ""},
		"eats its memory":        {oneOffSpec("eat"), "", paas.Ending{ExitCode: 137, OOMKilled: true}, "", ""},
		"a buildpack's program":  {packed, "", paas.Ending{}, "says a b as 1001\n", "and complains\n"},
		"a line for a launcher":  {line, "", paas.Ending{}, "the launcher's shell reads [\"echo \\\"$HOME\\\" && ls; x\"]\n", ""},
		"a line for /bin/sh":     {plainLine, "", paas.Ending{}, "a shell reads [\"-c\" \"echo \\\"$HOME\\\" && ls; x\"]\n", ""},
		"a terminal has one end": {oneOffSpec("say", "x"), "", paas.Ending{}, "says x as 1000\r\nand complains\r\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var output, failures bytes.Buffer
			streams := paas.Streams{Output: &output, Errors: &failures}
			if test.input != "" {
				streams.Input = strings.NewReader(test.input)
			}
			if strings.HasPrefix(name, "a terminal") {
				streams.Terminal = &paas.Terminal{Size: paas.TerminalSize{Rows: 24, Columns: 80}}
			}
			got, err := e.Run(t.Context(), test.spec, streams)
			if err != nil || got != test.want || output.String() != test.output || failures.String() != test.errors {
				t.Errorf("%+v %v\noutput %q\nerrors %q", got, err, output.String(), failures.String())
			}
		})
	}
	t.Cleanup(func() { nothingLeft(t, e) })
}

func TestRunsEndWithTheirCaller(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	ctx, cancel := context.WithCancel(t.Context())
	var output recorder
	reader, writer := io.Pipe()
	defer writer.Close()
	done := make(chan error, 1)
	go func() {
		_, err := e.Run(ctx, oneOffSpec("wait"), paas.Streams{Input: reader, Output: &output})
		done <- err
	}()
	eventually(t, "it waits", func() bool { return strings.Contains(output.String(), "waits") })
	all, err := e.Containers(t.Context())
	if err != nil || len(all) != 1 || !all[0].OneOff || all[0].Kept || all[0].Port != 0 {
		t.Errorf("while it runs: %+v %v", all, err)
	}
	found, err := e.inspect(t.Context(), all[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	checkHardening(t, found, e.options)
	for label := range found.Config.Labels {
		if strings.HasPrefix(label, "traefik.http") {
			t.Errorf("it takes traffic: %s", label)
		}
	}
	cancel()
	select {
	case err := <-done:
		if err == nil {
			t.Error("an ended caller got no error")
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it did not end")
	}
	nothingLeft(t, e)
}

func TestTerminalsHaveASize(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	ctx, cancel := context.WithCancel(t.Context())
	resizes := make(chan paas.TerminalSize)
	var output recorder
	done := make(chan error, 1)
	go func() {
		_, err := e.Run(ctx, oneOffSpec("size"), paas.Streams{
			Input: strings.NewReader(""), Output: &output,
			Terminal: &paas.Terminal{Size: paas.TerminalSize{Rows: 30, Columns: 100}, Resizes: resizes},
		})
		done <- err
	}()
	defer func() {
		if t.Failed() {
			t.Logf("output %q", output.String())
		}
	}()
	eventually(t, "the first size is told", func() bool { return strings.Contains(output.String(), "30x100") })
	resizes <- paas.TerminalSize{Rows: 40, Columns: 120}
	eventually(t, "the next size is told", func() bool { return strings.Contains(output.String(), "40x120") })
	cancel()
	<-done
	nothingLeft(t, e)
}

func TestRunsThatCannotStartLeaveNothing(t *testing.T) {
	e := newEngine(t)
	s := oneOffSpec()
	s.Image = images.empty
	if _, err := e.Run(t.Context(), s, paas.Streams{}); !paas.IsKind(err, paas.Rejected) {
		t.Errorf("an image without a command: %v", err)
	}
	s.Image = images.foreign
	if _, err := e.Run(t.Context(), s, paas.Streams{}); !paas.IsKind(err, paas.Rejected) || !paas.IsCode(err, paas.EWrongArch) {
		t.Errorf("an image for another processor: %v", err)
	}
	nothingLeft(t, e)
}
