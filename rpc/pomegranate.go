package rpc

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/rpc/contracts/pomegranate"
)

const (
	legacyPort    = 80 // where the first PaaSTech's applications listen
	usualPort     = 8080
	readyTimeout  = time.Minute
	graceTimeout  = 10 * time.Second
	logsBytes     = 1 << 20                // of the newest lines
	logsQuiet     = 500 * time.Millisecond // without a line after another: what was written has come
	logsPatience  = 5 * time.Second        // for the first line: there is none
	legacyProcess = "web"
)

// pomegranateServer is the first PaaSTech's deployer over an engine. A hub that uses the same engine would take what
// runs here for what nobody wants: who speaks this contract is a hub itself.
type pomegranateServer struct {
	pomegranate.UnimplementedPomegranateServer
	engine Engine
	domain string
}

func (s *pomegranateServer) Deploy(ctx context.Context, r *pomegranate.DeployRequest) (*pomegranate.EmptyResponse, error) {
	project, err := projectNamed("container_name", r.GetContainerName())
	if err != nil {
		return nil, err
	}
	image, err := imageNamed(r.GetImageName(), r.GetImageTag())
	if err != nil {
		return nil, err
	}
	before, err := s.engine.ContainersOf(ctx, project)
	if err != nil {
		return nil, err
	}
	spec, probe := s.legacySpec(project, image, r.GetEnvVars())
	for _, c := range before {
		spec.Deployment = max(spec.Deployment, c.Deployment+1)
	}
	launched, err := s.engine.Launch(ctx, spec)
	if err != nil {
		return nil, err
	}
	seen, err := s.engine.Await(ctx, launched.ID, probe)
	if err == nil && !seen.Ready {
		err = status.Errorf(codes.FailedPrecondition, "The application did not answer at port %d or %d; what ran before goes on running.", probe.Ports[0], legacyPort)
	}
	if err == nil {
		err = s.engine.Keep(ctx, launched.ID)
	}
	if err != nil {
		if removed := s.engine.Remove(context.WithoutCancel(ctx), launched.ID); removed != nil {
			return nil, errors.Join(err, removed)
		}
		return nil, err
	}
	return &pomegranate.EmptyResponse{}, s.end(ctx, before)
}

func (s *pomegranateServer) legacySpec(project paas.ProjectID, image paas.ImageRef, variables map[string]string) (paas.ContainerSpec, paas.Probe) {
	env := paas.Env{}
	for name, value := range variables {
		env[name] = paas.Secret(value)
	}
	port, err := strconv.Atoi(variables["PORT"])
	if err != nil {
		port = usualPort
		env["PORT"] = paas.Secret(strconv.Itoa(port))
	}
	return paas.ContainerSpec{
			Project: project, Deployment: 1, Process: legacyProcess, Index: 1, Image: image, Env: env, Port: port,
			Hostname: paas.Hostname(string(project) + ".user-app." + s.domain),
		},
		paas.Probe{Ports: []int{port, legacyPort}, Deadline: readyTimeout}
}

// end stops and removes containers.
func (s *pomegranateServer) end(ctx context.Context, containers []paas.Container) (err error) {
	for _, c := range containers {
		err = errors.Join(err, s.engine.Stop(ctx, c.ID, graceTimeout), s.engine.Remove(ctx, c.ID))
	}
	return err
}

// imageNamed is an image, wherever it is: who asks here may run anything.
func imageNamed(name, tag string) (paas.ImageRef, error) {
	if name == "" || strings.ContainsAny(name+tag, " \t\r\n") {
		return "", status.Errorf(codes.InvalidArgument, "image_name: %q is not the name of an image.", name)
	}
	return paas.ImageRef(name + ":" + cmp.Or(tag, "latest")), nil
}

func (s *pomegranateServer) StopDeploy(ctx context.Context, r *pomegranate.StopDeployRequest) (*pomegranate.EmptyResponse, error) {
	_, containers, err := s.running(ctx, r.GetContainerName())
	if err != nil {
		return nil, err
	}
	return &pomegranate.EmptyResponse{}, s.end(ctx, containers)
}

// running lists what there is of a project; NOT_FOUND when that is nothing.
func (s *pomegranateServer) running(ctx context.Context, name string) (paas.ProjectID, []paas.Container, error) {
	project, err := projectNamed("container_name", name)
	if err != nil {
		return "", nil, err
	}
	containers, err := s.engine.ContainersOf(ctx, project)
	if err == nil && len(containers) == 0 {
		err = status.Errorf(codes.NotFound, "There is no container %s.", project)
	}
	return project, containers, err
}

func (s *pomegranateServer) DeleteImage(ctx context.Context, r *pomegranate.DeleteImageRequest) (*pomegranate.EmptyResponse, error) {
	project, err := projectNamed("container_name", r.GetContainerName())
	if err != nil {
		return nil, err
	}
	image, err := imageNamed(r.GetImageName(), r.GetImageTag())
	if err != nil {
		return nil, err
	}
	lacking, err := s.engine.Lacking(ctx, []paas.ImageRef{image})
	if err != nil {
		return nil, err
	}
	if len(lacking) > 0 {
		return nil, status.Errorf(codes.NotFound, "There is no image %s.", image)
	}
	return &pomegranate.EmptyResponse{}, s.engine.Retain(ctx, project, nil)
}

func (s *pomegranateServer) GetLogs(ctx context.Context, r *pomegranate.GetLogsRequest) (*pomegranate.GetLogsResponse, error) {
	_, containers, err := s.running(ctx, r.GetContainerName())
	if err != nil {
		return nil, err
	}
	var lines []paas.LogLine
	for _, c := range containers {
		own, err := s.linesOf(ctx, c.ID)
		if err != nil {
			return nil, err
		}
		lines = append(lines, own...)
	}
	slices.SortStableFunc(lines, func(a, b paas.LogLine) int { return a.At.Compare(b.At) })
	lines = newest(lines)
	var logs strings.Builder
	for _, line := range lines {
		logs.WriteString(line.Text + "\n")
	}
	return &pomegranate.GetLogsResponse{Logs: logs.String()}, nil
}

// errNow ends the reading of a log at what is written after it was asked for.
var errNow = errors.New("written since")

// linesOf reads what a container has written until now; one that runs would go on.
func (s *pomegranateServer) linesOf(ctx context.Context, id paas.ContainerID) (lines []paas.LogLine, err error) {
	reading, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	quiet := time.AfterFunc(logsPatience, func() { cancel(errNow) })
	defer quiet.Stop()
	asked := time.Now()
	err = s.engine.Output(reading, id, time.Time{}, func(line paas.LogLine) error {
		quiet.Reset(logsQuiet)
		if line.At.After(asked) {
			return errNow
		}
		if lines = append(lines, line); len(lines)%10_000 == 0 {
			lines = newest(lines)
		}
		return nil
	})
	if errors.Is(err, errNow) {
		err = nil
	}
	return newest(lines), err
}

// newest are the last lines that one answer may carry.
func newest(lines []paas.LogLine) []paas.LogLine {
	size := 0
	for at := len(lines) - 1; at >= 0; at-- {
		if size += len(lines[at].Text) + 1; size > logsBytes {
			return lines[at+1:]
		}
	}
	return lines
}

func (s *pomegranateServer) GetStatistics(ctx context.Context, r *pomegranate.GetStatisticsRequest) (*pomegranate.GetStatisticsResponse, error) {
	project, err := projectNamed("container_name", r.GetContainerName())
	if err != nil {
		return nil, err
	}
	containers, err := s.engine.ContainersOf(ctx, project)
	if err != nil {
		return nil, err
	}
	total := &pomegranate.GetStatisticsResponse{}
	for _, c := range containers {
		measured, err := s.engine.Statistics(ctx, c.ID)
		if err != nil {
			return nil, err
		}
		total.CpuUsage += measured.CPUUsage
		total.MemoryUsage += measured.MemoryUsage
		total.MemoryLimit += measured.MemoryLimit
	}
	return total, nil
}

func (s *pomegranateServer) GetStatus(ctx context.Context, r *pomegranate.GetStatusRequest) (*pomegranate.GetStatusResponse, error) {
	all, err := s.engine.Containers(ctx)
	if err != nil {
		return nil, err
	}
	told := &pomegranate.GetStatusResponse{}
	for _, name := range r.GetContainerName() {
		told.ContainerStatuses = append(told.ContainerStatuses, &pomegranate.ContainerStatus{ContainerName: name, ContainerStatus: statusOf(all, name)})
	}
	return told, nil
}

// statusOf is UNKNOWN for what there is no container of.
func statusOf(all []paas.Container, name string) pomegranate.Status {
	found := pomegranate.Status_UNKNOWN
	for _, c := range all {
		switch {
		case string(c.Project) != name || c.OneOff:
		case c.Running:
			return pomegranate.Status_RUNNING
		case c.Restarting:
			found = pomegranate.Status_STARTING
		case found == pomegranate.Status_UNKNOWN:
			found = pomegranate.Status_STOPPED
		}
	}
	return found
}
