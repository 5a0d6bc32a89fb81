package certificate

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"

	"github.com/caddyserver/certmagic"

	"github.com/paastech-cloud/paastech/paas"
)

// List says what there is, by name, and what could not be got.
func (k *Keeper) List(ctx context.Context) []paas.Certificate {
	newest := map[string]paas.Certificate{}
	for _, issuer := range k.magic.Issuers {
		for _, one := range k.stored(ctx, issuer.IssuerKey()) {
			if one.NotAfter.After(newest[one.Name].NotAfter) {
				newest[one.Name] = one
			}
		}
	}
	for name, failure := range k.failures.all() {
		one := newest[name]
		one.Name, one.Error, one.ErrorAt = name, failure.text, failure.at
		newest[name] = one
	}
	all := k.files.list()
	for _, one := range newest {
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b paas.Certificate) int { return paas.CompareCertificateNames(a.Name, b.Name) })
	return all
}

// stored are the certificates that one issuer has given; what cannot be read is left out, and got anew
// when it is asked for.
func (k *Keeper) stored(ctx context.Context, issuer string) (all []paas.Certificate) {
	keys, err := k.magic.Storage.List(ctx, certmagic.StorageKeys.CertsPrefix(issuer), true)
	if err != nil {
		return nil // none yet
	}
	for _, key := range keys {
		if !strings.HasSuffix(key, ".crt") {
			continue
		}
		text, err := k.magic.Storage.Load(ctx, key)
		if err != nil {
			continue
		}
		if block, _ := pem.Decode(text); block != nil {
			if leaf, err := x509.ParseCertificate(block.Bytes); err == nil && len(leaf.DNSNames) > 0 {
				all = append(all, paas.Certificate{Name: leaf.DNSNames[0], Issuer: leaf.Issuer.CommonName, NotAfter: leaf.NotAfter, Managed: true})
			}
		}
	}
	return all
}
