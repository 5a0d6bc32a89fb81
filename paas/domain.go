package paas

import (
	"context"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// Domain is a name that a project's application is to answer at beside its own. Anybody may claim a name;
// it is the project's who proves it first: by a record that only the name's owner can set.
type Domain struct {
	Name      Hostname // in ASCII; *.example.com for all names one label below
	Path      string   // /api: the project has what is there and below, the rest of the name is another's of its owner; empty: all
	Project   ProjectID
	Token     string   // to be found in a TXT record, for the proof
	Redirect  Hostname // another name of the project's that visitors are sent to; empty: the application answers
	CreatedAt time.Time
	CheckedAt time.Time
	ProvenAt  *time.Time // nil while it is only claimed
	Trouble   string     // what the last check found missing, in a sentence; empty when nothing is
}

// Resolver asks the DNS.
type Resolver interface {
	// LeadsHere says why requests for a name do not come to this platform; nil when they do.
	LeadsHere(ctx context.Context, host Hostname) error

	// TXT lists the texts of a name.
	TXT(ctx context.Context, name string) ([]string, error)
}

// Bounds of domains.
const (
	MaxDomains    = 50                 // of a project
	claimLifetime = 7 * 24 * time.Hour // of a claim that nobody proves
)

// proofLabel is where the TXT record of a proof is: _paastech.shop.example.com.
const proofLabel = "_paastech."

// ParseDomain reads a name as a person writes it, in any script. platform is the domain below which names
// are the platform's own.
func ParseDomain(text, platform string) (Hostname, error) {
	text = strings.TrimSuffix(strings.ToLower(strings.TrimSpace(text)), ".")
	rest, wildcard := strings.CutPrefix(text, "*.")
	ascii, err := idna.Lookup.ToASCII(rest)
	if err != nil || !strings.Contains(ascii, ".") || len(ascii) > 250 || strings.Contains(ascii, "..") || strings.ContainsAny(ascii, "*_/:@ ") {
		return "", InvalidField("name", "%q is no domain name. Give one like shop.example.com, or *.example.com for all names below.", text)
	}
	if _, err := netip.ParseAddr(ascii); err == nil {
		return "", InvalidField("name", "%q is an address: give a domain name.", text)
	}
	if ascii == platform || strings.HasSuffix(ascii, "."+platform) || strings.HasSuffix(ascii, ".localhost") {
		return "", InvalidField("name", "Names below %s are the platform's own.", platform)
	}
	if suffix, icann := publicsuffix.PublicSuffix(ascii); icann && suffix == ascii {
		return "", InvalidField("name", "%q is a public suffix: nobody can have all of it.", text)
	}
	if wildcard {
		ascii = "*." + ascii
	}
	return Hostname(ascii), nil
}

// domainPath is what paths of domains look like; none of their parts is . or ..
var domainPath = regexp.MustCompile(`^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$`)

// maxDomainPath is how many bytes a domain's path has at the most.
const maxDomainPath = 100

// ParseDomainAndPath reads a name that may have a path behind it.
func ParseDomainAndPath(text, platform string) (name Hostname, path string, err error) {
	text, path, deep := strings.Cut(strings.TrimSpace(text), "/")
	name, err = ParseDomain(text, platform)
	if path = strings.TrimSuffix(path, "/"); err != nil || !deep || path == "" {
		return name, "", err
	}
	path = "/" + path
	if len(path) > maxDomainPath || !domainPath.MatchString(path) || strings.HasPrefix(string(name), "*.") {
		return "", "", InvalidField("name", "%q is no path of a domain. Give one like shop.example.com/api.", text+path)
	}
	return name, path, nil
}

// String is the name with its path.
func (d Domain) String() string { return string(d.Name) + d.Path }

// Wildcard tells whether the domain stands for all names below another.
func (d Domain) Wildcard() bool { return strings.HasPrefix(string(d.Name), "*.") }

// ProofName is where the TXT record of the proof is.
func (d Domain) ProofName() string {
	return proofLabel + strings.TrimPrefix(string(d.Name), "*.")
}

// ProofText is what the TXT record says.
func (d Domain) ProofText() string { return "paastech=" + d.Token }

// due tells whether it is time to look at the DNS again: soon after the claim, then ever more rarely, and
// now and then at what is proven.
func (d Domain) due(now time.Time) bool {
	pause := min(max(now.Sub(d.CreatedAt)/8, 30*time.Second), time.Hour)
	return now.Sub(d.CheckedAt) >= pause
}

// Record is one that the owner of a name sets in the DNS.
type Record struct {
	Type  string
	Name  string
	Value string
	For   string // what it is good for, in a few words
}

// Records are those that lead a domain here, or prove it. target is the application's own name.
func (d Domain) Records(target Hostname) []Record {
	if d.Path != "" {
		return nil // those of the name are enough
	}
	lead := Record{"CNAME", string(d.Name), string(target), "leads visitors here"}
	if apex, err := publicsuffix.EffectiveTLDPlusOne(string(d.Name)); err == nil && apex == string(d.Name) {
		lead = Record{"ALIAS, or A and AAAA", string(d.Name), string(target) + ", or its addresses", "leads visitors here"}
	}
	prove := Record{"TXT", d.ProofName(), d.ProofText(), "proves that the name is yours"}
	if !d.Wildcard() {
		prove.For += ", when visitors are to come later only"
	}
	return []Record{lead, prove}
}
