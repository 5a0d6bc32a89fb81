package rpc_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/paas/paastest"
	"github.com/paastech-cloud/paastech/rpc"
	"github.com/paastech-cloud/paastech/rpc/contracts/gitrepomanager"
	"github.com/paastech-cloud/paastech/rpc/contracts/pomegranate"
	"github.com/paastech-cloud/paastech/rpc/rpctest"
)

// TestTheFirstContractsAreAsTheyWere holds every method and field against what the first PaaSTech's programs send.
func TestTheFirstContractsAreAsTheyWere(t *testing.T) {
	want := `gitrepomanager.GitRepoManager.CreateRepository{1 string repository_path} -> {1 string message}
gitrepomanager.GitRepoManager.DeleteRepository{1 string repository_path} -> {1 string message}
pomegranate.Pomegranate.Deploy{1 string container_name, 2 string image_name, 3 string image_tag, 4 repeated message env_vars{1 string key, 2 string value}} -> {}
pomegranate.Pomegranate.StopDeploy{1 string container_name} -> {}
pomegranate.Pomegranate.DeleteImage{1 string container_name, 2 string image_name, 3 string image_tag} -> {}
pomegranate.Pomegranate.GetLogs{1 string container_name} -> {1 string logs}
pomegranate.Pomegranate.GetStatistics{1 string container_name} -> {1 double cpu_usage, 2 uint64 memory_usage, 3 uint64 memory_limit}
pomegranate.Pomegranate.GetStatus{1 repeated string container_name} -> {1 repeated message container_statuses{1 string container_name, 2 enum container_status[UNKNOWN 0 STARTING 1 RUNNING 2 STOPPING 3 STOPPED 4]}}
`
	var is strings.Builder
	for _, file := range []protoreflect.FileDescriptor{gitrepomanager.File_gitrepomanager_gitrepomanager_proto, pomegranate.File_pomegranate_pomegranate_proto} {
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				fmt.Fprintf(&is, "%s%s -> %s\n", methods.Get(j).FullName(), fieldsOf(methods.Get(j).Input()), fieldsOf(methods.Get(j).Output()))
			}
		}
	}
	if is.String() != want {
		t.Errorf("is\n%s", is.String())
	}
}

func fieldsOf(message protoreflect.MessageDescriptor) string {
	var fields []string
	for i := range message.Fields().Len() {
		field := message.Fields().Get(i)
		text := fmt.Sprint(field.Number(), " ")
		if field.Cardinality() == protoreflect.Repeated {
			text += "repeated "
		}
		text += fmt.Sprint(field.Kind(), " ", field.Name())
		if field.Message() != nil {
			text += fieldsOf(field.Message())
		}
		if field.Enum() != nil {
			var values []string
			for j := range field.Enum().Values().Len() {
				value := field.Enum().Values().Get(j)
				values = append(values, fmt.Sprint(value.Name(), " ", value.Number()))
			}
			text += "[" + strings.Join(values, " ") + "]"
		}
		fields = append(fields, text)
	}
	return "{" + strings.Join(fields, ", ") + "}"
}

// yard is an engine that keeps containers in memory; images whose name has "broken" in it do not answer.
type yard struct {
	paastest.Engine
	mutex      sync.Mutex
	containers map[paas.ContainerID]paas.Container
	specs      []paas.ContainerSpec
	retained   []paas.ProjectID
}

func (y *yard) Launch(_ context.Context, spec paas.ContainerSpec) (paas.Container, error) {
	y.mutex.Lock()
	defer y.mutex.Unlock()
	c := paas.Container{ID: paas.ContainerID(fmt.Sprint(spec.Image, len(y.specs))), Project: spec.Project, Deployment: spec.Deployment, Running: true}
	y.containers[c.ID], y.specs = c, append(y.specs, spec)
	return c, nil
}

func (y *yard) Await(_ context.Context, id paas.ContainerID, probe paas.Probe) (paas.Readiness, error) {
	if strings.Contains(string(id), "broken") {
		return paas.Readiness{Ended: true, ExitCode: 1}, nil
	}
	return paastest.Ready(probe), nil
}

func (y *yard) Keep(_ context.Context, id paas.ContainerID) error {
	return y.change(id, func(c *paas.Container) { c.Kept = true })
}

func (y *yard) Stop(_ context.Context, id paas.ContainerID, _ time.Duration) error {
	return y.change(id, func(c *paas.Container) { c.Running = false })
}

func (y *yard) change(id paas.ContainerID, change func(*paas.Container)) error {
	y.mutex.Lock()
	defer y.mutex.Unlock()
	c := y.containers[id]
	change(&c)
	y.containers[id] = c
	return nil
}

func (y *yard) Remove(_ context.Context, id paas.ContainerID) error {
	y.mutex.Lock()
	defer y.mutex.Unlock()
	delete(y.containers, id)
	return nil
}

func (y *yard) Containers(context.Context) ([]paas.Container, error) {
	y.mutex.Lock()
	defer y.mutex.Unlock()
	return slices.Collect(maps.Values(y.containers)), nil
}

func (y *yard) ContainersOf(ctx context.Context, project paas.ProjectID) ([]paas.Container, error) {
	all, err := y.Containers(ctx)
	return slices.DeleteFunc(all, func(c paas.Container) bool { return c.Project != project }), err
}

func (y *yard) Lacking(_ context.Context, images []paas.ImageRef) ([]paas.ImageRef, error) {
	return slices.DeleteFunc(images, func(ref paas.ImageRef) bool { return ref == "shop:v2" }), nil
}

func (y *yard) Retain(_ context.Context, project paas.ProjectID, _ []paas.ImageRef) error {
	y.retained = append(y.retained, project)
	return nil
}

// Output writes two lines and goes on running.
func (y *yard) Output(ctx context.Context, _ paas.ContainerID, _ time.Time, each func(paas.LogLine) error) error {
	for _, text := range []string{"listening", "GET /"} {
		if err := each(paas.LogLine{At: time.Unix(1, 0), Text: text}); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return context.Cause(ctx)
}

func (y *yard) Statistics(context.Context, paas.ContainerID) (paas.Statistics, error) {
	return paas.Statistics{CPUUsage: 1.5, MemoryUsage: 2, MemoryLimit: 3}, nil
}

const (
	shop    = "6f1c1b7e-9b0a-4c55-9d0c-2a7f0d6c9e11"
	another = "6f1c1b7e-9b0a-4c55-9d0c-2a7f0d6c9e12"
)

// TestTheFirstDeployersClients deploys, looks, and stops as the first PaaSTech's API did.
func TestTheFirstDeployersClients(t *testing.T) {
	engine := &yard{containers: map[paas.ContainerID]paas.Container{}}
	connection := legacyConnection(t, rpc.Deployer, func(offer rpc.Offer) *rpc.Server {
		return rpc.OfferEngine(rpctest.Supplied{Engine: engine}, "example.com", offer)
	})
	client := pomegranate.NewPomegranateClient(connection)
	ctx := t.Context()
	wantStatus := func(want pomegranate.Status) {
		t.Helper()
		told, err := client.GetStatus(ctx, &pomegranate.GetStatusRequest{ContainerName: []string{shop, another}})
		if err != nil || len(told.ContainerStatuses) != 2 || told.ContainerStatuses[0].ContainerStatus != want || told.ContainerStatuses[1].ContainerStatus != pomegranate.Status_UNKNOWN {
			t.Errorf("status: %v, %v; want %s", told, err, want)
		}
	}
	wantCode := func(what string, err error, want codes.Code) {
		t.Helper()
		if status.Code(err) != want {
			t.Errorf("%s: %v, want %s", what, err, want)
		}
	}
	deploy := func(image string) error {
		_, err := client.Deploy(ctx, &pomegranate.DeployRequest{ContainerName: shop, ImageName: image, ImageTag: "v1", EnvVars: map[string]string{"A": "b", "PORT": "3000"}})
		return err
	}
	wantStatus(pomegranate.Status_UNKNOWN)
	wantCode("deploy", deploy("shop"), codes.OK)
	if spec := engine.specs[0]; spec.Hostname != shop+".user-app.example.com" || spec.Image != "shop:v1" || spec.Port != 3000 || spec.Env["A"] != "b" || spec.Deployment != 1 {
		t.Errorf("launched %+v", spec)
	}
	wantStatus(pomegranate.Status_RUNNING)
	wantCode("deploy again", deploy("shop"), codes.OK)
	broken := deploy("broken")
	wantCode("deploy what is broken", broken, codes.FailedPrecondition)
	if sentence := status.Convert(broken).Message(); !strings.HasPrefix(sentence, "The application did not answer at port 3000 or 80;") {
		t.Errorf("%q", sentence)
	}
	if left, _ := engine.Containers(ctx); len(left) != 1 || left[0].Deployment != 2 || !left[0].Kept {
		t.Errorf("there are %+v", left)
	}
	logs, err := client.GetLogs(ctx, &pomegranate.GetLogsRequest{ContainerName: shop})
	if err != nil || logs.Logs != "listening\nGET /\n" {
		t.Errorf("logs: %v, %v", logs, err)
	}
	measured, err := client.GetStatistics(ctx, &pomegranate.GetStatisticsRequest{ContainerName: shop})
	if err != nil || measured.CpuUsage != 1.5 || measured.MemoryUsage != 2 || measured.MemoryLimit != 3 {
		t.Errorf("statistics: %v, %v", measured, err)
	}
	_, err = client.StopDeploy(ctx, &pomegranate.StopDeployRequest{ContainerName: shop})
	wantCode("stop", err, codes.OK)
	wantStatus(pomegranate.Status_UNKNOWN)
	_, err = client.StopDeploy(ctx, &pomegranate.StopDeployRequest{ContainerName: shop})
	wantCode("stop what does not run", err, codes.NotFound)
	_, err = client.GetLogs(ctx, &pomegranate.GetLogsRequest{ContainerName: shop})
	wantCode("logs of what is gone", err, codes.NotFound)
	if measured, err := client.GetStatistics(ctx, &pomegranate.GetStatisticsRequest{ContainerName: shop}); err != nil || measured.MemoryUsage != 0 {
		t.Errorf("statistics of what is gone: %v, %v", measured, err)
	}
	_, err = client.DeleteImage(ctx, &pomegranate.DeleteImageRequest{ContainerName: shop, ImageName: "shop", ImageTag: "v2"})
	wantCode("delete image", err, codes.OK)
	_, err = client.DeleteImage(ctx, &pomegranate.DeleteImageRequest{ContainerName: shop, ImageName: "shop", ImageTag: "v9"})
	wantCode("delete an image that is not there", err, codes.NotFound)
	if len(engine.retained) != 1 {
		t.Errorf("images of %v were deleted", engine.retained)
	}
	for _, name := range []string{"", "../" + shop, "shop", shop + " "} {
		_, err := client.Deploy(ctx, &pomegranate.DeployRequest{ContainerName: name, ImageName: "shop"})
		wantCode("deploy "+name, err, codes.InvalidArgument)
	}
	_, err = client.Deploy(ctx, &pomegranate.DeployRequest{ContainerName: shop})
	wantCode("deploy no image", err, codes.InvalidArgument)
}

// TestTheFirstGitControllersClients makes and removes repositories as the first PaaSTech's API did.
func TestTheFirstGitControllersClients(t *testing.T) {
	repositories := &shelf{there: map[paas.ProjectID]bool{}}
	client := gitrepomanager.NewGitRepoManagerClient(legacyConnection(t, rpc.Repositories, func(offer rpc.Offer) *rpc.Server {
		return rpc.OfferRepositories(repositories, offer)
	}))
	for _, step := range []struct {
		do   func(context.Context, *gitrepomanager.RepositoryRequest, ...grpc.CallOption) (*gitrepomanager.RepositoryResponse, error)
		path string
		want codes.Code
	}{
		{client.CreateRepository, shop, codes.OK},
		{client.CreateRepository, shop + ".git", codes.AlreadyExists},
		{client.CreateRepository, "../../etc", codes.InvalidArgument},
		{client.DeleteRepository, another, codes.NotFound},
		{client.DeleteRepository, shop + ".git", codes.OK},
		{client.DeleteRepository, shop, codes.NotFound},
		{client.DeleteRepository, "/" + shop, codes.InvalidArgument},
	} {
		if _, err := step.do(t.Context(), &gitrepomanager.RepositoryRequest{RepositoryPath: step.path}); status.Code(err) != step.want {
			t.Errorf("%s: %v, want %s", step.path, err, step.want)
		}
	}
}

// shelf keeps the names of repositories.
type shelf struct {
	paas.Repositories
	there map[paas.ProjectID]bool
}

func (s *shelf) Create(_ context.Context, id paas.ProjectID) error { s.there[id] = true; return nil }
func (s *shelf) Delete(_ context.Context, id paas.ProjectID) error { delete(s.there, id); return nil }
func (s *shelf) Projects(context.Context) ([]paas.ProjectID, error) {
	return slices.Collect(maps.Keys(s.there)), nil
}

// legacyConnection is a client's that knows the first PaaSTech's contracts alone, and no instance.
func legacyConnection(t *testing.T, module rpc.Module, offer func(rpc.Offer) *rpc.Server) *grpc.ClientConn {
	t.Helper()
	dir := t.TempDir()
	address := rpctest.Serve(t, dir, module, offer)
	rpctest.Credentials(t, dir, rpc.Hub)
	connection, err := grpc.NewClient("passthrough:///"+strings.TrimPrefix(address, "grpc://"), grpc.WithTransportCredentials(hubTLS(t, dir, module)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	return connection
}
