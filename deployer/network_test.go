package deployer

import (
	"context"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/docker/docker/api/types/filters"
	"github.com/google/uuid"

	"github.com/paastech-cloud/paastech/paas"
)

func TestChooseSubnet(t *testing.T) {
	for name, test := range map[string]struct {
		pool string
		bits int
		used []string
		want string
	}{
		"empty":                   {"10.214.0.0/16", 28, nil, "10.214.0.0/28"},
		"first is taken":          {"10.214.0.0/16", 28, []string{"10.214.0.0/28"}, "10.214.0.16/28"},
		"an address of the host":  {"10.214.0.0/16", 28, []string{"10.214.0.9/32"}, "10.214.0.16/28"},
		"behind larger ones":      {"10.214.0.0/16", 28, []string{"10.214.1.0/24", "10.214.0.0/24"}, "10.214.2.0/28"},
		"a large one, small used": {"10.214.0.0/16", 24, []string{"10.214.0.16/28", "10.214.1.240/28"}, "10.214.2.0/24"},
		"a gap":                   {"10.214.0.0/16", 28, []string{"10.214.0.0/28", "10.214.0.32/28"}, "10.214.0.16/28"},
		"all routed elsewhere":    {"10.214.0.0/16", 28, []string{"10.0.0.0/8"}, "none"},
		"full":                    {"10.214.0.0/24", 25, []string{"10.214.0.0/25", "10.214.0.128/25"}, "none"},
		"end of all addresses":    {"255.255.255.0/24", 25, []string{"255.255.255.0/25", "255.255.255.128/25"}, "none"},
	} {
		t.Run(name, func(t *testing.T) {
			var used []netip.Prefix
			for _, one := range test.used {
				used = append(used, netip.MustParsePrefix(one))
			}
			got := "none"
			if subnet, ok := chooseSubnet(netip.MustParsePrefix(test.pool), test.bits, used); ok {
				got = subnet.String()
			}
			if got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestNetworkLivesWhileSomethingOfItsProjectRuns(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	s := spec()
	first := launch(t, e, s)
	second := launch(t, e, s)
	other := launch(t, e, spec())
	if names := networkNames(t, e); len(names) != 2 {
		t.Errorf("networks of two projects: %v", names)
	}
	for i, id := range []paas.ContainerID{first.ID, second.ID} {
		if err := e.Remove(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if names := networkNames(t, e); len(names) != 2-i {
			t.Errorf("networks after removing %d of two: %v", i+1, names)
		}
	}
	if err := e.Stop(t.Context(), other.ID, 0); err != nil {
		t.Fatal(err)
	}
	if err := e.Start(t.Context(), other.ID); err != nil {
		t.Errorf("start again: %v", err)
	}
	if projects, err := e.Projects(t.Context()); err != nil || len(projects) != 1 || projects[0] != other.Project {
		t.Errorf("projects: %v %v", projects, err)
	}
	for range 2 {
		if err := e.Forget(t.Context(), other.Project); err != nil {
			t.Error(err)
		}
	}
	if names := networkNames(t, e); len(names) != 0 {
		t.Errorf("networks after all is forgotten: %v", names)
	}
	if projects, err := e.Projects(t.Context()); err != nil || len(projects) != 0 {
		t.Errorf("projects: %v %v", projects, err)
	}
}

func TestBuildNetworkIsMadeOnce(t *testing.T) {
	e := newEngine(t)
	made, err := e.BuildNetwork(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !e.options.Pool.Contains(made.Gateway) || made.Subnet.Addr().Next() != made.Gateway || made.Subnet.Bits() != 24 {
		t.Errorf("network: %+v", made)
	}
	again, err := e.BuildNetwork(t.Context())
	if err != nil || again != made {
		t.Errorf("again: %+v %v", again, err)
	}
}

// Two daemons on one engine have the same default pool.
func TestTwoInstancesLeaveEachOtherAlone(t *testing.T) {
	one, two := newEngine(t), newEngine(t)
	s := spec()
	var mine, theirs paas.Container
	var builds [2]paas.BuildNetwork
	var group sync.WaitGroup
	for _, task := range []func() error{
		func() (err error) { mine, err = one.Launch(t.Context(), s); return err },
		func() (err error) { theirs, err = two.Launch(t.Context(), s); return err },
		func() (err error) { builds[0], err = one.BuildNetwork(t.Context()); return err },
		func() (err error) { builds[1], err = two.BuildNetwork(t.Context()); return err },
	} {
		group.Go(func() {
			if err := task(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if builds[0].Subnet.Overlaps(builds[1].Subnet) || mine.Address == theirs.Address {
		t.Errorf("%v %v %s %s", builds[0], builds[1], mine.Address, theirs.Address)
	}
	for _, e := range []*Engine{one, two} {
		if all, err := e.Containers(t.Context()); err != nil || len(all) != 1 {
			t.Errorf("containers: %v %v", all, err)
		}
	}
	if err := one.Forget(t.Context(), s.Project); err != nil {
		t.Fatal(err)
	}
	if err := one.RemoveAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := find(t, two, theirs.ID); !got.Running {
		t.Errorf("the other instance's: %+v", got)
	}
	if names := networkNames(t, two); len(names) != 2 {
		t.Errorf("networks of the other instance: %v", names)
	}
}

func TestManyProjectsStartAtOnce(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	const count = 6
	var group sync.WaitGroup
	for range count {
		group.Go(func() {
			if _, err := e.Launch(t.Context(), spec()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	all, err := e.Containers(t.Context())
	addresses := map[netip.Addr]bool{}
	for _, one := range all {
		addresses[one.Address] = true
	}
	if err != nil || len(all) != count || len(addresses) != count {
		t.Errorf("%d containers at %d addresses, %v", len(all), len(addresses), err)
	}
}

func TestNamesFitLinux(t *testing.T) {
	name := bridgeName(uuid.NewString(), netip.MustParsePrefix("255.255.255.240/28"))
	if len(name) != 15 || !strings.HasPrefix(name, "pt") {
		t.Errorf("bridge %s has %d characters", name, len(name))
	}
}

func TestFullPoolNamesTheSetting(t *testing.T) {
	e := newEngine(t)
	e.options.Pool = netip.MustParsePrefix("127.0.0.0/24")
	_, err := e.Launch(t.Context(), spec())
	if !paas.IsKind(err, paas.Unavailable) || !strings.Contains(err.Error(), "network.pool") {
		t.Errorf("error: %v", err)
	}
}

func networkNames(t *testing.T, e *Engine) []string {
	t.Helper()
	found, err := e.networks(context.Background(), filters.NewArgs(filters.Arg("label", labelInstance+"="+e.options.Instance)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, one := range found {
		names = append(names, one.Name)
	}
	return names
}
