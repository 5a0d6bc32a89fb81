package deployer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"

	"github.com/docker/docker/api/types/system"
	"github.com/vishvananda/netlink"

	"github.com/paastech-cloud/paastech/paas"
)

// clockTolerance is by how much Docker's clock may differ from ours: logs are put in order by both.
const clockTolerance = 5 * time.Second

// Examine looks whether Docker answers, at the host, at the packet filter, and at the networks of the
// projects that should run.
func (e *Engine) Examine(ctx context.Context, running []paas.ProjectID) []paas.Check {
	asked, cancel := e.within(ctx)
	defer cancel()
	began := time.Now()
	info, err := e.docker.Info(asked)
	if err != nil {
		return []paas.Check{e.down(err), hostCheck(e.options.VolumesDir != "", nil), e.examineFilter()}
	}
	engine := paas.NewCheck(paas.PartEngine)
	engine.Summary = fmt.Sprintf("Docker %s answers in %s", info.ServerVersion, time.Since(began).Round(time.Millisecond))
	for _, warning := range clockWarnings(info.SystemTime, began, time.Now()) {
		engine.Find(paas.EHostClock, "timedatectl set-ntp true", warning)
	}
	return []paas.Check{engine, hostCheck(e.options.VolumesDir != "", &info), e.examineFilter(), e.examineNetworks(ctx, running)}
}

func (e *Engine) down(err error) paas.Check {
	check := paas.NewCheck(paas.PartEngine)
	check.Summary = "Docker does not answer"
	check.Find(paas.EEngineDown, "systemctl start docker || journalctl -u docker -n 50", paas.Public(unreachable(e.docker.DaemonHost(), err)).Message+" What ran goes on running, if Docker's containers do")
	return check
}

// clockWarnings compares the engine's clock with ours; it was read between two times.
func clockWarnings(read string, began, ended time.Time) []string {
	at, err := time.Parse(time.RFC3339Nano, read)
	if err != nil || at.After(began.Add(-clockTolerance)) && at.Before(ended.Add(clockTolerance)) {
		return nil
	}
	return []string{fmt.Sprintf("Docker's clock says %s and this one %s", at.UTC().Format(time.RFC3339), ended.UTC().Format(time.RFC3339))}
}

// grubRemedy has the kernel count what containers use; it needs a reboot.
const grubRemedy = `sed -i 's/^GRUB_CMDLINE_LINUX="/&cgroup_enable=memory swapaccount=1 /' /etc/default/grub && update-grub && reboot`

// hostCheck looks at what limits need; info is nil while Docker does not answer.
func hostCheck(volumes bool, info *system.Info) paas.Check {
	check := paas.NewCheck(paas.PartHost)
	check.Summary = "limits of volumes can be enforced"
	if info != nil {
		check.Summary = fmt.Sprintf("kernel %s, cgroups v%s: limits of memory, CPU, processes and volumes can be enforced", info.KernelVersion, info.CgroupVersion)
		for _, controller := range []struct {
			there bool
			what  string
		}{{info.MemoryLimit, "memory"}, {info.PidsLimit, "pids"}, {info.CPUCfsQuota, "cpu"}} {
			if !controller.there {
				check.Find(paas.EHostLacks, grubRemedy, fmt.Sprintf("the kernel has no cgroup controller %s: what applications use of that is not limited", controller.what))
			}
		}
	}
	if !volumes {
		return check
	}
	if _, err := os.Stat("/dev/loop-control"); err != nil {
		check.Find(paas.EHostLacks, "modprobe loop && echo loop >> /etc/modules", "the kernel has no loop devices: sizes of volumes are not enforced")
	}
	if _, err := exec.LookPath("mkfs.ext4"); err != nil {
		check.Find(paas.EHostLacks, "apt-get install -y e2fsprogs", "there is no mkfs.ext4: sizes of volumes are not enforced")
	}
	return check
}

func (e *Engine) examineFilter() paas.Check {
	check := paas.NewCheck(paas.PartFilter)
	check.Summary = "is as it was set"
	state, err := e.filter.compare()
	switch {
	case err != nil:
		check.Summary = "could not be looked at"
		check.Find(paas.EUnexamined, "nft list table "+e.filter.name(), paas.Public(err).Message)
	case state == filterGone:
		check.Find(paas.EFilterOpen, "paastech doctor --repair", "the packet filter is gone: applications reach each other and the host")
	case state == filterChanged:
		check.Find(paas.EFilterOpen, "paastech doctor --repair", "somebody changed the packet filter (table "+e.filter.name()+"): applications may reach each other and the host")
	}
	return check
}

// examineNetworks finds projects that should run and have no network, or one whose bridge is gone.
func (e *Engine) examineNetworks(ctx context.Context, running []paas.ProjectID) paas.Check {
	check := paas.NewCheck(paas.PartNetworks)
	there, err := e.networks(ctx, e.ours(labelNetwork))
	if err != nil {
		check.Summary = "could not be looked at"
		check.Find(paas.EUnexamined, "docker network ls", paas.Public(err).Message)
		return check
	}
	bridges := map[string]string{}
	for _, network := range there {
		bridges[network.Name] = network.Options[bridgeNameKey]
	}
	for _, project := range running {
		name := projectNetwork(e.options.Instance, project)
		bridge, made := bridges[name]
		switch {
		case !made:
			check.Find(paas.ENetworkMissing, "paastech doctor --repair && paastech restart -P "+string(project), fmt.Sprintf("project %s should run and has no network", project))
		case !hasLink(bridge):
			check.Find(paas.ENetworkMissing, "systemctl restart docker", fmt.Sprintf("the bridge %s of project %s is gone: its containers reach nobody", bridge, project))
		}
	}
	check.Summary = fmt.Sprintf("%d of this installation, of %s", len(there), e.options.Pool)
	return check
}

// hasLink tells whether the host has a network interface. Docker on another host has its own.
func hasLink(name string) bool {
	_, err := netlink.LinkByName(name)
	_, missing := errors.AsType[netlink.LinkNotFoundError](err)
	return !missing
}

// Mend closes the packet filter when it is not as it was set, makes networks of projects that should
// run, and mounts the volumes of their containers.
func (e *Engine) Mend(ctx context.Context, running []paas.ProjectID) (done []string, err error) {
	if state, err := e.filter.compare(); err != nil {
		return nil, err
	} else if state != filterAsSet {
		if err := e.assertFilter(ctx); err != nil {
			return nil, err
		}
		done = append(done, "Closed the packet filter again.")
	}
	for _, project := range running {
		more, err := e.mendProject(ctx, project)
		done = append(done, more...)
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

func (e *Engine) mendProject(ctx context.Context, project paas.ProjectID) (done []string, err error) {
	defer e.lock(project)()
	_, err = e.network(ctx, projectNetwork(e.options.Instance, project))
	if paas.IsKind(err, paas.NotFound) {
		if err = e.ensureProjectNetwork(ctx, project); err == nil {
			done = append(done, fmt.Sprintf("Made the network of project %s.", project))
		}
	}
	if err != nil {
		return done, err
	}
	names, err := e.options.volumeNames(project)
	for _, name := range names {
		place := e.options.volume(project, name)
		change, mendErr := place.mend(ctx, func() (bool, error) { return e.volumeRuns(ctx, project, place) })
		if mendErr != nil {
			err = errors.Join(err, volumeFailed(name, mendErr))
		}
		if change != "" {
			done = append(done, fmt.Sprintf("%s the volume %s of project %s.", change, name, project))
		}
	}
	return done, err
}

// Lacking returns those of the images that Docker does not have.
func (e *Engine) Lacking(ctx context.Context, images []paas.ImageRef) ([]paas.ImageRef, error) {
	pulled, err := e.pulledImages(ctx, e.registry.Load().address.String())
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(images), func(ref paas.ImageRef) bool {
		return slices.ContainsFunc(pulled, func(one pulledImage) bool { return one.ref == string(ref) })
	}), nil
}
