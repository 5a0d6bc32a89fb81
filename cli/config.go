package cli

import (
	"time"

	"github.com/traefik/paerser/types"

	"github.com/paastech-cloud/paastech/paas"
)

// Config is everything that can be configured. A flag beats the environment (PAASTECH_ and the path
// in capitals), which beats the file. It dies in serve: components get small options.
type Config struct {
	DataDir  string
	Domain   string
	Server   ServerConfig
	API      APIConfig
	Git      GitConfig
	Ingress  IngressConfig
	TLS      TLSConfig
	Registry RegistryConfig
	Database DatabaseConfig
	Docker   DockerConfig
	Builder  BuilderConfig
	Deploy   DeployConfig
	Limits   LimitsConfig
	Accounts AccountsConfig
	Mail     MailConfig
	Network  NetworkConfig
	Disk     DiskConfig
	Backup   BackupConfig
	RPC      RPCConfig
	Log      LogConfig
}

// ServerConfig is the dashboard and API.
type ServerConfig struct {
	Listen         string
	PublicURL      string
	TrustedProxies []string
	Development    bool
}

// APIConfig is what concerns the API alone.
type APIConfig struct {
	CORSOrigins []string
}

// GitConfig is the SSH git server.
type GitConfig struct {
	Listen        string
	PublicAddress string
}

// IngressConfig is the reverse proxy in front of the applications.
type IngressConfig struct {
	Mode           string
	Traefik        TraefikConfig
	Listen         string
	ListenTLS      string
	PublicURL      string
	TrustedProxies []string
	ProxyProtocol  []string

	ConnectionsPerAddress int
	AccessLog             AccessLogConfig
}

// TraefikConfig is of a Traefik that stands in front.
type TraefikConfig struct {
	Version      int
	EntryPoints  []string
	CertResolver string
}

// AccessLogConfig is where requests are written about.
type AccessLogConfig struct {
	File   string
	Sample float64
}

// TLSConfig is where certificates come from.
type TLSConfig struct {
	Issuer       string // acme, internal; empty: by the domain
	Email        string
	CA           string
	FallbackCA   string
	Roots        string // file
	DNS          DNSConfig
	Certificates []CertificateFiles
	HSTS         types.Duration
	Resolver     string
	Addresses    []string
}

// DNSConfig is who has the domain's zone.
type DNSConfig struct {
	Provider string
	Settings map[string]paas.Secret `file:"allowEmpty"`
}

// CertificateFiles is a certificate that somebody else renews.
type CertificateFiles struct {
	Certificate string
	Key         string
}

// RegistryConfig is the local registry.
type RegistryConfig struct {
	Port int
}

// DatabaseConfig says where the store is; empty means SQLite in the data directory.
type DatabaseConfig struct {
	URL string
}

// DockerConfig says where the engine is.
type DockerConfig struct {
	Host            string
	LabelledNetwork string
}

// BuilderConfig is how builds are made.
type BuilderConfig struct {
	Image       string
	Allowed     []string
	Aliases     map[string]string `file:"allowEmpty"`
	Memory      string
	CPU         float64
	Timeout     types.Duration
	Concurrency int
	CABundle    string
}

// DeployConfig is how a new version takes over.
type DeployConfig struct {
	ReadyTimeout types.Duration
	DrainTimeout types.Duration
	GraceTimeout types.Duration
	Keep         int // versions that can be rolled back to
}

// LimitsConfig bounds what applications and users use.
type LimitsConfig struct {
	App     AppLimits
	PerUser PerUserLimits
}

// AppLimits bounds one container of an application.
type AppLimits struct {
	Memory string
	CPU    float64
	PIDs   int
	Logs   string // kept of one project
}

// PerUserLimits bounds what all projects of a user use together; 0 and "" are no bound.
type PerUserLimits struct {
	Projects   int
	Memory     string
	Containers int
	Builds     int
	Disk       string
}

// AccountsConfig says who may make an account over the network.
type AccountsConfig struct {
	Registration  string
	UnverifiedTTL types.Duration
	Challenge     string
}

// MailConfig is how mails leave.
type MailConfig struct {
	SMTP     SMTPConfig
	From     string
	LinkBase string
}

// SMTPConfig is the mail server; no host keeps mails in the store, to be read there.
type SMTPConfig struct {
	Host       string
	Port       int
	Username   string
	Password   paas.Secret
	Encryption string
}

// NetworkConfig is how applications are kept apart.
type NetworkConfig struct {
	Pool  string
	Allow []string
}

// DiskConfig keeps the host alive.
type DiskConfig struct {
	Reserve string // stays free: no build starts below
}

// BackupConfig is for the backups that are made by themselves.
type BackupConfig struct {
	Directory  string // empty: none are made
	Schedule   string // as in crontab(5), UTC
	Keep       int
	Recipients []string // whose keys open them
}

// RPCConfig is for a platform that is split into processes.
type RPCConfig struct {
	Engine             string // where the deployer is; empty: in the daemon itself
	Repositories       string
	DeployerListen     string // of serve --only deployer
	RepositoriesListen string
	Credentials        string // directory; empty: rpc in the data directory
}

// LogConfig is the daemon's own log.
type LogConfig struct {
	Level  string
	Format string
}

// Modes of the ingress: it has the ports, or a Traefik has them and asks it.
const (
	modeOwn     = "own"
	modeTraefik = "traefik"
)

// defaults make it work with no configuration at all: everything on loopback.
func defaults() Config {
	return Config{
		DataDir: "data",
		Domain:  "localhost",
		Server:  ServerConfig{Listen: "127.0.0.1:3000"},
		Git:     GitConfig{Listen: "127.0.0.1:2222"},
		Ingress: IngressConfig{
			Mode: modeOwn, Traefik: TraefikConfig{Version: 3, EntryPoints: []string{"websecure"}},
			Listen: "127.0.0.1:8080", ConnectionsPerAddress: 1000, AccessLog: AccessLogConfig{Sample: 1},
		},
		TLS:     TLSConfig{HSTS: types.Duration(365 * 24 * time.Hour)},
		Builder: BuilderConfig{Memory: "2GiB", CPU: 2, Timeout: types.Duration(15 * time.Minute), Concurrency: 2},
		Deploy: DeployConfig{
			ReadyTimeout: types.Duration(60 * time.Second),
			DrainTimeout: types.Duration(30 * time.Second),
			GraceTimeout: types.Duration(10 * time.Second),
			Keep:         5,
		},
		Limits:   LimitsConfig{App: AppLimits{Memory: "512MiB", CPU: 1, PIDs: 512, Logs: "64MiB"}},
		Accounts: AccountsConfig{Registration: string(paas.RegistrationInvite), UnverifiedTTL: types.Duration(168 * time.Hour)},
		Network:  NetworkConfig{Pool: "10.214.0.0/16"},
		Disk:     DiskConfig{Reserve: "1GiB"},
		Backup:   BackupConfig{Schedule: "0 3 * * *", Keep: 7},
		RPC:      RPCConfig{DeployerListen: "127.0.0.1:7070", RepositoriesListen: "127.0.0.1:7071"},
		Log:      LogConfig{Level: "info", Format: "text"},
	}
}
