package deployer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"

	"github.com/paastech-cloud/paastech/paas"
)

// volume is where a volume of a project is.
func (o Options) volume(project paas.ProjectID, name string) disk {
	return disk{filepath.Join(o.VolumesDir, string(project), name)}
}

// plainName tells whether a name stays inside the directory that it is looked up in.
func plainName(name string) bool {
	return filepath.IsLocal(name) && filepath.Base(name) == name && name != "."
}

// volumeNames lists a project's volumes.
func (o Options) volumeNames(project paas.ProjectID) ([]string, error) {
	if o.VolumesDir == "" || !plainName(string(project)) {
		return nil, nil
	}
	return directories(filepath.Join(o.VolumesDir, string(project)))
}

// volumeProjects lists the projects that have volumes.
func (o Options) volumeProjects() ([]paas.ProjectID, error) {
	if o.VolumesDir == "" {
		return nil, nil
	}
	names, err := directories(o.VolumesDir)
	var projects []paas.ProjectID
	for _, name := range names {
		projects = append(projects, paas.ProjectID(name))
	}
	return projects, err
}

func directories(path string) ([]string, error) {
	entries, err := os.ReadDir(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list volumes: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if entry.IsDir() {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

// ensureVolumes makes and mounts what a container wants mounted. The project is locked.
func (e *Engine) ensureVolumes(ctx context.Context, spec paas.ContainerSpec, user string) error {
	if len(spec.Volumes) > 0 && (e.options.VolumesDir == "" || !plainName(string(spec.Project))) {
		return paas.Errorf(paas.Unavailable, paas.EUnavailable, "This platform keeps no volumes.")
	}
	owner, group := ownerOf(user)
	for _, volume := range spec.Volumes {
		if !plainName(volume.Name) {
			return paas.InvalidField("volumes.name", "%q is not the name of a volume.", volume.Name)
		}
		size := volume.Size
		setDefault(&size, paas.DefaultVolumeSize)
		place := e.options.volume(spec.Project, volume.Name)
		enforced, err := place.ensure(ctx, int64(size), owner, group)
		if err == nil && enforced {
			err = e.growVolume(ctx, spec.Project, place, int64(size))
		}
		if err != nil {
			return volumeFailed(volume.Name, err)
		}
		if !enforced {
			e.unbounded.Do(func() {
				e.options.Logger.WarnContext(ctx, "the sizes of volumes are not enforced: this host makes no loop devices or has no mkfs.ext4 (apt-get install e2fsprogs)")
			})
		}
	}
	return nil
}

// growVolume lets a volume have the size that is declared now, at the latest when nothing that has it
// runs.
func (e *Engine) growVolume(ctx context.Context, project paas.ProjectID, place disk, size int64) error {
	err := place.grow(ctx, size, func() (bool, error) { return e.volumeRuns(ctx, project, place) })
	if errors.Is(err, errGrowsLater) {
		e.options.Logger.InfoContext(ctx, "a volume grows at the next start of its application, for this daemon may not let it grow while it is in use (CAP_SYS_RESOURCE)", "project", project, "volume", place.path, "error", err)
		return nil
	}
	return err
}

// volumeRuns tells whether a container that runs has a volume mounted.
func (e *Engine) volumeRuns(ctx context.Context, project paas.ProjectID, place disk) (bool, error) {
	containers, err := e.containersOf(ctx, project)
	return slices.ContainsFunc(containers, func(c container.Summary) bool {
		return mounts(c.Mounts, place) && c.State != container.StateExited && c.State != container.StateCreated && c.State != container.StateDead
	}), err
}

// ownerOf reads a container's user. A group's name is the image's affair; the group is then the user's.
func ownerOf(user string) (owner, group int) {
	ownerText, groupText, _ := strings.Cut(user, ":")
	owner, _ = strconv.Atoi(ownerText) // safeUser made it a number
	group, err := strconv.Atoi(groupText)
	if err != nil {
		group = owner
	}
	return owner, group
}

func volumeFailed(name string, err error) error {
	err = fmt.Errorf("volume %s: %w", name, err)
	if noSpace(err) {
		return diskFull(err)
	}
	return paas.Errorf(paas.Unavailable, paas.EUnavailable, "The volume %s cannot be mounted at the moment; the server's log says why.", name).Because(err)
}

// mountAgain mounts the volumes of a container that is there: after a reboot nothing is.
func (e *Engine) mountAgain(ctx context.Context, found container.InspectResponse) error {
	project := paas.ProjectID(found.Config.Labels[labelProject])
	names, err := e.options.volumeNames(project)
	if err != nil || len(names) == 0 {
		return err
	}
	defer e.lock(project)()
	for _, name := range names {
		place := e.options.volume(project, name)
		if !slices.ContainsFunc(found.HostConfig.Mounts, func(m mount.Mount) bool { return m.Source == place.content() }) {
			continue
		}
		if err := place.mount(); err != nil {
			return volumeFailed(name, err)
		}
	}
	return nil
}

func mounts(points []container.MountPoint, place disk) bool {
	return slices.ContainsFunc(points, func(point container.MountPoint) bool { return point.Source == place.content() })
}

// Volumes lists a project's volumes, mounted or not.
func (e *Engine) Volumes(ctx context.Context, project paas.ProjectID) ([]paas.VolumeUse, error) {
	names, err := e.options.volumeNames(project)
	if err != nil || len(names) == 0 {
		return nil, err
	}
	containers, err := e.containersOf(ctx, project)
	if err != nil {
		return nil, err
	}
	var volumes []paas.VolumeUse
	for _, name := range names {
		place := e.options.volume(project, name)
		use, err := place.measure()
		if err != nil {
			return nil, volumeFailed(name, err)
		}
		use.Name = name
		use.Mounted = slices.ContainsFunc(containers, func(c container.Summary) bool { return mounts(c.Mounts, place) })
		volumes = append(volumes, use)
	}
	return volumes, nil
}

// RemoveVolume removes a volume and what is in it; Conflict while a container, running or stopped, has
// it mounted.
func (e *Engine) RemoveVolume(ctx context.Context, project paas.ProjectID, name string) error {
	defer e.lock(project)()
	names, err := e.options.volumeNames(project)
	if err != nil {
		return err
	}
	if !slices.Contains(names, name) {
		return paas.Errorf(paas.NotFound, paas.ENotFound, "The project has no volume %s.", name)
	}
	containers, err := e.containersOf(ctx, project)
	if err != nil {
		return err
	}
	place := e.options.volume(project, name)
	for _, one := range containers {
		if mounts(one.Mounts, place) {
			return paas.Errorf(paas.Conflict, paas.EConflict, "The volume %s is in use. Take it out of paastech/app.yaml and deploy, or stop and delete what uses it.", name)
		}
	}
	return e.removeVolume(project, name)
}

// removeVolume removes a volume, and with the last one the project's directory.
func (e *Engine) removeVolume(project paas.ProjectID, name string) error {
	if err := e.options.volume(project, name).remove(); err != nil {
		return fmt.Errorf("remove volume %s: %w", name, err)
	}
	_ = os.Remove(filepath.Join(e.options.VolumesDir, string(project))) // stays while there are others
	return nil
}

// forgetVolumes removes all volumes of a project that has no container any more.
func (e *Engine) forgetVolumes(_ context.Context, project paas.ProjectID) error {
	defer e.lock(project)()
	names, err := e.options.volumeNames(project)
	for _, name := range names {
		err = errors.Join(err, e.removeVolume(project, name))
	}
	if err == nil && e.options.VolumesDir != "" && plainName(string(project)) {
		_ = os.Remove(filepath.Join(e.options.VolumesDir, string(project))) // made, and interrupted before its first volume
	}
	return err
}

// leaveVolumes unmounts all volumes; what is in them stays.
func (e *Engine) leaveVolumes() error {
	projects, err := e.options.volumeProjects()
	for _, project := range projects {
		err = errors.Join(err, e.leaveVolumesOf(project))
	}
	return err
}

func (e *Engine) leaveVolumesOf(project paas.ProjectID) error {
	defer e.lock(project)()
	names, err := e.options.volumeNames(project)
	for _, name := range names {
		if left := e.options.volume(project, name).leave(); left != nil {
			err = errors.Join(err, fmt.Errorf("leave volume %s: %w", name, left))
		}
	}
	return err
}

// unmounted is the error of a container that Docker cannot start because it does not see a volume.
func unmounted(cause error) error {
	return paas.Errorf(paas.Unavailable, paas.EUnavailable, "Docker does not see a volume of this application, because it does not share this server's mounts; the server's log says more.").Because(cause)
}
