package deployer

import (
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/paastech-cloud/paastech/paas"
)

// T29: what Docker says about a container that was made with defaults.
func TestContainersAreHardened(t *testing.T) {
	e := newEngine(t)
	started := run(t, e, spec())
	found, err := e.inspect(t.Context(), started.ID)
	if err != nil {
		t.Fatal(err)
	}
	checkHardening(t, found, e.options)
	if started.Kept || !e.options.Pool.Contains(started.Address) || len(found.Mounts) != 0 {
		t.Errorf("started: %+v, mounts %v", started, found.Mounts)
	}
	if log := logsOf(t, e, started.ID); !strings.Contains(log, "started as 1000") {
		t.Errorf("the image's root was kept:\n%s", log)
	}
}

// checkHardening holds for every container, of a process or one-off.
func checkHardening(t *testing.T, found container.InspectResponse, options Options) {
	t.Helper()
	host := found.HostConfig
	for rule, holds := range map[string]bool{
		"no capabilities":       len(host.CapDrop) == 1 && host.CapDrop[0] == "ALL" && len(host.CapAdd) == 0,
		"no new privileges":     len(host.SecurityOpt) == 1 && host.SecurityOpt[0] == "no-new-privileges:true",
		"not privileged":        !host.Privileged,
		"at most 512 processes": host.PidsLimit != nil && *host.PidsLimit > 0 && *host.PidsLimit <= 512,
		"memory is limited":     host.Memory > 0 && host.MemorySwap == host.Memory,
		"CPU is limited":        host.NanoCPUs > 0,
		"not root":              found.Config.User == unprivileged,
		"no binds":              len(host.Binds) == 0,
		"own network":           strings.HasPrefix(string(host.NetworkMode), "paastech-"),
		"no published ports":    len(host.PortBindings) == 0,
		"log is limited":        host.LogConfig.Type == "json-file" && host.LogConfig.Config["max-size"] != "" && host.LogConfig.Config["max-file"] != "",
		"not kept yet":          host.RestartPolicy.IsNone(),
	} {
		if !holds {
			t.Errorf("not so: %s", rule)
		}
	}
	for _, mount := range found.Mounts {
		if options.VolumesDir == "" || !strings.HasPrefix(mount.Source, options.VolumesDir) {
			t.Errorf("mounted from the host: %s", mount.Source)
		}
	}
}

func TestBuildpackImagesRunTheProcessAsTheirUser(t *testing.T) {
	e := newEngine(t)
	s := spec("PORT", "80")
	s.Image, s.Port = images.buildpack, 80
	started := run(t, e, s)
	if log := logsOf(t, e, started.ID); !strings.Contains(log, "started as 1001") {
		t.Errorf("log:\n%s", log)
	}
	s.Process = "worker"
	missing := launch(t, e, s)
	seen, err := e.Await(t.Context(), missing.ID, paas.Probe{Ports: []int{80}, Deadline: 10 * time.Second})
	if err != nil || !seen.Ended || seen.ExitCode != 127 {
		t.Errorf("a process that the image does not have: %+v %v", seen, err)
	}
}

func TestImagesThatCannotStartAreRejected(t *testing.T) {
	e := newEngine(t)
	s := spec()
	s.Image = images.empty
	_, err := e.Launch(t.Context(), s)
	if !paas.IsKind(err, paas.Rejected) {
		t.Errorf("an image without a command: %v", err)
	}
	s.Image = images.foreign
	if _, err = e.Launch(t.Context(), s); !paas.IsKind(err, paas.Rejected) || !paas.IsCode(err, paas.EWrongArch) {
		t.Errorf("an image for another processor: %v", err)
	}
	all, err := e.Containers(t.Context())
	if err != nil || len(all) != 0 {
		t.Errorf("containers after a start that did not work: %d, %v", len(all), err)
	}
}

func TestContainersTellWhatRuns(t *testing.T) {
	e := newEngine(t)
	s := spec()
	s.Deployment, s.Process, s.Index = 7, "web", 3
	s.Limits = paas.Limits{Memory: 32 << 20, CPU: 1000, PIDs: 50}
	started := run(t, e, s)
	if err := e.Keep(t.Context(), started.ID); err != nil {
		t.Fatal(err)
	}
	crashing := launch(t, e, spec("MODE", "exit", "CODE", "4"))
	eventually(t, "the second container ends", func() bool { return !find(t, e, crashing.ID).Running })

	want := started
	want.Kept = true
	if got := find(t, e, started.ID); got != want {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if want.Deployment != 7 || want.Process != "web" || want.Index != 3 || want.OneOff || want.Memory != 32<<20 || !want.EndedAt.IsZero() || want.Port != 8080 || want.Project != s.Project || !want.Running || want.StartedAt.IsZero() {
		t.Errorf("started: %+v", want)
	}
	if got := find(t, e, crashing.ID); got.ExitCode != 4 || got.Address.IsValid() || got.Kept || got.Index != 1 || got.Memory != paas.Bytes(e.options.Memory) || got.EndedAt.IsZero() { // Docker may note the start of one that ends at once after its end
		t.Errorf("ended: %+v", got)
	}
	found, err := e.inspect(t.Context(), started.ID)
	if err != nil || found.HostConfig.Memory != 32<<20 || found.HostConfig.MemorySwap != 32<<20 || *found.HostConfig.PidsLimit != 50 || found.HostConfig.NanoCPUs != int64(e.options.cores*1e9) {
		t.Errorf("keeping changed the limits: %+v %v", found.HostConfig.Resources, err)
	}
}

func find(t *testing.T, e *Engine, id paas.ContainerID) paas.Container {
	t.Helper()
	all, err := e.Containers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range all {
		if one.ID == id {
			return one
		}
	}
	t.Fatalf("container %s is not listed", id)
	return paas.Container{}
}
