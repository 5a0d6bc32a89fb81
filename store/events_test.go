package store

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/paastech-cloud/paastech/paas"
)

func TestEventsAreKeptInTheirOrderWithinABound(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		ada := someUser(t, s, "ada")
		project, other := someProject(t, s, ada, "shop").ID, someProject(t, s, ada, "blog").ID
		code := 137
		generation := s.Generation()
		first, err := s.AppendEvent(ctx, paas.Event{Kind: paas.EventProjectCreated, Project: project, At: birth, Message: "ada made it", By: "ada"})
		must(t, err)
		_, err = s.AppendEvent(ctx, paas.Event{Kind: paas.EventDeployment, Project: other, At: birth, Number: 1})
		must(t, err)
		for i := range paas.MaxEvents + 20 {
			_, err := s.AppendEvent(ctx, paas.Event{Kind: paas.EventOutOfMemory, Project: project, At: birth, Message: fmt.Sprint(i), Number: 3, Process: "web.2", ExitCode: &code})
			must(t, err)
		}
		if s.Generation() != generation {
			t.Error("an event counts as a change of what was decided")
		}
		all, err := s.Events(ctx, project, 0, 0)
		must(t, err)
		if len(all) != paas.MaxEvents+1 || !reflect.DeepEqual(all[len(all)-1], paas.Event{ID: first.ID, Kind: paas.EventProjectCreated, Project: project, At: birth, Message: "ada made it", By: "ada"}) {
			t.Errorf("%d are kept, the first is %+v", len(all), all[len(all)-1])
		}
		newest := all[0]
		if newest.Message != fmt.Sprint(paas.MaxEvents+19) || *newest.ExitCode != code || newest.Process != "web.2" || newest.Number != 3 {
			t.Errorf("the newest is %+v", newest)
		}
		page, err := s.Events(ctx, project, all[1].ID, 2)
		must(t, err)
		if !reflect.DeepEqual(page, all[2:4]) {
			t.Errorf("a page is %+v", page)
		}
		must(t, s.DeleteProject(ctx, project))
		if _, err := s.AppendEvent(ctx, paas.Event{Kind: paas.EventCalm, Project: project, At: birth}); !paas.IsKind(err, paas.NotFound) {
			t.Errorf("of a project that is gone: %v", err)
		}
		left, err := s.Events(ctx, other, 0, 0)
		must(t, err)
		gone, err := s.Events(ctx, project, 0, 0)
		must(t, err)
		if len(left) != 1 || len(gone) != 0 {
			t.Errorf("%d and %d are left", len(left), len(gone))
		}
	})
}
