package deployer

import (
	"strings"
	"testing"
	"time"

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
	host := found.HostConfig
	for rule, holds := range map[string]bool{
		"no capabilities":       len(host.CapDrop) == 1 && host.CapDrop[0] == "ALL" && len(host.CapAdd) == 0,
		"no new privileges":     len(host.SecurityOpt) == 1 && host.SecurityOpt[0] == "no-new-privileges:true",
		"not privileged":        !host.Privileged,
		"at most 512 processes": host.PidsLimit != nil && *host.PidsLimit > 0 && *host.PidsLimit <= 512,
		"memory is limited":     host.Memory > 0 && host.MemorySwap == host.Memory,
		"CPU is limited":        host.NanoCPUs > 0,
		"not root":              found.Config.User == unprivileged,
		"no mounts":             len(host.Binds) == 0 && len(found.Mounts) == 0,
		"own network":           strings.HasPrefix(string(host.NetworkMode), "paastech-"),
		"no published ports":    len(host.PortBindings) == 0,
		"log is limited":        host.LogConfig.Type == "json-file" && host.LogConfig.Config["max-size"] != "" && host.LogConfig.Config["max-file"] != "",
		"not kept yet":          host.RestartPolicy.IsNone() && !started.Kept,
		"has an address":        e.options.Pool.Contains(started.Address),
	} {
		if !holds {
			t.Errorf("not so: %s", rule)
		}
	}
	if log := logsOf(t, e, started.ID); !strings.Contains(log, "started as 1000") {
		t.Errorf("the image's root was kept:\n%s", log)
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
	all, err := e.Containers(t.Context())
	if err != nil || len(all) != 0 {
		t.Errorf("containers after a start that did not work: %d, %v", len(all), err)
	}
}

func TestContainersTellWhatRuns(t *testing.T) {
	e := newEngine(t)
	s := spec()
	s.Deployment, s.Process = 7, "web"
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
	if want.Deployment != 7 || want.Process != "web" || want.Port != 8080 || want.Project != s.Project || !want.Running || want.StartedAt.IsZero() {
		t.Errorf("started: %+v", want)
	}
	if got := find(t, e, crashing.ID); got.ExitCode != 4 || got.Address.IsValid() || got.Kept {
		t.Errorf("ended: %+v", got)
	}
	found, err := e.inspect(t.Context(), started.ID)
	if err != nil || found.HostConfig.Memory != e.options.Memory || found.HostConfig.MemorySwap != e.options.Memory {
		t.Errorf("keeping changed the limits: %+v %v", found.HostConfig.Resources, err)
	}
}

func TestKeptContainersComeBack(t *testing.T) {
	e := newEngine(t)
	started := launch(t, e, spec("MODE", "exit", "CODE", "1"))
	if err := e.Keep(t.Context(), started.ID); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it ends", func() bool { return !find(t, e, started.ID).Running })
	if err := e.Start(t.Context(), started.ID); err != nil {
		t.Fatal(err)
	}
	eventually(t, "Docker starts it again", func() bool { return find(t, e, started.ID).Restarts >= 2 })
	if err := e.Stop(t.Context(), started.ID, time.Second); err != nil {
		t.Fatal(err)
	}
	if got := find(t, e, started.ID); got.Running || got.Restarting {
		t.Errorf("stopped: %+v", got)
	}
}

// T5: who needs time to end gets it; who ignores the request ends when the grace has passed.
func TestStopGivesGrace(t *testing.T) {
	t.Parallel()
	e := newEngine(t)
	for name, test := range map[string]struct {
		env     []string
		grace   time.Duration
		atLeast time.Duration
		atMost  time.Duration
		code    int
	}{
		"ends at once":    {[]string{"MODE", "serve"}, 30 * time.Second, 0, 3 * time.Second, 0},
		"needs 8 seconds": {[]string{"DELAY", "8s"}, 30 * time.Second, 8 * time.Second, 10 * time.Second, 0},
		"ignores it":      {[]string{"MODE", "stubborn"}, 3 * time.Second, 2 * time.Second, 4 * time.Second, 137},
		"has no handler":  {[]string{"MODE", "silent"}, 30 * time.Second, 0, 3 * time.Second, 143},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := spec(test.env...)
			started := launch(t, e, s)
			eventually(t, "it has started", func() bool { return logsOf(t, e, started.ID) != "" })
			if test.env[1] != "silent" {
				run := paas.Probe{Ports: []int{8080}, Deadline: 10 * time.Second}
				if seen, err := e.Await(t.Context(), started.ID, run); err != nil || !seen.Ready {
					t.Fatal(seen, err)
				}
			}
			begun := time.Now()
			if err := e.Stop(t.Context(), started.ID, test.grace); err != nil {
				t.Fatal(err)
			}
			took := time.Since(begun)
			if took < test.atLeast || took > test.atMost {
				t.Errorf("took %s, want %s to %s", took, test.atLeast, test.atMost)
			}
			if got := find(t, e, started.ID); got.Running || got.ExitCode != test.code {
				t.Errorf("exit code %d, want %d", got.ExitCode, test.code)
			}
		})
	}
}

func TestGoneContainersAreNoErrorToStopAndRemove(t *testing.T) {
	e := newEngine(t)
	started := run(t, e, spec())
	for range 2 {
		if err := e.Stop(t.Context(), started.ID, time.Second); err != nil {
			t.Error(err)
		}
	}
	if err := e.Start(t.Context(), started.ID); err != nil {
		t.Error(err)
	}
	if err := e.Start(t.Context(), started.ID); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := e.Remove(t.Context(), started.ID); err != nil {
			t.Error(err)
		}
	}
	if err := e.Stop(t.Context(), started.ID, time.Second); err != nil {
		t.Error(err)
	}
	if err := e.Start(t.Context(), started.ID); !paas.IsKind(err, paas.NotFound) {
		t.Errorf("start what is gone: %v", err)
	}
	if err := e.Output(t.Context(), started.ID, time.Time{}, nil); !paas.IsKind(err, paas.NotFound) {
		t.Errorf("output of what is gone: %v", err)
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
