package store

import (
	"slices"
	"testing"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// TestANameIsTheFirstsWhoProvesIt: any project may claim a name, one has it, and the next when that gives it up.
func TestANameIsTheFirstsWhoProvesIt(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		ada := someUser(t, s, "ada")
		shop, blog := someProject(t, s, ada, "shop").ID, someProject(t, s, ada, "blog").ID
		claim := func(project paas.ProjectID) paas.Domain {
			return paas.Domain{Name: "shop.example.com", Project: project, Token: "t" + string(project), CreatedAt: birth, CheckedAt: birth}
		}
		must(t, s.AddDomain(ctx, claim(shop), 2))
		must(t, s.AddDomain(ctx, claim(blog), 2))
		if err := s.AddDomain(ctx, claim(shop), 2); !paas.IsCode(err, paas.ETaken) {
			t.Errorf("claimed twice: %v", err)
		}
		other := claim(shop)
		other.Name, other.Redirect = "www.example.com", "shop.example.com"
		must(t, s.AddDomain(ctx, other, 2))
		third := claim(shop)
		third.Name = "third.example.com"
		if err := s.AddDomain(ctx, third, 2); !paas.IsCode(err, paas.EQuotaDomains) {
			t.Errorf("beyond the bound: %v", err)
		}

		outcomes := make(chan error)
		for _, project := range []paas.ProjectID{shop, blog} {
			go func() {
				proven := claim(project)
				proven.ProvenAt = new(birth.Add(time.Hour))
				outcomes <- s.SaveDomain(ctx, proven)
			}()
		}
		won := 0
		for range 2 {
			switch err := <-outcomes; {
			case err == nil:
				won++
			case !paas.IsCode(err, paas.ETaken):
				t.Errorf("two prove it at once: %v", err)
			}
		}
		if won != 1 {
			t.Errorf("it is proven by %d projects", won)
		}
		all, err := s.AllDomains(ctx)
		must(t, err)
		winner := all[slices.IndexFunc(all, func(d paas.Domain) bool { return d.ProvenAt != nil })].Project
		loser := shop
		if winner == shop {
			loser = blog
		}
		must(t, s.RemoveDomain(ctx, claim(winner)))
		must(t, s.RemoveDomain(ctx, claim(winner)))
		next := claim(loser)
		next.ProvenAt, next.Trouble = new(birth.Add(2*time.Hour)), "gone"
		must(t, s.SaveDomain(ctx, next))
		mine, err := s.Domains(ctx, loser)
		must(t, err)
		if at := slices.IndexFunc(mine, func(d paas.Domain) bool { return d.Name == next.Name }); at < 0 || !mine[at].ProvenAt.Equal(*next.ProvenAt) || mine[at].Trouble != "gone" || mine[at].Token != next.Token {
			t.Errorf("read %+v, wrote %+v", mine, next)
		}
		part := claim(loser)
		part.Path, part.ProvenAt = "/api/v1", new(birth)
		must(t, s.RemoveDomain(ctx, next))
		must(t, s.AddDomain(ctx, part, 2))
		must(t, s.SaveDomain(ctx, part))
		mine, err = s.Domains(ctx, loser)
		must(t, err)
		if !slices.ContainsFunc(mine, func(d paas.Domain) bool { return d.Name == part.Name && d.Path == part.Path && d.ProvenAt != nil }) {
			t.Errorf("a part of a name was kept as %+v", mine)
		}
		must(t, s.BeginProjectDeletion(ctx, loser))
		if all, err = s.AllDomains(ctx); err != nil || slices.ContainsFunc(all, func(d paas.Domain) bool { return d.Project == loser }) {
			t.Errorf("a project that goes has domains still: %+v %v", all, err)
		}
	})
}

// TestDepthIsKept: how deep a project sleeps is no change of its owner's.
func TestDepthIsKept(t *testing.T) {
	eachStore(t, func(t *testing.T, s *Store) {
		ctx := t.Context()
		project := someProject(t, s, someUser(t, s, "ada"), "shop")
		must(t, s.SetDepth(ctx, project.ID, paas.Frozen, birth))
		read, err := s.Project(ctx, project.ID)
		must(t, err)
		if read.Depth != paas.Frozen || !read.SleptAt.Equal(birth) || !read.UpdatedAt.Equal(project.UpdatedAt) {
			t.Errorf("read %+v", read)
		}
		must(t, s.SetDepth(ctx, project.ID, paas.Awake, time.Time{}))
		if read, err = s.Project(ctx, project.ID); err != nil || read.Depth != paas.Awake || !read.SleptAt.IsZero() {
			t.Errorf("read %+v %v", read, err)
		}
	})
}
