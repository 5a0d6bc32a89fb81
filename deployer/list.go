package deployer

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"golang.org/x/sync/errgroup"

	"github.com/paastech-cloud/paastech/paas"
)

// Containers lists all containers of this instance, running or not.
func (e *Engine) Containers(ctx context.Context) ([]paas.Container, error) {
	return e.containers(ctx, e.ours(labelProcess))
}

// ContainersOf lists a project's containers.
func (e *Engine) ContainersOf(ctx context.Context, project paas.ProjectID) ([]paas.Container, error) {
	which := e.ours(labelProcess)
	which.Add("label", labelProject+"="+string(project))
	return e.containers(ctx, which)
}

func (e *Engine) containers(ctx context.Context, which filters.Args) ([]paas.Container, error) {
	summaries, err := e.summaries(ctx, which)
	if err != nil {
		return nil, err
	}
	found := make([]*paas.Container, len(summaries))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(inspectsAtOnce)
	for i, summary := range summaries {
		group.Go(func() error {
			detail, err := e.inspect(ctx, paas.ContainerID(summary.ID))
			if err != nil || detail.State.Status == container.StateRemoving {
				return unlessGone(err)
			}
			one, err := containerOf(detail)
			found[i] = &one
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var containers []paas.Container
	for _, one := range found {
		if one != nil { // it was removed since it was listed
			containers = append(containers, *one)
		}
	}
	return containers, nil
}

// ours makes a filter for what carries the instance's label, and the given labels too.
func (e *Engine) ours(labels ...string) filters.Args {
	args := filters.NewArgs(filters.Arg("label", labelInstance+"="+e.options.Instance))
	for _, label := range labels {
		args.Add("label", label)
	}
	return args
}

func (e *Engine) summaries(ctx context.Context, which filters.Args) ([]container.Summary, error) {
	ctx, cancel := e.within(ctx)
	defer cancel()
	found, err := e.docker.ContainerList(ctx, container.ListOptions{All: true, Filters: which})
	return found, translate(ctx, "list containers", err)
}

func (e *Engine) inspect(ctx context.Context, id paas.ContainerID) (container.InspectResponse, error) {
	ctx, cancel := e.within(ctx)
	defer cancel()
	found, err := e.docker.ContainerInspect(ctx, string(id))
	return found, translate(ctx, "inspect container", err)
}

// containerOf maps Docker's words to ours.
func containerOf(found container.InspectResponse) (paas.Container, error) {
	told, err := decodeLabels(found.Config.Labels)
	if err != nil {
		return paas.Container{}, err
	}
	state := found.State
	startedAt, _ := time.Parse(time.RFC3339Nano, state.StartedAt) // never started, or ended: the zero time
	endedAt, _ := time.Parse(time.RFC3339Nano, state.FinishedAt)
	mapped := paas.Container{
		ID:         paas.ContainerID(found.ID),
		Project:    paas.ProjectID(told.Project),
		Deployment: told.Deployment,
		Process:    told.Process,
		Index:      told.Index,
		OneOff:     told.OneOff,
		Port:       told.Port,
		Running:    state.Running && !state.Restarting, // Docker says both while it waits to restart one
		Paused:     state.Paused,
		Restarting: state.Restarting,
		Kept:       found.HostConfig.RestartPolicy.Name == container.RestartPolicyUnlessStopped,
		Restarts:   found.RestartCount,
		ExitCode:   state.ExitCode,
		OOMKilled:  state.OOMKilled,
		StartedAt:  startedAt,
		Memory:     paas.Bytes(found.HostConfig.Memory),
	}
	if mapped.Running {
		mapped.Address = address(found)
	} else {
		mapped.EndedAt = endedAt
	}
	return mapped, nil
}

// address is where a container is in its project's network, its only one.
func address(found container.InspectResponse) netip.Addr {
	for _, endpoint := range found.NetworkSettings.Networks {
		if parsed, err := netip.ParseAddr(endpoint.IPAddress); err == nil {
			return parsed
		}
	}
	return netip.Addr{}
}

// Projects lists every project that has containers, networks, images or volumes here.
func (e *Engine) Projects(ctx context.Context) ([]paas.ProjectID, error) {
	containers, err := e.summaries(ctx, e.ours(labelProject))
	if err != nil {
		return nil, err
	}
	networks, err := e.networks(ctx, e.ours(labelProject))
	if err != nil {
		return nil, err
	}
	images, err := e.pulledImages(ctx, e.registry.Load().address.String())
	if err != nil {
		return nil, err
	}
	var projects []paas.ProjectID
	for _, one := range containers {
		projects = append(projects, paas.ProjectID(one.Labels[labelProject]))
	}
	for _, one := range networks {
		projects = append(projects, paas.ProjectID(one.Labels[labelProject]))
	}
	for _, one := range images {
		projects = append(projects, one.project)
	}
	volumes, err := e.options.volumeProjects()
	if err != nil {
		return nil, err
	}
	projects = append(projects, volumes...)
	slices.Sort(projects)
	return slices.Compact(projects), nil
}
