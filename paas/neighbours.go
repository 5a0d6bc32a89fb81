package paas

import (
	"context"
	"strings"
)

// reconcileNeighbours has the ingress serve what the labels of containers beside ours say. While the
// engine does not answer it goes on with what it knows.
func (p *Platform) reconcileNeighbours(ctx context.Context) {
	ways, troubles, err := p.Engine.Neighbours(ctx)
	if err != nil {
		if ctx.Err() == nil {
			p.Log.WarnContext(ctx, "read the labels of containers beside ours", "error", err)
		}
		return
	}
	p.Router.SetNeighbours(ways)
	all := strings.Join(troubles, "; ")
	if last := p.unheeded.Swap(&all); last == nil || *last != all {
		for _, trouble := range troubles {
			p.Log.WarnContext(ctx, "a label has no effect", "what", trouble)
		}
	}
}

// examineNeighbours looks for labels that have no effect.
func (p *Platform) examineNeighbours(ctx context.Context, _ decided, check *Check) error {
	ways, troubles, err := p.Engine.Neighbours(ctx)
	if err != nil {
		return err
	}
	check.Summary = counted(len(ways), "route") + " to labelled containers beside ours"
	for _, trouble := range troubles {
		check.Find(ELabels, "docker inspect -f '{{json .Config.Labels}}' "+containerIn(trouble), trouble)
	}
	return nil
}

// containerIn is the name of the container that a sentence is about.
func containerIn(trouble string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(trouble, "container "), ":")
	return name
}
