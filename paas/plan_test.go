package paas

import (
	"fmt"
	"slices"
	"testing"
)

func TestPlan(t *testing.T) {
	v2 := Deployment{Number: 2, Image: Image{Processes: []Process{{Type: "web"}, {Type: "worker"}}}, Formation: Formation{"web": 2, "worker": 1}}
	released := v2
	released.App.Release = "migrate"
	c := func(deployment int, process string, index int, change ...func(*Container)) Container {
		container := Container{ID: ContainerID(fmt.Sprintf("%d-%s-%d", deployment, process, index)), Deployment: deployment, Process: process, Index: index, Running: true, Kept: true}
		for _, apply := range change {
			apply(&container)
		}
		return container
	}
	ended := func(c *Container) { c.Running = false }
	oneOff := func(c *Container) { c.OneOff = true }
	all := []Container{c(2, "web", 1), c(2, "web", 2), c(2, "worker", 1)}
	for _, test := range []struct {
		name string
		seen []Container
		want wanted
		plan []string
	}{
		{"nothing was ever live", []Container{c(1, "web", 1)}, wanted{}, []string{"remove web.1 of v1"}},
		{"all is as decided", all, wanted{deployment: &v2}, nil},
		{"a container is missing", all[:2], wanted{deployment: &v2}, []string{"launch worker.1 of v2"}},
		{"one has ended", []Container{all[0], c(2, "web", 2, ended), all[2]}, wanted{deployment: &v2}, []string{"start web.2 of v2"}},
		{"one has ended and rests", []Container{all[0], c(2, "web", 2, ended), all[2]}, wanted{deployment: &v2, resting: map[ContainerID]bool{"2-web-2": true}}, nil},
		{"one too many", append(slices.Clone(all), c(2, "web", 3)), wanted{deployment: &v2}, []string{"lead the traffic to v2", "retire web.3 of v2"}},
		{"the same place twice", append(slices.Clone(all), c(2, "web", 2)), wanted{deployment: &v2}, []string{"lead the traffic to v2", "retire web.2 of v2"}},
		{"an earlier version is left", append(slices.Clone(all), c(1, "web", 1), c(1, "worker", 1, ended)), wanted{deployment: &v2},
			[]string{"lead the traffic to v2", "retire web.1 of v1", "remove worker.1 of v1"}},
		{"a one-off container is left", append(slices.Clone(all), c(2, "web", 1, oneOff)), wanted{deployment: &v2},
			[]string{"lead the traffic to v2", "remove web.1 of v2"}},
		{"stopped", all, wanted{deployment: &v2, stopped: true}, []string{"stop web.1 of v2", "stop web.2 of v2", "stop worker.1 of v2"}},
		{"stopped and ended", []Container{c(2, "web", 1, ended)}, wanted{deployment: &v2, stopped: true}, nil},
		{"a first rollout", nil, wanted{deployment: &v2, rollout: true}, []string{
			"launch web.1 of v2", "launch web.2 of v2", "launch worker.1 of v2",
			"wait until web.1 of v2 is ready", "wait until web.2 of v2 is ready", "wait until worker.1 of v2 is ready", "lead the traffic to v2"}},
		{"a rollout over an earlier version", []Container{c(1, "web", 1)}, wanted{deployment: &released, rollout: true}, []string{
			"run the release command of v2", "launch web.1 of v2", "launch web.2 of v2", "launch worker.1 of v2",
			"wait until web.1 of v2 is ready", "wait until web.2 of v2 is ready", "wait until worker.1 of v2 is ready",
			"lead the traffic to v2", "retire web.1 of v1"}},
		{"a deployment from before formations", []Container{c(1, "web", 1)}, wanted{deployment: &Deployment{Number: 1}}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, o := range plan(test.seen, test.want) {
				got = append(got, o.String())
			}
			if !slices.Equal(got, test.plan) {
				t.Errorf("planned %q, want %q", got, test.plan)
			}
		})
	}
}
