package cli

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/paastech-cloud/paastech/deployer"
	"github.com/paastech-cloud/paastech/deployer/traefik"
	"github.com/paastech-cloud/paastech/ingress"
	"github.com/paastech-cloud/paastech/mail"
	"github.com/paastech-cloud/paastech/paas"
)

// settings is the configuration as the parts want it: parsed, and refused with the key's name when wrong.
type settings struct {
	appURL        *url.URL // scheme and port of the applications' addresses
	dashboardURL  string
	serverProxies []netip.Prefix
	ingress       ingress.Options // what the configuration alone says of them
	buildMemory   int64
	ready         time.Duration
	drain         time.Duration
	grace         time.Duration
	appMemory     int64 // bytes of one container
	appLogs       int64 // bytes kept of one project
	diskReserve   int64
	limits        paas.UserLimits
	accounts      paas.Accounts
}

func (c Config) settings() (settings, error) {
	s := settings{
		ready: time.Duration(c.Deploy.ReadyTimeout), drain: time.Duration(c.Deploy.DrainTimeout), grace: time.Duration(c.Deploy.GraceTimeout),
		dashboardURL: c.Server.PublicURL,
	}
	if s.dashboardURL == "" {
		s.dashboardURL = "http://" + c.Server.Listen
	}
	var err error
	if s.serverProxies, err = prefixes("server.trustedProxies", c.Server.TrustedProxies); err != nil {
		return s, err
	}
	if site, err := c.dashboardSite(); err != nil {
		return s, err
	} else if site != nil { // what the ingress says about its clients is believed
		s.serverProxies = append(s.serverProxies, netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"))
	}
	if s.ingress, err = c.Ingress.options(); err != nil {
		return s, err
	}
	if s.buildMemory, err = size("builder.memory", c.Builder.Memory); err != nil {
		return s, err
	}
	if s.appMemory, err = size("limits.app.memory", c.Limits.App.Memory); err != nil {
		return s, err
	}
	if s.appLogs, err = size("limits.app.logs", c.Limits.App.Logs); err != nil {
		return s, err
	}
	if s.diskReserve, err = size("disk.reserve", c.Disk.Reserve); err != nil {
		return s, err
	}
	if c.Deploy.Keep < 1 {
		return s, fmt.Errorf("deploy.keep %d: at least the version that runs is kept: give 1 or more", c.Deploy.Keep)
	}
	if s.limits, err = c.Limits.PerUser.limits(); err != nil {
		return s, err
	}
	if s.accounts, err = c.Accounts.accounts(); err != nil {
		return s, err
	}
	if _, err = mail.New(c.Mail.options("http://localhost")); err != nil {
		return s, err
	}
	s.appURL, err = c.Ingress.appURL()
	return s, err
}

// options are those of the ingress that nothing else has to do with.
func (c IngressConfig) options() (ingress.Options, error) {
	options := ingress.Options{Listen: c.Listen, ConnectionsPerAddress: c.ConnectionsPerAddress, AccessLog: ingress.AccessLog(c.AccessLog)}
	if c.ConnectionsPerAddress < 0 {
		return options, fmt.Errorf("ingress.connectionsPerAddress %d: give a number of connections, or 0 for no bound", c.ConnectionsPerAddress)
	}
	if !(c.AccessLog.Sample >= 0 && c.AccessLog.Sample <= 1) { // nor what is no number (IEEE 754)
		return options, fmt.Errorf("ingress.accessLog.sample %v: give a share from 0 to 1", c.AccessLog.Sample)
	}
	var err error
	if options.TrustedProxies, err = prefixes("ingress.trustedProxies", c.TrustedProxies); err != nil {
		return options, err
	}
	if options.ProxyProtocol, err = prefixes("ingress.proxyProtocol", c.ProxyProtocol); err != nil {
		return options, err
	}
	return options, c.front(&options)
}

// front has the ingress stand behind a Traefik, when that is the mode.
func (c IngressConfig) front(options *ingress.Options) error {
	switch {
	case c.Mode == modeOwn:
		return nil
	case c.Mode != modeTraefik:
		return fmt.Errorf("ingress.mode %q: own or traefik", c.Mode)
	case c.ListenTLS != "":
		return fmt.Errorf("ingress.listenTLS %q: with ingress.mode traefik, Traefik has the certificates: leave it empty", c.ListenTLS)
	case c.Traefik.Version != 2 && c.Traefik.Version != 3:
		return fmt.Errorf("ingress.traefik.version %d: 2 or 3", c.Traefik.Version)
	}
	if len(options.TrustedProxies) == 0 {
		options.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
	provider := traefik.Provider{Version: c.Traefik.Version, EntryPoints: c.Traefik.EntryPoints, CertResolver: c.Traefik.CertResolver, Server: "http://" + c.Listen}
	options.Provider = provider.Document
	return nil
}

// appURL is where applications are from the outside: as configured, else as listened on.
func (c IngressConfig) appURL() (*url.URL, error) {
	if c.PublicURL != "" {
		parsed, err := url.Parse(c.PublicURL)
		if err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" {
			return nil, fmt.Errorf("ingress.publicURL %q: give scheme and name, like https://example.com", c.PublicURL)
		}
		return parsed, nil
	}
	scheme, usual, listen := "http", "80", c.Listen
	if c.ListenTLS != "" {
		scheme, usual, listen = "https", "443", c.ListenTLS
	}
	_, port, err := net.SplitHostPort(listen)
	if err != nil {
		return nil, fmt.Errorf("ingress %q: give address and port, like 127.0.0.1:8080", listen)
	}
	if port == usual {
		return &url.URL{Scheme: scheme, Host: "apps"}, nil
	}
	return &url.URL{Scheme: scheme, Host: "apps:" + port}, nil
}

// ports are those that applications may reach: they call each other by their public addresses.
func (c IngressConfig) ports() (ports []int, err error) {
	for key, listen := range map[string]string{"listen": c.Listen, "listenTLS": c.ListenTLS} {
		if listen == "" && key == "listenTLS" {
			continue
		}
		_, port, err := net.SplitHostPort(listen)
		if err != nil {
			return nil, fmt.Errorf("ingress.%s %q: give address and port, like 127.0.0.1:8080", key, listen)
		}
		number, err := strconv.Atoi(port)
		if err != nil {
			return nil, fmt.Errorf("ingress.%s %q: the port is a number", key, listen)
		}
		ports = append(ports, number)
	}
	slices.Sort(ports)
	return ports, nil
}

// engineOptions are the deployer's, without what other parts of a running daemon give it.
func engineOptions(c Config, instance string) (deployer.Options, error) {
	pool, err := netip.ParsePrefix(c.Network.Pool)
	if err != nil {
		return deployer.Options{}, fmt.Errorf("network.pool %q: give a network, like 10.214.0.0/16", c.Network.Pool)
	}
	allow, err := prefixes("network.allow", c.Network.Allow)
	if err != nil {
		return deployer.Options{}, err
	}
	memory, err := size("limits.app.memory", c.Limits.App.Memory)
	if err != nil {
		return deployer.Options{}, err
	}
	ports, err := c.Ingress.ports()
	if err != nil {
		return deployer.Options{}, err
	}
	public, err := c.Ingress.appURL()
	if err != nil {
		return deployer.Options{}, err
	}
	return deployer.Options{
		Host: c.Docker.Host, Neighbours: c.Docker.LabelledNetwork, Instance: instance, Pool: pool, Allow: allow, IngressPorts: ports,
		Memory: memory, CPU: c.Limits.App.CPU, Pids: int64(c.Limits.App.PIDs), Secure: public.Scheme == "https",
		VolumesDir: filepath.Join(c.DataDir, "volumes"),
	}, nil
}

// socketPath is where the daemon's local socket is.
func socketPath(dataDir string) string { return filepath.Join(dataDir, "paastech.sock") }

// prefixes parses CIDRs; a bare address is itself.
func prefixes(key string, texts []string) ([]netip.Prefix, error) {
	var parsed []netip.Prefix
	for _, text := range texts {
		prefix, err := paas.ParseNetwork(text)
		if err != nil {
			return nil, fmt.Errorf("%s %q: give networks, like 10.0.0.0/8", key, text)
		}
		parsed = append(parsed, prefix)
	}
	return parsed, nil
}

// newLog is the daemon's log.
func newLog(c LogConfig, to io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		return nil, fmt.Errorf("log.level %q: one of debug, info, warn, error", c.Level)
	}
	options := &slog.HandlerOptions{Level: level}
	switch c.Format {
	case "text":
		return slog.New(slog.NewTextHandler(to, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(to, options)), nil
	}
	return nil, fmt.Errorf("log.format %q: text or json", c.Format)
}
