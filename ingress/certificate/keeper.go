package certificate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/mholt/acmez/v3"
	"go.uber.org/zap"
	"golang.org/x/sync/singleflight"
)

// Options say where certificates come from, and for whom.
type Options struct {
	Dir   string   // of keys, certificates and accounts; made 0700
	ACME  *ACME    // nil: the CA of its own
	Files []File   // go before everything else
	Names []string // kept ready from the start; wildcards need ACME.DNS, or the CA of its own

	// Allowed says why a name may have no certificate; nil when it may. It is asked before anything is
	// ordered, during a client's handshake.
	Allowed func(ctx context.Context, name string) error

	CheckInterval time.Duration // between two looks at whose time to be renewed has come; 0 means a minute
	FirstPause    time.Duration // after a failure, doubled after each other one; 0 means 15 s
	Log           *slog.Logger
}

// ACME is a certificate authority on the network.
type ACME struct {
	Email      string
	CA         string         // directory URL; empty: Let's Encrypt
	FallbackCA string         // asked when the first gives nothing; empty: none
	Roots      *x509.CertPool // trusted for the CAs; nil: the system's
	Profile    string         // of the CA's; empty: its default
	DNS        *DNS           // nil: HTTP-01 and TLS-ALPN-01
}

// File is a certificate of somebody else's, in PEM.
type File struct{ Certificate, Key string }

// Times. How long a handshake waits is bounded by its client, not by us.
const (
	dirMode       = 0o700
	watchInterval = 10 * time.Second // of files
	checkInterval = time.Minute      // whose time to be renewed has come
	obtainTimeout = 5 * time.Minute
)

// Keeper has certificates.
type Keeper struct {
	options  Options
	magic    *certmagic.Config
	cache    *certmagic.Cache
	acme     []*certmagic.ACMEIssuer
	own      *authority // nil with ACME
	files    files
	failures failures
	orders   singleflight.Group // by name
}

// Open prepares; what is missing is got in Run, and when a client asks for it.
func Open(ctx context.Context, options Options) (*Keeper, error) {
	if err := os.MkdirAll(options.Dir, dirMode); err != nil {
		return nil, fmt.Errorf("certificates: %w", err)
	}
	if options.CheckInterval == 0 {
		options.CheckInterval = checkInterval
	}
	k := &Keeper{options: options, failures: newFailures(options.FirstPause)}
	k.cache = certmagic.NewCache(certmagic.CacheOptions{
		GetConfigForCert:   func(certmagic.Certificate) (*certmagic.Config, error) { return k.magic, nil },
		RenewCheckInterval: options.CheckInterval,
		Logger:             zap.NewNop(),
	})
	k.magic = certmagic.New(k.cache, certmagic.Config{
		Storage:           &certmagic.FileStorage{Path: options.Dir},
		DefaultServerName: firstPlain(options.Names),
		OnEvent:           k.note,
		Logger:            zap.NewNop(), // what matters of it comes as events
		ShouldEmitFunc:    func(event string) bool { return event == eventObtained || event == eventFailed },
	})
	if err := k.setIssuers(); err != nil {
		k.cache.Stop()
		return nil, err
	}
	if err := k.files.load(ctx, k); err != nil {
		k.cache.Stop()
		return nil, err
	}
	return k, nil
}

// firstPlain is what clients see that do not say which name they want.
func firstPlain(names []string) string {
	for _, name := range names {
		if !strings.Contains(name, "*") {
			return name
		}
	}
	return ""
}

func (k *Keeper) setIssuers() error {
	if k.options.ACME == nil {
		own, err := openAuthority(filepath.Join(k.options.Dir, "authority"))
		if err != nil {
			return err
		}
		k.own = own
		k.magic.Issuers = []certmagic.Issuer{own}
		return nil
	}
	solver, err := k.options.ACME.DNS.solver()
	if err != nil {
		return err
	}
	k.magic.Issuers = nil // certmagic has put its own there
	byDNS := k.options.ACME.DNS.Solves
	for _, ca := range k.options.ACME.directories() {
		if solver != nil {
			k.addIssuer(ca, solver, byDNS)
		}
		if solver == nil || k.options.ACME.DNS.Zone != "" {
			k.addIssuer(ca, nil, func(name string) bool { return !byDNS(name) })
		}
	}
	return nil
}

// addIssuer has a CA be asked for those names for which it can be proven so.
func (k *Keeper) addIssuer(ca string, solver acmez.Solver, proves func(name string) bool) {
	issuer := certmagic.NewACMEIssuer(k.magic, certmagic.ACMEIssuer{
		CA: ca, TestCA: ca, Email: k.options.ACME.Email, Agreed: true, TrustedRoots: k.options.ACME.Roots, Profile: k.options.ACME.Profile,
		CertObtainTimeout: obtainTimeout, Logger: zap.NewNop(),
	})
	if solver != nil {
		issuer.DNS01Solver = solver
	}
	k.acme = append(k.acme, issuer)
	k.magic.Issuers = append(k.magic.Issuers, unattended{issuer, proves})
}

// unattended is an issuer that asks nobody: certmagic's reads an address from the terminal.
type unattended struct {
	*certmagic.ACMEIssuer
	proves func(name string) bool
}

// errOtherWay says that names are proven to the CA in another way.
var errOtherWay = errors.New("the name is proven in another way")

// PreCheck looks whether a name can have a certificate.
func (u unattended) PreCheck(ctx context.Context, names []string, _ bool) error {
	if !slices.ContainsFunc(names, u.proves) {
		return errOtherWay
	}
	return u.ACMEIssuer.PreCheck(ctx, names, false)
}

func (a *ACME) directories() []string {
	first := a.CA
	if first == "" {
		first = certmagic.LetsEncryptProductionCA
	}
	if a.FallbackCA == "" {
		return []string{first}
	}
	return []string{first, a.FallbackCA}
}

// Run gets what is to be ready, renews it, and looks after files until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	defer k.cache.Stop()
	if err := k.magic.ManageAsync(ctx, k.options.Names); err != nil {
		k.options.Log.ErrorContext(ctx, "certificates", "names", k.options.Names, "error", err)
	}
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := k.files.load(ctx, k); err != nil {
				k.options.Log.ErrorContext(ctx, "certificate files; the earlier ones go on", "error", err)
			}
		}
	}
}

// TLSConfig is for a listener: HTTP/1.1 and HTTP/2 over TLS 1.2 and later (RFC 8996), and the ACME
// challenge of RFC 8737.
func (k *Keeper) TLSConfig() *tls.Config {
	return &tls.Config{
		GetCertificate: k.certificate,
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1", acmez.ACMETLS1Protocol},
	}
}

// HandleChallenge answers the CA's question over HTTP (RFC 8555, 8.3), when r is one.
func (k *Keeper) HandleChallenge(w http.ResponseWriter, r *http.Request) bool {
	return certmagic.LooksLikeHTTPChallenge(r) && slices.ContainsFunc(k.acme, func(issuer *certmagic.ACMEIssuer) bool {
		return issuer.HandleHTTPChallenge(w, r)
	})
}

// Root is the certificate, in PEM, that a client trusts to trust the CA of its own; empty with ACME.
func (k *Keeper) Root() []byte {
	if k.own == nil {
		return nil
	}
	return k.own.rootPEM
}

// Events of certmagic.
const (
	eventObtained = "cert_obtained"
	eventFailed   = "cert_failed"
)

// note keeps what became of an order.
func (k *Keeper) note(ctx context.Context, event string, data map[string]any) error {
	name, _ := data["identifier"].(string)
	switch event {
	case eventObtained:
		k.failures.clear(name)
		k.options.Log.InfoContext(ctx, "certificate", "name", name, "issuer", data["issuer"], "renewal", data["renewal"])
	case eventFailed:
		err, _ := data["error"].(error)
		k.failures.add(name, err, time.Now())
		k.options.Log.WarnContext(ctx, "certificate: none was got", "name", name, "error", err)
	}
	return nil
}
