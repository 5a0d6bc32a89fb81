package rpc

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/rpc/contracts/paastechv1"
)

// RemoteEngine is an engine in another process: the same calls with the same meaning. When that process does not
// answer they fail as when the engine itself does not.
type RemoteEngine struct {
	*connection
	client paastechv1.EngineServiceClient

	registry atomic.Pointer[paastechv1.UseRegistryRequest] // what the other process has to be told when it began anew
}

var _ Engine = (*RemoteEngine)(nil)

// OpenEngine connects to a deployer, and waits for it for a bounded time.
func OpenEngine(ctx context.Context, remote Remote) (*RemoteEngine, error) {
	c, err := dial(remote, Deployer)
	if err != nil {
		return nil, err
	}
	e := &RemoteEngine{connection: c, client: paastechv1.NewEngineServiceClient(c)}
	err = c.reach(ctx, func(ctx context.Context) error {
		_, err := e.client.Directory(ctx, &paastechv1.DirectoryRequest{})
		return err
	})
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return e, nil
}

// Watch tells the other process again what it has to know whenever it began anew, until ctx ends.
func (e *RemoteEngine) Watch(ctx context.Context) error {
	follow(ctx, func(ctx context.Context, begun func()) error {
		stream, err := e.client.Changes(ctx, &paastechv1.ChangesRequest{}, grpc.WaitForReady(true))
		if err != nil {
			return err
		}
		if err := accepted(stream); err != nil {
			return err
		}
		if err := e.supply(ctx); err != nil {
			return err
		}
		begun()
		for {
			if _, err := stream.Recv(); err != nil {
				return err
			}
		}
	}, func(err error) {
		e.log.WarnContext(ctx, "the deployer module does not answer", "at", e.address, "error", err)
	})
	return e.Close()
}

// supply tells where images come from, when that is known.
func (e *RemoteEngine) supply(ctx context.Context) error {
	registry := e.registry.Load()
	if registry == nil {
		return nil
	}
	_, err := e.client.UseRegistry(ctx, registry)
	return err
}

// supplied does something for which the other process has to know where images come from.
func (e *RemoteEngine) supplied(ctx context.Context, do func() error) error {
	err := do()
	if !paas.IsCode(err, eNoRegistry) || e.registry.Load() == nil {
		return err
	}
	if err := e.supply(ctx); err != nil {
		return err
	}
	return do()
}

// UseRegistry tells the engine where images come from.
func (e *RemoteEngine) UseRegistry(ctx context.Context, address string, pass paas.RegistryPass) error {
	e.registry.Store(&paastechv1.UseRegistryRequest{Address: address, Username: pass.Username, Password: pass.Password.Reveal()})
	return e.supply(ctx)
}

// BuildNetwork is the network that builds live in.
func (e *RemoteEngine) BuildNetwork(ctx context.Context) (paas.BuildNetwork, error) {
	r, err := e.client.BuildNetwork(ctx, &paastechv1.BuildNetworkRequest{})
	if err != nil {
		return paas.BuildNetwork{}, err
	}
	gateway, err := netip.ParseAddr(r.GetGateway())
	subnet, malformed := netip.ParsePrefix(r.GetSubnet())
	if err := errors.Join(err, malformed); err != nil {
		return paas.BuildNetwork{}, fmt.Errorf("read the network of builds: %w", err)
	}
	return paas.BuildNetwork{Name: r.GetName(), Gateway: gateway, Subnet: subnet}, nil
}

// Directory is where images and containers are kept on this host.
func (e *RemoteEngine) Directory(ctx context.Context) (string, error) {
	r, err := e.client.Directory(ctx, &paastechv1.DirectoryRequest{})
	return r.GetPath(), err
}

// Launch creates and starts a container.
func (e *RemoteEngine) Launch(ctx context.Context, spec paas.ContainerSpec) (paas.Container, error) {
	var launched paas.Container
	err := e.supplied(ctx, func() error {
		r, err := e.client.Launch(ctx, &paastechv1.LaunchRequest{Spec: fromSpec(spec)})
		if err == nil {
			launched = toContainer(r.GetContainer())
		}
		return err
	})
	return launched, err
}

// Await returns when the container is ready or will not be.
func (e *RemoteEngine) Await(ctx context.Context, id paas.ContainerID, probe paas.Probe) (paas.Readiness, error) {
	r, err := e.client.Await(ctx, &paastechv1.AwaitRequest{Id: string(id), Probe: fromProbe(probe)})
	if err != nil {
		return paas.Readiness{}, err
	}
	return toReadiness(r.GetReadiness())
}

// Check asks a running container once.
func (e *RemoteEngine) Check(ctx context.Context, id paas.ContainerID, probe paas.Probe) (paas.Readiness, error) {
	r, err := e.client.Check(ctx, &paastechv1.CheckRequest{Id: string(id), Probe: fromProbe(probe)})
	if err != nil {
		return paas.Readiness{}, err
	}
	return toReadiness(r.GetReadiness())
}

// Keep has the engine start the container again when it ends.
func (e *RemoteEngine) Keep(ctx context.Context, id paas.ContainerID) error {
	_, err := e.client.Keep(ctx, &paastechv1.KeepRequest{Id: string(id)})
	return err
}

// Start starts a container that exists.
func (e *RemoteEngine) Start(ctx context.Context, id paas.ContainerID) error {
	_, err := e.client.Start(ctx, &paastechv1.StartRequest{Id: string(id)})
	return err
}

// Stop ends a container.
func (e *RemoteEngine) Stop(ctx context.Context, id paas.ContainerID, grace time.Duration) error {
	_, err := e.client.Stop(ctx, &paastechv1.StopRequest{Id: string(id), Grace: duration(grace)})
	return err
}

// Freeze takes the processor from a container.
func (e *RemoteEngine) Freeze(ctx context.Context, id paas.ContainerID) error {
	_, err := e.client.Freeze(ctx, &paastechv1.FreezeRequest{Id: string(id)})
	return err
}

// Thaw gives it back.
func (e *RemoteEngine) Thaw(ctx context.Context, id paas.ContainerID) error {
	_, err := e.client.Thaw(ctx, &paastechv1.ThawRequest{Id: string(id)})
	return err
}

// Remove removes a container.
func (e *RemoteEngine) Remove(ctx context.Context, id paas.ContainerID) error {
	_, err := e.client.Remove(ctx, &paastechv1.RemoveRequest{Id: string(id)})
	return err
}

// Containers lists all containers.
func (e *RemoteEngine) Containers(ctx context.Context) ([]paas.Container, error) {
	r, err := e.client.Containers(ctx, &paastechv1.ContainersRequest{})
	return each(r.GetContainers(), toContainer), err
}

// ContainersOf lists a project's containers.
func (e *RemoteEngine) ContainersOf(ctx context.Context, project paas.ProjectID) ([]paas.Container, error) {
	r, err := e.client.ContainersOf(ctx, &paastechv1.ContainersOfRequest{Project: string(project)})
	return each(r.GetContainers(), toContainer), err
}

// Statistics measures a container.
func (e *RemoteEngine) Statistics(ctx context.Context, id paas.ContainerID) (paas.Statistics, error) {
	r, err := e.client.Statistics(ctx, &paastechv1.StatisticsRequest{Id: string(id)})
	return toStatistics(r.GetStatistics()), err
}

// Retain removes the project's images but those kept.
func (e *RemoteEngine) Retain(ctx context.Context, project paas.ProjectID, keep []paas.ImageRef) error {
	return e.supplied(ctx, func() error {
		_, err := e.client.Retain(ctx, &paastechv1.RetainRequest{Project: string(project), Keep: each(keep, as[string])})
		return err
	})
}

// Neighbours says where the labels of containers beside the platform's lead.
func (e *RemoteEngine) Neighbours(ctx context.Context) ([]paas.Neighbour, []string, error) {
	r, err := e.client.Neighbours(ctx, &paastechv1.NeighboursRequest{})
	if err != nil {
		return nil, nil, err
	}
	neighbours, err := eachRead(r.GetNeighbours(), toNeighbour)
	return neighbours, r.GetUnheeded(), err
}

// Examine looks at what only the engine sees.
func (e *RemoteEngine) Examine(ctx context.Context, running []paas.ProjectID) []paas.Check {
	r, err := e.client.Examine(ctx, &paastechv1.ExamineRequest{Running: each(running, as[string])})
	if err != nil {
		check := paas.NewCheck(paas.PartEngine)
		check.Summary = "the deployer at " + e.address + " could not be asked"
		check.Find(paas.EEngineDown, "paastech serve --only deployer", paas.Public(err).Message)
		return []paas.Check{check}
	}
	return each(r.GetChecks(), toCheck)
}

// Mend puts right what Examine finds.
func (e *RemoteEngine) Mend(ctx context.Context, running []paas.ProjectID) ([]string, error) {
	r, err := e.client.Mend(ctx, &paastechv1.MendRequest{Running: each(running, as[string])})
	return r.GetDone(), err
}

// Lacking returns those of the images that the engine does not have.
func (e *RemoteEngine) Lacking(ctx context.Context, images []paas.ImageRef) ([]paas.ImageRef, error) {
	var lacking []paas.ImageRef
	err := e.supplied(ctx, func() error {
		r, err := e.client.Lacking(ctx, &paastechv1.LackingRequest{Images: each(images, as[string])})
		lacking = each(r.GetImages(), as[paas.ImageRef])
		return err
	})
	return lacking, err
}

// Volumes lists a project's volumes.
func (e *RemoteEngine) Volumes(ctx context.Context, project paas.ProjectID) ([]paas.VolumeUse, error) {
	r, err := e.client.Volumes(ctx, &paastechv1.VolumesRequest{Project: string(project)})
	return each(r.GetVolumes(), toUse), err
}

// RemoveVolume removes a volume.
func (e *RemoteEngine) RemoveVolume(ctx context.Context, project paas.ProjectID, name string) error {
	_, err := e.client.RemoveVolume(ctx, &paastechv1.RemoveVolumeRequest{Project: string(project), Name: name})
	return err
}

// Forget removes all that the engine keeps for a project.
func (e *RemoteEngine) Forget(ctx context.Context, project paas.ProjectID) error {
	return e.supplied(ctx, func() error {
		_, err := e.client.Forget(ctx, &paastechv1.ForgetRequest{Project: string(project)})
		return err
	})
}

// Projects lists every project that the engine keeps anything for.
func (e *RemoteEngine) Projects(ctx context.Context) ([]paas.ProjectID, error) {
	var projects []paas.ProjectID
	err := e.supplied(ctx, func() error {
		r, err := e.client.KeptProjects(ctx, &paastechv1.KeptProjectsRequest{})
		projects = each(r.GetProjects(), as[paas.ProjectID])
		return err
	})
	return projects, err
}
