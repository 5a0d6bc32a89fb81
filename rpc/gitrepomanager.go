package rpc

import (
	"context"
	"slices"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/rpc/contracts/gitrepomanager"
)

// gitRepoManagerServer is the first PaaSTech's git controller over repositories.
type gitRepoManagerServer struct {
	gitrepomanager.UnimplementedGitRepoManagerServer
	repositories paas.Repositories
}

func (s *gitRepoManagerServer) CreateRepository(ctx context.Context, r *gitrepomanager.RepositoryRequest) (*gitrepomanager.RepositoryResponse, error) {
	project, there, err := s.look(ctx, r)
	switch {
	case err != nil:
		return nil, err
	case there:
		return nil, status.Errorf(codes.AlreadyExists, "The repository %s is there already.", project)
	}
	return &gitrepomanager.RepositoryResponse{Message: "The repository was created."}, s.repositories.Create(ctx, project)
}

func (s *gitRepoManagerServer) DeleteRepository(ctx context.Context, r *gitrepomanager.RepositoryRequest) (*gitrepomanager.RepositoryResponse, error) {
	project, there, err := s.look(ctx, r)
	switch {
	case err != nil:
		return nil, err
	case !there:
		return nil, status.Errorf(codes.NotFound, "There is no repository %s.", project)
	}
	return &gitrepomanager.RepositoryResponse{Message: "The repository was deleted."}, s.repositories.Delete(ctx, project)
}

func (s *gitRepoManagerServer) look(ctx context.Context, r *gitrepomanager.RepositoryRequest) (project paas.ProjectID, there bool, err error) {
	if project, err = projectNamed("repository_path", strings.TrimSuffix(r.GetRepositoryPath(), ".git")); err != nil {
		return "", false, err
	}
	all, err := s.repositories.Projects(ctx)
	return project, slices.Contains(all, project), err
}

// projectNamed reads the id of a project, which is all that repositories and containers are named after.
func projectNamed(field, text string) (paas.ProjectID, error) {
	if !paas.IsProjectID(text) {
		return "", status.Errorf(codes.InvalidArgument, "%s: %q is not the id of a project.", field, text)
	}
	return paas.ProjectID(text), nil
}
