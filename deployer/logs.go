package deployer

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/paastech-cloud/paastech/paas"
)

// Logs returns both streams as one text, oldest line first; with Follow it ends when the container or
// the context does.
func (e *Engine) Logs(ctx context.Context, id paas.ContainerID, options paas.LogOptions) (io.ReadCloser, error) {
	following, cancel := context.WithCancelCause(ctx)
	deadline := time.AfterFunc(e.options.CallTimeout, func() { cancel(errSilent) })
	source, err := e.docker.ContainerLogs(following, string(id), logsOptions(options))
	if !deadline.Stop() && err == nil {
		err = errors.Join(errSilent, source.Close())
	}
	if err != nil {
		defer cancel(nil)
		return nil, translate(following, "read logs", err)
	}
	return &logReader{ctx: ctx, cancel: cancel, source: source}, nil
}

func logsOptions(options paas.LogOptions) container.LogsOptions {
	mapped := container.LogsOptions{
		ShowStdout: true,
		ShowStderr: true,
		Follow:     options.Follow,
		Timestamps: options.Timestamps,
		Tail:       "all",
	}
	if options.Tail > 0 {
		mapped.Tail = strconv.Itoa(options.Tail)
	}
	if !options.Since.IsZero() {
		mapped.Since = options.Since.UTC().Format(time.RFC3339Nano)
	}
	return mapped
}

// logReader takes away the headers by which Docker tells the two streams apart: 8 bytes before each
// piece, the last four its length.
type logReader struct {
	ctx    context.Context // the reader is a running loop in the hands of its caller
	cancel context.CancelCauseFunc
	source io.ReadCloser
	left   uint32 // bytes of the piece not read yet
}

// Read reads the text of both streams.
func (r *logReader) Read(into []byte) (int, error) {
	for r.left == 0 {
		var header [8]byte
		if _, err := io.ReadFull(r.source, header[:]); err != nil {
			return 0, r.ending(err)
		}
		r.left = binary.BigEndian.Uint32(header[4:])
	}
	if uint64(len(into)) > uint64(r.left) {
		into = into[:r.left]
	}
	n, err := r.source.Read(into)
	r.left -= uint32(n)
	if err != nil && n == 0 {
		return 0, r.ending(err)
	}
	return n, nil
}

// ending tells the end from a failure: a reader whose context ended was told to stop.
func (r *logReader) ending(err error) error {
	if errors.Is(err, io.EOF) || r.ctx.Err() != nil {
		return io.EOF
	}
	return fmt.Errorf("read logs: %w", err)
}

// Close ends the reading.
func (r *logReader) Close() error {
	r.cancel(nil)
	return r.source.Close()
}
