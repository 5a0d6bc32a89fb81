package api_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

// callCommands calls what is asked over a WebSocket.
func callCommands(w *world, t *testing.T) {
	id := w.project.ID
	var output strings.Builder
	end, err := w.ada.RunCommand(t.Context(), id, []string{"exit", "7"}, paas.Streams{Output: &output})
	check(t, "run", err)
	if end.ExitCode != 7 {
		t.Errorf("run ended %+v with %q", end, output.String())
	}
	output.Reset()
	_, err = w.ada.Exec(t.Context(), id, "web.1", []string{"ls"}, paas.Streams{Output: &output})
	check(t, "exec", err)
	if !strings.Contains(output.String(), "ran ls") {
		t.Errorf("exec wrote %q", output.String())
	}
	for name, test := range map[string]struct {
		err  error
		kind paas.Kind
	}{
		"another's run":          {second(w.bob.RunCommand(t.Context(), id, []string{"ls"}, paas.Streams{})), paas.NotFound},
		"another's exec":         {second(w.bob.Exec(t.Context(), id, "", []string{"ls"}, paas.Streams{})), paas.NotFound},
		"run of nothing":         {second(w.ada.RunCommand(t.Context(), id, nil, paas.Streams{})), paas.Invalid},
		"exec in no container":   {second(w.ada.Exec(t.Context(), id, "web.9", []string{"ls"}, paas.Streams{})), paas.Conflict},
		"nobody is logged in":    {second(w.anonymous().RunCommand(t.Context(), id, []string{"ls"}, paas.Streams{})), paas.Unauthenticated},
		"a terminal like a wall": {second(w.ada.RunCommand(t.Context(), id, []string{"ls"}, paas.Streams{Terminal: &paas.Terminal{Size: paas.TerminalSize{Rows: 1 << 20}}})), paas.Invalid},
	} {
		if !paas.IsKind(test.err, test.kind) {
			t.Errorf("%s: %v", name, test.err)
		}
	}
}

// TestCommandsHaveStreams has the engine do what a container would.
func TestCommandsHaveStreams(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	sizes := make(chan paas.TerminalSize, 1)
	sizes <- paas.TerminalSize{Rows: 30, Columns: 100}
	w.engine.runs = func(_ context.Context, streams paas.Streams) (paas.Ending, error) {
		input, err := io.ReadAll(streams.Input)
		fmt.Fprintf(streams.Output, "%+v then %+v\n", streams.Terminal.Size, <-streams.Terminal.Resizes)
		fmt.Fprintln(streams.Errors, "and errors")
		fmt.Fprintf(streams.Output, "%d bytes %v", len(input), err)
		return paas.Ending{ExitCode: 137, OOMKilled: true}, nil
	}
	var output, failures strings.Builder
	end, err := w.ada.RunCommand(t.Context(), w.project.ID, []string{"any"}, paas.Streams{
		Input: strings.NewReader(strings.Repeat("input", 20_000)), Output: &output, Errors: &failures,
		Terminal: &paas.Terminal{Size: paas.TerminalSize{Rows: 24, Columns: 80}, Resizes: sizes},
	})
	want := "{Rows:24 Columns:80} then {Rows:30 Columns:100}\n100000 bytes <nil>"
	if err != nil || end != (wire.CommandEnd{ExitCode: 137, OOMKilled: true}) || output.String() != want || failures.String() != "and errors\n" {
		t.Errorf("%+v %v\noutput %q\nerrors %q", end, err, output.String(), failures.String())
	}
}

// TestCommandsEndWithTheirCallers ends a command whose caller goes away, whatever it does with its input.
func TestCommandsEndWithTheirCallers(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	begun, ended := make(chan struct{}), make(chan struct{})
	w.engine.runs = func(ctx context.Context, streams paas.Streams) (paas.Ending, error) {
		close(begun)
		<-ctx.Done()
		close(ended)
		return paas.Ending{}, ctx.Err()
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := w.ada.RunCommand(ctx, w.project.ID, []string{"any"}, paas.Streams{Input: neverEnding{ctx}})
		done <- err
	}()
	<-begun
	cancel()
	if err := <-done; err == nil {
		t.Error("a caller who left heard of no failure")
	}
	<-ended
}

// neverEnding is input that does not come.
type neverEnding struct{ ctx context.Context }

func (n neverEnding) Read([]byte) (int, error) {
	<-n.ctx.Done()
	return 0, n.ctx.Err()
}

// TestSocketsRefuseOtherSitesPages: browsers let the page of any site open a WebSocket, with our cookie.
func TestSocketsRefuseOtherSitesPages(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	for _, path := range []string{"run", "exec"} {
		address := "ws://" + w.server.Addr().String() + apiBase + "/projects/" + string(w.project.ID) + "/" + path
		for origin, want := range map[string]int{"http://evil.example": http.StatusForbidden, "http://app.user-app.localhost": http.StatusForbidden, "http://" + w.server.Addr().String(): http.StatusSwitchingProtocols} {
			connection, response, err := websocket.Dial(t.Context(), address, &websocket.DialOptions{HTTPHeader: http.Header{
				"Origin": {origin}, "Cookie": {"access=" + w.ada.token.Reveal()},
			}})
			if response == nil || response.StatusCode != want {
				t.Errorf("%s from %s: %+v %v", path, origin, response, err)
			}
			if err == nil {
				connection.CloseNow()
			}
		}
	}
}

// TestSocketsRefuseWhatIsNone: an answer, not a broken connection, for everything that opens no WebSocket
// and for first messages that make no sense.
func TestSocketsRefuseWhatIsNone(t *testing.T) {
	w := newWorld(t)
	w.mustPush("one")
	path := apiBase + "/projects/" + string(w.project.ID) + "/run"
	for _, headers := range []string{
		"", "Connection: Upgrade\r\nUpgrade: websocket\r\n", "Connection: Upgrade\r\nUpgrade: h2c\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
		"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
		"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAA\r\n",
	} {
		connection, err := net.Dial("tcp", w.server.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(connection, "GET %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n%s\r\n", path, w.ada.token.Reveal(), headers)
		response, err := http.ReadResponse(bufio.NewReader(connection), nil)
		if err != nil || response.StatusCode != http.StatusBadRequest {
			t.Errorf("%q: %+v %v", headers, response, err)
		}
		connection.Close()
	}
	for _, first := range []string{"", "{}", "[]", "null", `{"command":"ls"}`, `{"command":[]}`, `{"command":["a\u0000b"]}`, `{"command":["ls"],"process":"web"}`, `{"command":["ls"],"more":1}`, `{"command":["ls"],"terminal":{"rows":-1}}`} {
		connection, _, err := websocket.Dial(t.Context(), "ws://"+w.server.Addr().String()+path, &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {"Bearer " + w.ada.token.Reveal()}}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		if err := connection.Write(ctx, websocket.MessageText, []byte(first)); err != nil {
			t.Fatal(err)
		}
		_, answer, err := connection.Read(ctx)
		if err != nil || !strings.Contains(string(answer), `"code":"E_INVALID"`) {
			t.Errorf("%q: %s %v", first, answer, err)
		}
		connection.CloseNow()
		cancel()
	}
}
