package rpc

import (
	"context"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/rpc/contracts/paastechv1"
)

// Engine is all that the daemon needs of a deployer.
type Engine interface {
	paas.Engine

	// BuildNetwork is the network that builds live in, made when it is not there.
	BuildNetwork(ctx context.Context) (paas.BuildNetwork, error)

	// UseRegistry tells where images come from; before, nothing is launched, and what there is is not known.
	UseRegistry(ctx context.Context, address string, pass paas.RegistryPass) error

	// Directory is where images and containers are kept on this host; empty when that is elsewhere.
	Directory(ctx context.Context) (string, error)
}

// engineServer serves an engine. Its calls have the engine's own names and meaning.
type engineServer struct {
	paastechv1.UnimplementedEngineServiceServer
	engine   Engine
	ending   context.Context // done when the process is about to end
	supplied atomic.Bool     // UseRegistry was called
}

func (s *engineServer) checkSupplied() error {
	if s.supplied.Load() {
		return nil
	}
	return paas.Errorf(paas.Unavailable, eNoRegistry, "The platform's deployer has just started; try again.")
}

func (s *engineServer) Launch(ctx context.Context, r *paastechv1.LaunchRequest) (*paastechv1.LaunchResponse, error) {
	if err := s.checkSupplied(); err != nil {
		return nil, err
	}
	c, err := s.engine.Launch(ctx, toSpec(r.GetSpec()))
	return &paastechv1.LaunchResponse{Container: fromContainer(c)}, err
}

func (s *engineServer) Await(ctx context.Context, r *paastechv1.AwaitRequest) (*paastechv1.AwaitResponse, error) {
	seen, err := s.engine.Await(ctx, paas.ContainerID(r.GetId()), toProbe(r.GetProbe()))
	return &paastechv1.AwaitResponse{Readiness: fromReadiness(seen)}, err
}

func (s *engineServer) Check(ctx context.Context, r *paastechv1.CheckRequest) (*paastechv1.CheckResponse, error) {
	seen, err := s.engine.Check(ctx, paas.ContainerID(r.GetId()), toProbe(r.GetProbe()))
	return &paastechv1.CheckResponse{Readiness: fromReadiness(seen)}, err
}

func (s *engineServer) Keep(ctx context.Context, r *paastechv1.KeepRequest) (*paastechv1.KeepResponse, error) {
	return &paastechv1.KeepResponse{}, s.engine.Keep(ctx, paas.ContainerID(r.GetId()))
}

func (s *engineServer) Start(ctx context.Context, r *paastechv1.StartRequest) (*paastechv1.StartResponse, error) {
	return &paastechv1.StartResponse{}, s.engine.Start(ctx, paas.ContainerID(r.GetId()))
}

func (s *engineServer) Stop(ctx context.Context, r *paastechv1.StopRequest) (*paastechv1.StopResponse, error) {
	return &paastechv1.StopResponse{}, s.engine.Stop(ctx, paas.ContainerID(r.GetId()), r.GetGrace().AsDuration())
}

func (s *engineServer) Freeze(ctx context.Context, r *paastechv1.FreezeRequest) (*paastechv1.FreezeResponse, error) {
	return &paastechv1.FreezeResponse{}, s.engine.Freeze(ctx, paas.ContainerID(r.GetId()))
}

func (s *engineServer) Thaw(ctx context.Context, r *paastechv1.ThawRequest) (*paastechv1.ThawResponse, error) {
	return &paastechv1.ThawResponse{}, s.engine.Thaw(ctx, paas.ContainerID(r.GetId()))
}

func (s *engineServer) Remove(ctx context.Context, r *paastechv1.RemoveRequest) (*paastechv1.RemoveResponse, error) {
	return &paastechv1.RemoveResponse{}, s.engine.Remove(ctx, paas.ContainerID(r.GetId()))
}

func (s *engineServer) Containers(ctx context.Context, _ *paastechv1.ContainersRequest) (*paastechv1.ContainersResponse, error) {
	all, err := s.engine.Containers(ctx)
	return &paastechv1.ContainersResponse{Containers: each(all, fromContainer)}, err
}

func (s *engineServer) ContainersOf(ctx context.Context, r *paastechv1.ContainersOfRequest) (*paastechv1.ContainersOfResponse, error) {
	all, err := s.engine.ContainersOf(ctx, paas.ProjectID(r.GetProject()))
	return &paastechv1.ContainersOfResponse{Containers: each(all, fromContainer)}, err
}

func (s *engineServer) Statistics(ctx context.Context, r *paastechv1.StatisticsRequest) (*paastechv1.StatisticsResponse, error) {
	measured, err := s.engine.Statistics(ctx, paas.ContainerID(r.GetId()))
	return &paastechv1.StatisticsResponse{Statistics: fromStatistics(measured)}, err
}

func (s *engineServer) Retain(ctx context.Context, r *paastechv1.RetainRequest) (*paastechv1.RetainResponse, error) {
	if err := s.checkSupplied(); err != nil {
		return nil, err
	}
	return &paastechv1.RetainResponse{}, s.engine.Retain(ctx, paas.ProjectID(r.GetProject()), each(r.GetKeep(), as[paas.ImageRef]))
}

func (s *engineServer) Neighbours(ctx context.Context, _ *paastechv1.NeighboursRequest) (*paastechv1.NeighboursResponse, error) {
	found, unheeded, err := s.engine.Neighbours(ctx)
	if err != nil {
		return nil, err
	}
	neighbours, err := eachRead(found, fromNeighbour)
	return &paastechv1.NeighboursResponse{Neighbours: neighbours, Unheeded: unheeded}, err
}

func (s *engineServer) Examine(ctx context.Context, r *paastechv1.ExamineRequest) (*paastechv1.ExamineResponse, error) {
	return &paastechv1.ExamineResponse{Checks: each(s.engine.Examine(ctx, each(r.GetRunning(), as[paas.ProjectID])), fromCheck)}, nil
}

func (s *engineServer) Mend(ctx context.Context, r *paastechv1.MendRequest) (*paastechv1.MendResponse, error) {
	done, err := s.engine.Mend(ctx, each(r.GetRunning(), as[paas.ProjectID]))
	return &paastechv1.MendResponse{Done: done}, err
}

func (s *engineServer) Lacking(ctx context.Context, r *paastechv1.LackingRequest) (*paastechv1.LackingResponse, error) {
	if err := s.checkSupplied(); err != nil {
		return nil, err
	}
	lacking, err := s.engine.Lacking(ctx, each(r.GetImages(), as[paas.ImageRef]))
	return &paastechv1.LackingResponse{Images: each(lacking, as[string])}, err
}

func (s *engineServer) Volumes(ctx context.Context, r *paastechv1.VolumesRequest) (*paastechv1.VolumesResponse, error) {
	volumes, err := s.engine.Volumes(ctx, paas.ProjectID(r.GetProject()))
	return &paastechv1.VolumesResponse{Volumes: each(volumes, fromUse)}, err
}

func (s *engineServer) RemoveVolume(ctx context.Context, r *paastechv1.RemoveVolumeRequest) (*paastechv1.RemoveVolumeResponse, error) {
	return &paastechv1.RemoveVolumeResponse{}, s.engine.RemoveVolume(ctx, paas.ProjectID(r.GetProject()), r.GetName())
}

func (s *engineServer) Forget(ctx context.Context, r *paastechv1.ForgetRequest) (*paastechv1.ForgetResponse, error) {
	if err := s.checkSupplied(); err != nil {
		return nil, err
	}
	return &paastechv1.ForgetResponse{}, s.engine.Forget(ctx, paas.ProjectID(r.GetProject()))
}

func (s *engineServer) KeptProjects(ctx context.Context, _ *paastechv1.KeptProjectsRequest) (*paastechv1.KeptProjectsResponse, error) {
	if err := s.checkSupplied(); err != nil {
		return nil, err
	}
	projects, err := s.engine.Projects(ctx)
	return &paastechv1.KeptProjectsResponse{Projects: each(projects, as[string])}, err
}

func (s *engineServer) BuildNetwork(ctx context.Context, _ *paastechv1.BuildNetworkRequest) (*paastechv1.BuildNetworkResponse, error) {
	network, err := s.engine.BuildNetwork(ctx)
	if err != nil {
		return nil, err
	}
	return &paastechv1.BuildNetworkResponse{Name: network.Name, Gateway: network.Gateway.String(), Subnet: network.Subnet.String()}, nil
}

func (s *engineServer) UseRegistry(ctx context.Context, r *paastechv1.UseRegistryRequest) (*paastechv1.UseRegistryResponse, error) {
	if err := s.engine.UseRegistry(ctx, r.GetAddress(), paas.RegistryPass{Username: r.GetUsername(), Password: paas.Secret(r.GetPassword())}); err != nil {
		return nil, err
	}
	s.supplied.Store(true)
	return &paastechv1.UseRegistryResponse{}, nil
}

func (s *engineServer) Directory(ctx context.Context, _ *paastechv1.DirectoryRequest) (*paastechv1.DirectoryResponse, error) {
	path, err := s.engine.Directory(ctx)
	return &paastechv1.DirectoryResponse{Path: path}, err
}

func (s *engineServer) Output(r *paastechv1.OutputRequest, stream grpc.ServerStreamingServer[paastechv1.OutputResponse]) error {
	ctx, cancel := context.WithCancelCause(stream.Context())
	defer cancel(nil)
	defer context.AfterFunc(s.ending, func() { cancel(errEnding()) })() // who reads goes on with the next process
	return s.engine.Output(ctx, paas.ContainerID(r.GetId()), moment(r.GetSince()), func(line paas.LogLine) error {
		return stream.Send(&paastechv1.OutputResponse{Line: fromLine(line)})
	})
}

func (s *engineServer) Changes(_ *paastechv1.ChangesRequest, stream grpc.ServerStreamingServer[paastechv1.ChangesResponse]) error {
	return passOn(stream, s.ending, s.engine.Changes(stream.Context()), func(struct{}) *paastechv1.ChangesResponse {
		return &paastechv1.ChangesResponse{}
	})
}

func (s *engineServer) Endings(_ *paastechv1.EndingsRequest, stream grpc.ServerStreamingServer[paastechv1.EndingsResponse]) error {
	return passOn(stream, s.ending, s.engine.Endings(stream.Context()), func(c paas.Container) *paastechv1.EndingsResponse {
		return &paastechv1.EndingsResponse{Container: fromContainer(c)}
	})
}

func errEnding() error {
	return paas.Errorf(paas.Unavailable, paas.EUnavailable, "The platform's deployer module ends; try again when it is back.")
}

// passOn sends what comes out of a channel, until nobody listens any more. Its header says that from now on nothing
// is missed.
func passOn[T, Message any](stream grpc.ServerStreamingServer[Message], ending context.Context, source <-chan T, message func(T) *Message) error {
	if err := stream.SendHeader(metadata.MD{}); err != nil {
		return err
	}
	for {
		select {
		case value, open := <-source:
			if !open {
				return stream.Context().Err()
			}
			if err := stream.Send(message(value)); err != nil {
				return err
			}
		case <-ending.Done():
			return errEnding()
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
	}
}
