package deployer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/network"

	"github.com/paastech-cloud/paastech/paas"
)

const (
	// unprivileged is who an image runs as that names nobody, or root.
	unprivileged = "1000:1000"

	logFiles = 2
)

// blueprint is all that Docker is told to make a container.
type blueprint struct {
	Config  *container.Config
	Host    *container.HostConfig
	Network *network.NetworkingConfig
}

// containerConfig maps a container of ours to Docker's words. Everything is hardened by default: no
// capability, no way to more privileges, no user 0, no mount but its project's volumes, and bounds for
// memory, CPU, processes and log.
func containerConfig(spec paas.ContainerSpec, found image.InspectResponse, options Options) (blueprint, error) {
	encoded, err := labels{
		Instance:   options.Instance,
		Project:    string(spec.Project),
		Deployment: spec.Deployment,
		Process:    spec.Process,
		Index:      max(spec.Index, 1),
		OneOff:     spec.OneOff,
		Port:       spec.Port,
		Hostname:   spec.Hostname,
		Secure:     options.Secure,
	}.encode()
	if err != nil {
		return blueprint{}, err
	}
	config := &container.Config{
		Image:      string(spec.Image),
		Env:        spec.Env.Lines(),
		Labels:     encoded,
		StopSignal: "SIGTERM", // an image may ask for another; the contract of Stop is this one
		User:       unprivileged,
	}
	if found.Config != nil {
		config.User = safeUser(found.Config.User)
	}
	config.Entrypoint, config.Cmd = commandOf(spec, found)
	name := projectNetwork(options.Instance, spec.Project)
	endpoint := &network.EndpointSettings{Aliases: []string{spec.Process}}
	return blueprint{
		Config:  config,
		Host:    hostConfig(spec, name, config.User, options),
		Network: &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{name: endpoint}},
	}, nil
}

func hostConfig(spec paas.ContainerSpec, networkName, user string, options Options) *container.HostConfig {
	limits := limitsOf(spec.Limits, options)
	reaper := true // as process 1, so that an application dies of SIGTERM and leaves no zombies
	host := &container.HostConfig{
		Resources: container.Resources{
			Memory:     int64(limits.Memory),
			MemorySwap: int64(limits.Memory),
			NanoCPUs:   int64(limits.CPU * 1e9),
			PidsLimit:  &limits.PIDs,
		},
		CapDrop:        []string{"ALL"},
		Init:           &reaper,
		LogConfig:      logConfig(options.LogSize),
		NetworkMode:    container.NetworkMode(networkName),
		RestartPolicy:  container.RestartPolicy{Name: container.RestartPolicyDisabled},
		SecurityOpt:    []string{"no-new-privileges:true"},
		Sysctls:        map[string]string{"net.ipv4.ip_unprivileged_port_start": "0"},
		ReadonlyRootfs: spec.Files.ReadOnly,
		Tmpfs:          memoryDirectories(spec, user),
	}
	for _, volume := range spec.Volumes {
		source := options.volume(spec.Project, volume.Name).content()
		host.Mounts = append(host.Mounts, mount.Mount{Type: mount.TypeBind, Source: source, Target: volume.Path})
	}
	for _, resolver := range options.Resolvers {
		host.DNS = append(host.DNS, resolver.String())
	}
	return host
}

// limitsOf are those asked for, else the defaults; Docker refuses more cores than the host has.
func limitsOf(asked paas.Limits, options Options) paas.Limits {
	setDefault(&asked.Memory, paas.Bytes(options.Memory))
	setDefault(&asked.CPU, options.CPU)
	setDefault(&asked.PIDs, options.Pids)
	asked.PIDs = min(asked.PIDs, maxPids)
	if options.cores > 0 {
		asked.CPU = min(asked.CPU, options.cores)
	}
	return asked
}

// memoryDirectories are those that a container with a read-only root may write to. They are its user's:
// where the image has the directory, runc keeps its mode, which may be for its owner alone. Programs may
// be run from there, as some libraries do from /tmp.
func memoryDirectories(spec paas.ContainerSpec, user string) map[string]string {
	if !spec.Files.ReadOnly {
		return nil
	}
	size := spec.Files.Size
	setDefault(&size, paas.DefaultWritableSize)
	uid, _, _ := strings.Cut(user, ":")
	directories := map[string]string{}
	for _, path := range append([]string{"/tmp"}, spec.Files.Writable...) {
		if !slices.ContainsFunc(spec.Volumes, func(v paas.Volume) bool { return v.Path == path }) {
			directories[path] = fmt.Sprintf("rw,exec,nosuid,nodev,mode=1777,uid=%s,size=%d", uid, int64(size))
		}
	}
	return directories
}

func logConfig(size int64) container.LogConfig {
	return container.LogConfig{Type: "json-file", Config: map[string]string{
		"max-size": fmt.Sprint(size / logFiles),
		"max-file": fmt.Sprint(logFiles),
	}}
}

// safeUser keeps the user of an image when it is surely not root. A name is not sure: the image's own
// passwd file says who that is.
func safeUser(user string) string {
	uid, _, _ := strings.Cut(user, ":")
	if uid == "" || strings.Trim(uid, "0123456789") != "" || strings.Trim(uid, "0") == "" {
		return unprivileged
	}
	return user
}
