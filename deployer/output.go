package deployer

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/docker/docker/api/types/container"

	"github.com/paastech-cloud/paastech/paas"
)

// Output calls each with every line that the container has written since then, oldest first, until it
// has ended and all its lines were read. Of a container that writes more than can be read at a bounded
// rate some are passed over, and a line says so.
func (e *Engine) Output(ctx context.Context, id paas.ContainerID, since time.Time, each func(paas.LogLine) error) error {
	found, err := e.inspect(ctx, id)
	if err != nil {
		return err
	}
	from, err := containerOf(found)
	if err != nil {
		return err
	}
	reader := &outputReader{from: from, each: each, terminal: found.Config.Tty, pace: &pace{ctx: ctx, backlog: e.options.LogSize}}
	options := outputOptions(since)
	options.Follow = true
	err = e.readOutput(ctx, options, reader)
	for errors.Is(err, errBehind) {
		if err := reader.passOver(); err != nil {
			return err
		}
		options = outputOptions(reader.newest)
		options.Follow, options.Tail = true, outputTail
		err = e.readOutput(ctx, options, reader)
	}
	if err != nil {
		return err
	}
	// Docker may end what is followed before the last lines that a container wrote while it ended.
	if !reader.newest.IsZero() {
		options = outputOptions(reader.newest.Add(-time.Nanosecond))
		reader.skip = reader.atNewest
	}
	options.Follow, options.Tail, reader.pace = false, "all", nil
	if err := e.readOutput(ctx, options, reader); err != nil {
		return unlessGone(err)
	}
	return reader.finish()
}

// readOutput reads what Docker sends until it ends.
func (e *Engine) readOutput(ctx context.Context, options container.LogsOptions, reader *outputReader) error {
	following, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	deadline := time.AfterFunc(e.options.CallTimeout, func() { cancel(errSilent) })
	source, err := e.docker.ContainerLogs(following, string(reader.from.ID), options)
	if !deadline.Stop() && err == nil {
		err = errors.Join(errSilent, source.Close())
	}
	if err != nil {
		return translate(following, "read output", err)
	}
	defer source.Close()
	err = reader.read(source)
	if ctx.Err() != nil {
		return fmt.Errorf("read output: %w", context.Cause(ctx))
	}
	return err
}

// outputOptions ask for what came after a moment.
func outputOptions(since time.Time) container.LogsOptions {
	options := container.LogsOptions{ShowStdout: true, ShowStderr: true, Timestamps: true, Tail: "all"}
	if !since.IsZero() {
		options.Since = since.Add(time.Nanosecond).UTC().Format(time.RFC3339Nano)
	}
	return options
}

// outputReader turns what Docker sends into lines. Docker writes a line that is longer than 16 KiB in
// several messages, of which only the last has an end of line.
type outputReader struct {
	from     paas.Container
	each     func(paas.LogLine) error
	terminal bool
	pace     *pace           // nil: as fast as it comes
	pending  [2]paas.LogLine // of stdout and stderr: begun and not ended

	newest   time.Time // of all messages
	atNewest int       // how many have that time
	skip     int       // so many of that time come a second time
}

func (r *outputReader) read(source io.Reader) error {
	if r.terminal {
		return r.readTerminal(source)
	}
	return r.readStreams(source)
}

// readStreams reads messages with a header each: 8 bytes, the first the stream, the last four the length.
func (r *outputReader) readStreams(source io.Reader) error {
	buffered := bufio.NewReader(source)
	for {
		var header [8]byte
		if _, err := io.ReadFull(buffered, header[:]); err != nil {
			return unlessEnded(err)
		}
		var message bytes.Buffer
		if _, err := io.CopyN(&message, buffered, int64(binary.BigEndian.Uint32(header[4:]))); err != nil {
			return unlessEnded(err)
		}
		stream := paas.Stdout
		if header[0] == 2 {
			stream = paas.Stderr
		}
		if err := r.take(stream, message.String()); err != nil {
			return err
		}
	}
}

// readTerminal reads lines without headers: a terminal has one stream.
func (r *outputReader) readTerminal(source io.Reader) error {
	buffered := bufio.NewReader(source)
	for {
		message, err := buffered.ReadString('\n')
		if message != "" {
			if err := r.take(paas.Stdout, message); err != nil {
				return err
			}
		}
		if err != nil {
			return unlessEnded(err)
		}
	}
}

// take adds a message, which begins with its time, to the line of its stream.
func (r *outputReader) take(stream paas.Stream, message string) error {
	pending := &r.pending[0]
	if stream == paas.Stderr {
		pending = &r.pending[1]
	}
	stamp, text, _ := strings.Cut(message, " ")
	at, err := time.Parse(time.RFC3339Nano, stamp)
	if err != nil {
		return fmt.Errorf("read the time of a line: %w", err)
	}
	switch {
	case at.Equal(r.newest) && r.skip > 0:
		r.skip--
		return nil
	case at.Equal(r.newest):
		r.atNewest++
	case at.After(r.newest):
		r.newest, r.atNewest = at, 1
	}
	if r.pace != nil {
		if err := r.pace.spend(len(message), at); err != nil {
			return err
		}
	}
	if pending.At.IsZero() {
		pending.At, pending.Stream = at, stream
	}
	text, ended := strings.CutSuffix(text, "\n")
	pending.Text += text
	if ended {
		return r.end(pending)
	}
	if len(pending.Text) <= paas.MaxLogLine {
		return nil
	}
	cut := runeBefore(pending.Text, paas.MaxLogLine)
	rest := pending.Text[cut:]
	pending.Text = pending.Text[:cut]
	err = r.end(pending)
	pending.At, pending.Stream, pending.Text = at, stream, rest
	return err
}

// end gives a line on, as valid UTF-8 and in several when it is too long.
func (r *outputReader) end(pending *paas.LogLine) error {
	line := *pending
	*pending = paas.LogLine{}
	line.Deployment, line.Process, line.Index, line.Container = r.from.Deployment, r.from.Process, r.from.Index, r.from.ID
	text := strings.ToValidUTF8(strings.TrimSuffix(line.Text, "\r"), string(utf8.RuneError))
	for len(text) > paas.MaxLogLine {
		cut := runeBefore(text, paas.MaxLogLine)
		line.Text = text[:cut]
		if err := r.each(line); err != nil {
			return err
		}
		text = text[cut:]
	}
	line.Text = text
	return r.each(line)
}

// passOver says that what comes next is not what came next.
func (r *outputReader) passOver() error {
	if err := r.finish(); err != nil {
		return err
	}
	r.pace.backlog = outputBurst // what is read next may be old too, and reading must get on
	return r.each(paas.LogLine{
		At: time.Now().UTC(), Stream: paas.System, Deployment: r.from.Deployment, Process: r.from.Process, Index: r.from.Index, Container: r.from.ID,
		Text: fmt.Sprintf("… lines are missing here: it writes more than %d MiB a second", outputRate>>20),
	})
}

// finish gives on what was not ended when the output was.
func (r *outputReader) finish() error {
	for i := range r.pending {
		if pending := &r.pending[i]; !pending.At.IsZero() {
			if err := r.end(pending); err != nil {
				return err
			}
		}
	}
	return nil
}

// unlessEnded tells the end from a connection that was lost.
func unlessEnded(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return paas.Errorf(paas.Unavailable, paas.EUnavailable, "The container engine does not work at the moment; try again when it does.").Because(fmt.Errorf("read output: %w", err))
}

// runeBefore is the last place at or before one where no character is cut in two.
func runeBefore(text string, at int) int {
	for cut := at; cut > at-utf8.UTFMax; cut-- {
		if utf8.RuneStart(text[cut]) {
			return cut
		}
	}
	return at // it is not UTF-8
}
