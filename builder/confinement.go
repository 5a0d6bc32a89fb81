package builder

import (
	"github.com/docker/docker/api/types/container"
)

// Labels of what a build makes; the instance's is on everything that the platform makes.
const (
	labelInstance = "paastech.instance"
	labelProject  = "paastech.project"
	labelBuild    = "paastech.build" // containers and volumes that end with their build
	labelCache    = "paastech.cache" // volumes that outlive it
)

// Limits are what one build may use.
type Limits struct {
	Memory int64   // bytes; swap is not added
	CPUs   float64 // cores
	PIDs   int64
}

// buildShares is the weight of a build where processors are short; an application's is 1024.
const buildShares = 256

// confine takes from a build container all that a build does not need. What pack asked for is kept
// only where it is a volume or the network.
func confine(asked *container.HostConfig, limits Limits, networkName string) *container.HostConfig {
	return &container.HostConfig{
		Binds:         asked.Binds,
		NetworkMode:   container.NetworkMode(networkName),
		LogConfig:     container.LogConfig{Type: "none"}, // pack is attached; nothing is kept on disk
		CapDrop:       []string{"ALL"},
		SecurityOpt:   []string{"no-new-privileges:true"},
		RestartPolicy: container.RestartPolicy{Name: container.RestartPolicyDisabled},
		Resources: container.Resources{
			Memory:     limits.Memory,
			MemorySwap: limits.Memory,
			NanoCPUs:   int64(limits.CPUs * 1e9),
			CPUShares:  buildShares,
			PidsLimit:  &limits.PIDs,
		},
	}
}
