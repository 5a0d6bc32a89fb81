package paas

import (
	"context"
	"sync/atomic"
	"time"
)

// watchedEngine counts what happened to containers, as far as we did it ourselves or were told.
type watchedEngine struct {
	Engine
	happenings atomic.Uint64
}

func (e *watchedEngine) happened(err error) error {
	e.happenings.Add(1)
	return err
}

// Launch counts.
func (e *watchedEngine) Launch(ctx context.Context, spec ContainerSpec) (Container, error) {
	container, err := e.Engine.Launch(ctx, spec)
	return container, e.happened(err)
}

// Start counts.
func (e *watchedEngine) Start(ctx context.Context, id ContainerID) error {
	return e.happened(e.Engine.Start(ctx, id))
}

// Stop counts.
func (e *watchedEngine) Stop(ctx context.Context, id ContainerID, grace time.Duration) error {
	return e.happened(e.Engine.Stop(ctx, id, grace))
}

// Remove counts.
func (e *watchedEngine) Remove(ctx context.Context, id ContainerID) error {
	return e.happened(e.Engine.Remove(ctx, id))
}

// Forget counts.
func (e *watchedEngine) Forget(ctx context.Context, project ProjectID) error {
	return e.happened(e.Engine.Forget(ctx, project))
}

// Version stands for all that answers about projects are made of: while it stays the same, so do they.
type Version struct {
	writes     uint64
	happenings uint64
	second     int64 // what the engine did not tell is found out a second later
}

// Version is the one of now. Take it before reading what is to be kept under it.
func (p *Platform) Version() Version {
	return Version{p.Store.Generation(), p.engine.happenings.Load(), p.now().Unix()}
}
