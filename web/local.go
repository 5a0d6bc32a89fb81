package web

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web/socket"
)

// LocalOptions is what the host's own door is made of.
type LocalOptions struct {
	Path   string // of the unix socket, however long
	Logger *slog.Logger
}

// Local is the server of this host's administrator, on a unix socket that only the daemon's user can
// open. It takes only routes of level Host.
type Local struct {
	*Server
	path string
}

// NewLocal binds the socket.
func NewLocal(platform *paas.Platform, options LocalOptions) (*Local, error) {
	listener, err := socket.Listen(options.Path)
	if err != nil {
		return nil, err
	}
	server := newServer(platform, listener, Options{Logger: options.Logger})
	server.local = true
	server.echo.Use(server.watch)
	return &Local{Server: server, path: options.Path}, nil
}

// Run serves until ctx ends, then drains and removes the socket.
func (l *Local) Run(ctx context.Context) error {
	err := l.Server.Run(ctx)
	if gone := os.Remove(l.path); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
		return errors.Join(err, fmt.Errorf("remove the socket: %w", gone))
	}
	return err
}
