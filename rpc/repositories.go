package rpc

import (
	"context"
	"errors"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/rpc/contracts/paastechv1"
)

// RemoteRepositories are repositories that another process keeps.
type RemoteRepositories struct {
	*connection
	client paastechv1.RepositoriesServiceClient
}

var _ paas.Repositories = (*RemoteRepositories)(nil)

// OpenRepositories connects to them, and waits for their process for a bounded time.
func OpenRepositories(ctx context.Context, remote Remote) (*RemoteRepositories, error) {
	c, err := dial(remote, Repositories)
	if err != nil {
		return nil, err
	}
	r := &RemoteRepositories{c, paastechv1.NewRepositoriesServiceClient(c)}
	err = c.reach(ctx, func(ctx context.Context) error {
		_, err := r.client.Projects(ctx, &paastechv1.ProjectsRequest{})
		return err
	})
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return r, nil
}

// Create makes an empty repository.
func (r *RemoteRepositories) Create(ctx context.Context, project paas.ProjectID) error {
	_, err := r.client.Create(ctx, &paastechv1.CreateRequest{Project: string(project)})
	return err
}

// Delete removes a repository.
func (r *RemoteRepositories) Delete(ctx context.Context, project paas.ProjectID) error {
	_, err := r.client.Delete(ctx, &paastechv1.DeleteRequest{Project: string(project)})
	return err
}

// SetHead makes branch what a clone checks out.
func (r *RemoteRepositories) SetHead(ctx context.Context, project paas.ProjectID, branch string) error {
	_, err := r.client.SetHead(ctx, &paastechv1.SetHeadRequest{Project: string(project), Branch: branch})
	return err
}

// Resolve returns the commit a branch stands at.
func (r *RemoteRepositories) Resolve(ctx context.Context, project paas.ProjectID, branch string) (paas.CommitID, error) {
	reply, err := r.client.Resolve(ctx, &paastechv1.ResolveRequest{Project: string(project), Branch: branch})
	return paas.CommitID(reply.GetCommit()), err
}

// Projects lists the projects that have a repository.
func (r *RemoteRepositories) Projects(ctx context.Context) ([]paas.ProjectID, error) {
	reply, err := r.client.Projects(ctx, &paastechv1.ProjectsRequest{})
	return each(reply.GetProjects(), as[paas.ProjectID]), err
}

// Size is how many bytes of disk a repository takes.
func (r *RemoteRepositories) Size(ctx context.Context, project paas.ProjectID) (int64, error) {
	reply, err := r.client.Size(ctx, &paastechv1.SizeRequest{Project: string(project)})
	return reply.GetBytes(), err
}

// repositoriesServer serves repositories.
type repositoriesServer struct {
	paastechv1.UnimplementedRepositoriesServiceServer
	repositories paas.Repositories
}

func (s *repositoriesServer) Create(ctx context.Context, r *paastechv1.CreateRequest) (*paastechv1.CreateResponse, error) {
	return &paastechv1.CreateResponse{}, s.repositories.Create(ctx, paas.ProjectID(r.GetProject()))
}

func (s *repositoriesServer) Delete(ctx context.Context, r *paastechv1.DeleteRequest) (*paastechv1.DeleteResponse, error) {
	return &paastechv1.DeleteResponse{}, s.repositories.Delete(ctx, paas.ProjectID(r.GetProject()))
}

func (s *repositoriesServer) SetHead(ctx context.Context, r *paastechv1.SetHeadRequest) (*paastechv1.SetHeadResponse, error) {
	return &paastechv1.SetHeadResponse{}, s.repositories.SetHead(ctx, paas.ProjectID(r.GetProject()), r.GetBranch())
}

func (s *repositoriesServer) Resolve(ctx context.Context, r *paastechv1.ResolveRequest) (*paastechv1.ResolveResponse, error) {
	commit, err := s.repositories.Resolve(ctx, paas.ProjectID(r.GetProject()), r.GetBranch())
	return &paastechv1.ResolveResponse{Commit: string(commit)}, err
}

func (s *repositoriesServer) Projects(ctx context.Context, _ *paastechv1.ProjectsRequest) (*paastechv1.ProjectsResponse, error) {
	projects, err := s.repositories.Projects(ctx)
	return &paastechv1.ProjectsResponse{Projects: each(projects, as[string])}, err
}

func (s *repositoriesServer) Size(ctx context.Context, r *paastechv1.SizeRequest) (*paastechv1.SizeResponse, error) {
	bytes, err := s.repositories.Size(ctx, paas.ProjectID(r.GetProject()))
	return &paastechv1.SizeResponse{Bytes: bytes}, err
}
