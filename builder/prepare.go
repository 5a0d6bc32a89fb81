package builder

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"sync"

	"github.com/paastech-cloud/paastech/paas"
)

// making is one attempt to get the builder image, watched by everybody who waits for it.
type making struct {
	mu      sync.Mutex // guards what follows
	said    bytes.Buffer
	changed chan struct{} // closed and replaced when said or ended changes
	ended   bool
	err     error
}

func newMaking() *making { return &making{changed: make(chan struct{})} }

// Write adds progress.
func (m *making) Write(text []byte) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.said.Write(text)
	m.announce()
	return len(text), nil
}

func (m *making) end(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ended, m.err = true, err
	m.announce()
}

func (m *making) announce() {
	close(m.changed)
	m.changed = make(chan struct{})
}

// follow copies all progress, from the first line, until the attempt ends.
func (m *making) follow(ctx context.Context, out io.Writer) error {
	for shown := 0; ; {
		m.mu.Lock()
		news := bytes.Clone(m.said.Bytes()[shown:])
		changed, ended, err := m.changed, m.ended, m.err
		m.mu.Unlock()
		if len(news) > 0 {
			out.Write(news)
			shown += len(news)
		}
		if ended {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-changed:
		}
	}
}

// Prepare returns when builds can start. While the builder image is being made it shows how far that
// is; an attempt that failed is made again by the next call.
func (b *Builder) Prepare(ctx context.Context, out io.Writer) error {
	if b.ready(ctx) {
		return nil
	}
	err := b.want().follow(ctx, out)
	if err == nil || ctx.Err() != nil || paas.IsKind(err, paas.Unavailable) {
		return err
	}
	return paas.Errorf(paas.Unavailable, paas.EUnavailable, "The builder could not be made: %s.", err).Because(err)
}

// ready tells whether the builder image is on the engine and its run image in the registry.
func (b *Builder) ready(ctx context.Context) bool {
	name, err := b.defaultImage(ctx)
	if err != nil {
		return false
	}
	about, err := b.describe(ctx, name)
	if err != nil {
		return false
	}
	mirrored, err := b.isMirrored(ctx, about)
	return err == nil && mirrored
}

// want joins the attempt that is under way or asks Run for one.
func (b *Builder) want() *making {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.making == nil {
		b.making = newMaking()
		b.wanted <- struct{}{}
	}
	return b.making
}

// attempt is the one under way, nil when there is none.
func (b *Builder) attempt() *making {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.making
}

func (b *Builder) carryOut(ctx context.Context) {
	attempt := b.attempt()
	err := b.obtain(ctx, attempt)
	if err != nil && ctx.Err() == nil {
		b.options.Log.Error("the builder could not be made; the next push tries again", "error", err)
	}
	b.finish(attempt, err)
	if err != nil {
		return
	}
	if err := b.dropOld(ctx); err != nil && ctx.Err() == nil {
		b.options.Log.Warn("remove what earlier builders left", "error", err)
	}
}

// abandon ends an attempt that Run will not make any more.
func (b *Builder) abandon(err error) {
	if attempt := b.attempt(); attempt != nil {
		b.finish(attempt, err)
	}
}

func (b *Builder) finish(attempt *making, err error) {
	b.mu.Lock()
	b.making = nil
	b.mu.Unlock()
	attempt.end(err)
}

// obtain gets the builder image and puts its run image into the local registry.
func (b *Builder) obtain(ctx context.Context, out io.Writer) error {
	if b.ready(ctx) {
		return nil
	}
	name, err := b.defaultImage(ctx)
	if err != nil {
		return err
	}
	if b.options.Image == "" {
		r, err := b.ownRecipe(ctx)
		if err != nil {
			return err
		}
		if err := b.maker(out).make(ctx, r); err != nil {
			return err
		}
	}
	_, err = b.builderImage(ctx, name, out)
	return err
}

// defaultImage is the name of the builder that is used when a tree names none.
func (b *Builder) defaultImage(ctx context.Context) (string, error) {
	if b.options.Image != "" {
		return b.options.Image, nil
	}
	r, err := b.ownRecipe(ctx)
	if err != nil {
		return "", err
	}
	return r.image(), nil
}

// ownRecipe is what the platform's own builder is made of, for the engine's architecture.
func (b *Builder) ownRecipe(ctx context.Context) (recipe, error) {
	b.mu.Lock()
	known := b.recipe
	b.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	r, err := debianRecipe(ctx, b.docker)
	if err != nil {
		return recipe{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.recipe = &r
	return r, nil
}

// builderImage makes sure that a builder and its run image are where builds look for them. The
// platform's own images are made, never pulled: their names belong to nobody elsewhere.
func (b *Builder) builderImage(ctx context.Context, name string, out io.Writer) (about, error) {
	r, err := b.ownRecipe(ctx)
	if err != nil {
		return about{}, err
	}
	fetch := func(image string) error {
		if name == r.image() {
			return paas.Errorf(paas.Unavailable, paas.EUnavailable, "The builder image was removed from the engine; push again to have it made anew.")
		}
		if err := b.pull(ctx, image, out); err != nil {
			return fmt.Errorf("pull %s: %w", image, err)
		}
		return nil
	}
	found, err := b.describe(ctx, name)
	if isMissing(err) {
		if err := fetch(name); err != nil {
			return about{}, err
		}
		found, err = b.describe(ctx, name)
	}
	if err == nil && found.runID == "" {
		if err := fetch(found.runImage); err != nil {
			return about{}, err
		}
		found, err = b.describe(ctx, name)
	}
	if err != nil {
		return about{}, err
	}
	return found, b.mirror(ctx, found, out)
}
