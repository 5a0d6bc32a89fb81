package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/paastech-cloud/paastech/deployer"
	"github.com/paastech-cloud/paastech/ingress"
	"github.com/paastech-cloud/paastech/paas"
)

// check looks whether this host can take the installation: what keeps it from that, and what does not but
// deserves a look. Both are sentences that say what to do.
func (i installation) check(ctx context.Context) (obstacles, doubts []string) {
	for _, look := range []func(context.Context) error{i.checkSystem, i.checkPrograms, i.checkDocker, i.checkDisk} {
		if err := look(ctx); err != nil {
			failure, _ := failureOf(ctx, err)
			obstacles = append(obstacles, failure.Message)
		}
	}
	for _, socket := range i.sockets {
		if err := i.checkPort(ctx, socket); err != nil {
			obstacles = append(obstacles, err.Error())
		}
	}
	return obstacles, i.checkNames(ctx)
}

func (i installation) checkSystem(context.Context) error {
	if os.Geteuid() != 0 {
		return errNotRoot
	}
	if _, err := os.Stat("/run/systemd/system"); err != nil {
		return failf(paas.EUnavailable, "This host does not run systemd. Run `paastech serve` under what it has instead.")
	}
	return nil
}

// checkPrograms looks for the programs that the daemon starts, by Debian's package of each.
func (i installation) checkPrograms(context.Context) error {
	packages := map[string]string{"git": "git", "mkfs.ext4": "e2fsprogs"}
	if i.config.Builder.Image == "" {
		packages["mmdebstrap"] = "mmdebstrap"
	}
	var missing []string
	for program, pack := range packages {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, pack)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	return failf(paas.EUnavailable, "Programs are missing: apt-get install --no-install-recommends %s", strings.Join(missing, " "))
}

func (i installation) checkDocker(ctx context.Context) error {
	options, err := engineOptions(i.config, "install")
	if err != nil {
		return err
	}
	return deployer.Reach(ctx, options)
}

// checkDisk looks at the file system that the data directory is, or will be, on.
func (i installation) checkDisk(context.Context) error {
	path := i.config.DataDir
	for {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) || path == "/" {
			break
		}
		path = filepath.Dir(path)
	}
	size, free, err := disks{path}.fullest()
	if err != nil {
		return failf(paas.EUnavailable, "The disk of %s cannot be measured: %s.", i.config.DataDir, err)
	}
	if free <= i.settings.diskReserve {
		return failf(paas.EDiskLow, "The disk of %s has %s of %s free, and disk.reserve wants %s to stay free: make room, or name another place with dataDir.",
			i.config.DataDir, bytesText(free), bytesText(size), bytesText(i.settings.diskReserve))
	}
	return nil
}

// checkPort looks whether an address can be had. Those of our own units are.
func (i installation) checkPort(ctx context.Context, socket socketUnit) error {
	if systemctl(ctx, "is-active", "--quiet", socket.file()) == nil {
		return nil
	}
	if pid, err := daemonOf(i.config.DataDir); err == nil && systemctl(ctx, "is-active", "--quiet", serviceUnit) != nil {
		return fmt.Errorf("a paastech serve that systemd did not start (process %d) uses %s: end it first", pid, i.config.DataDir)
	}
	var err error
	if socket.Packets != "" {
		var bound net.PacketConn
		if bound, err = new(net.ListenConfig).ListenPacket(ctx, "udp", socket.address); err == nil {
			err = bound.Close()
		}
	} else {
		var bound net.Listener
		if bound, err = new(net.ListenConfig).Listen(ctx, "tcp", socket.address); err == nil {
			err = bound.Close()
		}
	}
	return explainListen(err, map[string]string{socket.address: socket.key})
}

// checkNames looks whether the names that people and browsers will use lead to this host. They need not yet.
func (i installation) checkNames(ctx context.Context) (doubts []string) {
	if i.config.Domain == "localhost" {
		return nil
	}
	names := []string{"any." + paas.AppDomain + "." + i.config.Domain}
	if public, err := url.Parse(i.settings.dashboardURL); err == nil && net.ParseIP(public.Hostname()) == nil {
		names = append(names, public.Hostname())
	}
	for _, name := range names {
		if err := ingress.Elsewhere(ctx, i.settings.ingress, paas.Hostname(name)); err != nil {
			doubts = append(doubts, err.Error()+". Nobody comes here by it until the DNS, or the router in front, says so.")
		}
	}
	return doubts
}
