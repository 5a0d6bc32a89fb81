package cli

import (
	"bytes"
	_ "embed"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"text/template"
)

// unitDir is where an administrator's units are (systemd.unit(5)); a distribution's are elsewhere.
const unitDir = "/etc/systemd/system"

const (
	serviceUnit = "paastech.service"
	unitPrefix  = "paastech-" // of the sockets' units
	socketKind  = ".socket"
)

//go:embed units/paastech.service
var serviceText string

//go:embed units/paastech.socket
var socketText string

//go:embed units/config.yaml
var configText string

var (
	serviceTemplate = template.Must(template.New(serviceUnit).Parse(serviceText))
	configTemplate  = template.Must(template.New(installedConfig).Parse(configText))
	socketTemplate  = template.Must(template.New(socketKind).Parse(socketText))
)

// socketUnit keeps one address open while no daemon runs.
type socketUnit struct {
	Name    string // FileDescriptorName=
	Stream  string // ListenStream=, or
	Packets string // ListenDatagram=
	key     string // of the configuration, which says where it is
	address string // as the configuration says it
}

func (u socketUnit) file() string { return unitPrefix + u.Name + socketKind }

// socketUnits are those of a configuration: the daemon binds the same when nobody hands them over.
func socketUnits(config Config) ([]socketUnit, error) {
	units := []socketUnit{
		{Name: socketHTTP, key: "ingress.listen", address: config.Ingress.Listen},
		{Name: socketDashboard, key: "server.listen", address: config.Server.Listen},
		{Name: socketGit, key: "git.listen", address: config.Git.Listen},
	}
	if config.Ingress.ListenTLS != "" {
		tls := socketUnit{Name: socketHTTPS, key: "ingress.listenTLS", address: config.Ingress.ListenTLS}
		packets := tls
		packets.Name = socketHTTP3
		units = append(units, tls, packets)
	}
	for i := range units {
		u := &units[i]
		at, err := systemdAddress(u.key, u.address)
		if err != nil {
			return nil, err
		}
		if u.Name == socketHTTP3 {
			u.Packets = at
		} else {
			u.Stream = at
		}
	}
	return units, nil
}

// systemdAddress is an address as systemd.socket(5) wants it: a number, or a number alone for every address.
func systemdAddress(key, configured string) (string, error) {
	host, port, err := net.SplitHostPort(configured)
	if err != nil || port == "0" {
		return "", fmt.Errorf("%s (%s) is %q: give address and port, like 0.0.0.0:443", key, environmentName(key), configured)
	}
	switch host {
	case "":
		return port, nil
	case "localhost":
		host = "127.0.0.1"
	}
	if _, err := netip.ParseAddr(host); err != nil {
		return "", fmt.Errorf("%s (%s) is %q: systemd keeps it open, and needs an address instead of a name, like 0.0.0.0:%s", key, environmentName(key), configured, port)
	}
	return net.JoinHostPort(host, port), nil
}

// unitFiles are all units of an installation.
func unitFiles(program string, sockets []socketUnit) ([]installedFile, error) {
	var names []string
	for _, socket := range sockets {
		names = append(names, socket.file())
	}
	service, err := rendered(serviceTemplate, map[string]any{"Program": program, "Config": installedConfig, "Sockets": names})
	if err != nil {
		return nil, err
	}
	files := []installedFile{{path: filepath.Join(unitDir, serviceUnit), content: service, mode: 0o644}}
	for _, socket := range sockets {
		text, err := rendered(socketTemplate, socket)
		if err != nil {
			return nil, err
		}
		files = append(files, installedFile{path: filepath.Join(unitDir, socket.file()), content: text, mode: 0o644})
	}
	return files, nil
}

func rendered(from *template.Template, data any) ([]byte, error) {
	var text bytes.Buffer
	err := from.Execute(&text, data)
	return text.Bytes(), err
}
