package certificate

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/paastech-cloud/paastech/paas"
)

// files are certificates that somebody else renews.
type files struct {
	mu     sync.Mutex
	loaded map[File]loaded // guarded by mu
}

// loaded is a certificate as it was read.
type loaded struct {
	changed time.Time // the later one of its files
	hash    string    // certmagic's name for it
	shown   paas.Certificate
}

// load reads what has changed. What cannot be read leaves what was read before.
func (f *files) load(ctx context.Context, k *Keeper) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.loaded == nil {
		f.loaded = map[File]loaded{}
	}
	var errs []error
	for _, file := range k.options.Files {
		changed, err := changedAt(file)
		if err == nil && !changed.Equal(f.loaded[file].changed) {
			err = f.read(ctx, k, file, changed)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("certificate %s: %w", file.Certificate, err))
		}
	}
	return errors.Join(errs...)
}

func changedAt(file File) (time.Time, error) {
	var latest time.Time
	for _, path := range []string{file.Certificate, file.Key} {
		info, err := os.Stat(path)
		if err != nil {
			return latest, err
		}
		if info.ModTime().After(latest) {
			latest = info.ModTime()
		}
	}
	return latest, nil
}

func (f *files) read(ctx context.Context, k *Keeper, file File, changed time.Time) error {
	pair, err := tls.LoadX509KeyPair(file.Certificate, file.Key)
	if err != nil {
		return err
	}
	certificate := paas.Certificate{Name: file.Certificate, Issuer: pair.Leaf.Issuer.CommonName, NotAfter: pair.Leaf.NotAfter}
	if len(pair.Leaf.DNSNames) > 0 {
		certificate.Name = pair.Leaf.DNSNames[0]
	}
	hash, err := k.magic.CacheUnmanagedTLSCertificate(ctx, pair, nil)
	if err != nil {
		return err
	}
	if before := f.loaded[file].hash; before != "" && before != hash {
		k.cache.Remove([]string{before})
	}
	f.loaded[file] = loaded{changed: changed, hash: hash, shown: certificate}
	return nil
}

func (f *files) list() []paas.Certificate {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]paas.Certificate, 0, len(f.loaded))
	for _, one := range f.loaded {
		all = append(all, one.shown)
	}
	return all
}
