package rpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/rpc/contracts/paastechv1"
)

const (
	endingsUnread = 256
	beginTimeout  = 2 * time.Second // until the other side should listen to what happens
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
		begun()
		if err := e.supply(ctx); err != nil {
			return err
		}
		for {
			if _, err := stream.Recv(); err != nil {
				return err
			}
		}
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
	_, err := e.client.Retain(ctx, &paastechv1.RetainRequest{Project: string(project), Keep: each(keep, as[string])})
	return err
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
	r, err := e.client.Lacking(ctx, &paastechv1.LackingRequest{Images: each(images, as[string])})
	return each(r.GetImages(), as[paas.ImageRef]), err
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
	_, err := e.client.Forget(ctx, &paastechv1.ForgetRequest{Project: string(project)})
	return err
}

// Projects lists every project that the engine keeps anything for.
func (e *RemoteEngine) Projects(ctx context.Context) ([]paas.ProjectID, error) {
	r, err := e.client.KeptProjects(ctx, &paastechv1.KeptProjectsRequest{})
	return each(r.GetProjects(), as[paas.ProjectID]), err
}

// Output calls each with every line that the container has written since then.
func (e *RemoteEngine) Output(ctx context.Context, id paas.ContainerID, since time.Time, each func(paas.LogLine) error) error {
	asking, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := e.client.Output(asking, &paastechv1.OutputRequest{Id: string(id), Since: timestamp(since)})
	if err != nil {
		return e.fromStatus(ctx, err)
	}
	for {
		r, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return e.fromStatus(ctx, err)
		}
		if err := each(toLine(r.GetLine())); err != nil {
			return err
		}
	}
}

// Changes tells when containers started or ended, or the engine, or its process, came back.
func (e *RemoteEngine) Changes(ctx context.Context) <-chan struct{} {
	changes := make(chan struct{}, 1)
	tell := func() {
		select {
		case changes <- struct{}{}:
		default:
		}
	}
	again := false
	listen(ctx, changes, func(ctx context.Context, begun func()) error {
		stream, err := e.client.Changes(ctx, &paastechv1.ChangesRequest{}, grpc.WaitForReady(true))
		return receive(stream, err, func() {
			begun()
			if again {
				tell()
			}
			again = true
		}, func(*paastechv1.ChangesResponse) { tell() })
	})
	return changes
}

// Endings tells of containers that ended although nobody asked the engine for it.
func (e *RemoteEngine) Endings(ctx context.Context) <-chan paas.Container {
	endings := make(chan paas.Container, endingsUnread)
	listen(ctx, endings, func(ctx context.Context, begun func()) error {
		stream, err := e.client.Endings(ctx, &paastechv1.EndingsRequest{}, grpc.WaitForReady(true))
		return receive(stream, err, begun, func(r *paastechv1.EndingsResponse) {
			select {
			case endings <- toContainer(r.GetContainer()):
			default: // nobody waits for a slow listener
			}
		})
	})
	return endings
}

// listen follows what happens until ctx ends, and closes the channel then. It returns when the other side listens, so
// that nothing is missed that happens afterwards, or is not there.
func listen[T any](ctx context.Context, channel chan T, open func(ctx context.Context, begun func()) error) {
	listening := make(chan struct{})
	var once sync.Once
	go func() {
		defer close(channel)
		follow(ctx, func(ctx context.Context, begun func()) error {
			return open(ctx, func() {
				begun()
				once.Do(func() { close(listening) })
			})
		})
	}()
	select {
	case <-listening:
	case <-ctx.Done():
	case <-time.After(beginTimeout):
	}
}

// accepted waits until the other side has taken a call on. One that it refused has no header.
func accepted(stream grpc.ClientStream) error {
	header, err := stream.Header()
	if err == nil && header == nil {
		err = stream.RecvMsg(nil) // why
	}
	return err
}

// receive calls each with everything that a stream brings.
func receive[Message any](stream grpc.ServerStreamingClient[Message], err error, begun func(), each func(*Message)) error {
	if err != nil {
		return err
	}
	if err := accepted(stream); err != nil {
		return err
	}
	begun()
	for {
		message, err := stream.Recv()
		if err != nil {
			return err
		}
		each(message)
	}
}
