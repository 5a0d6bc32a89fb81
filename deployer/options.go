package deployer

import (
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"time"
)

// Options configure an Engine; only Instance has no default.
type Options struct {
	Host     string // address of Docker; empty means DOCKER_HOST, else the usual socket
	Instance string // id of the data directory; on every container, network and volume

	Pool         netip.Prefix   // where application and build networks are made; default 10.214.0.0/16
	Allow        []netip.Prefix // private networks that applications may reach all the same
	Resolvers    []netip.Addr   // DNS servers of applications; default: the host's
	IngressPorts []int          // ports of this host that applications may reach

	Secure  bool    // the ingress serves applications over TLS
	Memory  int64   // bytes a container; default 512 MiB
	CPU     float64 // cores a container; default 1
	Pids    int64   // processes and threads a container; default and most 512
	LogSize int64   // bytes of log kept for a container; default 20 MiB

	Neighbours string // network whose labelled containers are routed to; empty: none

	VolumesDir string // where volumes are kept; empty: applications have none

	CallTimeout time.Duration // how long Docker may take to answer a call; default 30 s
	Logger      *slog.Logger

	cores float64 // of the host; 0 is not known
}

const maxPids = 512

// complete fills in the defaults and refuses what cannot work.
func (o *Options) complete() error {
	if o.Instance == "" {
		return fmt.Errorf("deployer: no instance id")
	}
	setDefault(&o.Pool, netip.MustParsePrefix("10.214.0.0/16"))
	setDefault(&o.Memory, 512<<20)
	setDefault(&o.CPU, 1)
	setDefault(&o.Pids, maxPids)
	setDefault(&o.LogSize, 20<<20)
	setDefault(&o.CallTimeout, 30*time.Second)
	setDefault(&o.Logger, slog.New(slog.DiscardHandler))
	if o.VolumesDir != "" {
		absolute, err := filepath.Abs(o.VolumesDir)
		if err != nil {
			return fmt.Errorf("find the directory of volumes: %w", err)
		}
		o.VolumesDir = absolute
		if real, err := filepath.EvalSymlinks(absolute); err == nil { // as the kernel names the files in it
			o.VolumesDir = real
		}
	}
	o.Pids = min(o.Pids, maxPids)
	o.Pool = o.Pool.Masked()
	if !o.Pool.Addr().Is4() || o.Pool.Bits() > 24 {
		return fmt.Errorf("network.pool %s: an IPv4 network of /24 or larger is wanted", o.Pool)
	}
	for _, allowed := range o.Allow {
		if !allowed.Addr().Is4() {
			return fmt.Errorf("network.allow %s: application networks speak IPv4 only", allowed)
		}
	}
	return nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
