package deployer

import (
	"fmt"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"

	"github.com/paastech-cloud/paastech/paas"
)

const (
	// builtByBuildpacks is a label that the lifecycle puts on application images.
	builtByBuildpacks = "io.buildpacks.build.metadata"

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
// capability, no way to more privileges, no user 0, no mount, and bounds for memory, CPU, processes
// and log.
func containerConfig(spec paas.ContainerSpec, found image.InspectResponse, options Options) (blueprint, error) {
	encoded, err := labels{
		Instance:   options.Instance,
		Project:    string(spec.Project),
		Deployment: spec.Deployment,
		Process:    spec.Process,
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
		if _, ok := found.Config.Labels[builtByBuildpacks]; ok {
			config.Entrypoint = []string{"/cnb/process/" + spec.Process}
		}
	}
	name := projectNetwork(options.Instance, spec.Project)
	endpoint := &network.EndpointSettings{Aliases: []string{spec.Process}}
	return blueprint{
		Config:  config,
		Host:    hostConfig(spec, name, options),
		Network: &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{name: endpoint}},
	}, nil
}

func hostConfig(spec paas.ContainerSpec, networkName string, options Options) *container.HostConfig {
	memory := spec.Memory
	setDefault(&memory, options.Memory)
	pids := options.Pids
	reaper := true // as process 1, so that an application dies of SIGTERM and leaves no zombies
	host := &container.HostConfig{
		Resources: container.Resources{
			Memory:     memory,
			MemorySwap: memory,
			NanoCPUs:   int64(options.CPU * 1e9),
			PidsLimit:  &pids,
		},
		CapDrop:       []string{"ALL"},
		Init:          &reaper,
		LogConfig:     logConfig(options.LogSize),
		NetworkMode:   container.NetworkMode(networkName),
		RestartPolicy: container.RestartPolicy{Name: container.RestartPolicyDisabled},
		SecurityOpt:   []string{"no-new-privileges:true"},
		Sysctls:       map[string]string{"net.ipv4.ip_unprivileged_port_start": "0"},
	}
	for _, resolver := range options.Resolvers {
		host.DNS = append(host.DNS, resolver.String())
	}
	return host
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
