// Package npmregistry fetches packages from an npm registry and checks that they are what the
// registry says they are.
package npmregistry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/paastech-cloud/paastech/builder/buildpacks/semver"
)

// Public is the registry used when no other is configured.
const Public = "https://registry.npmjs.org"

// abbreviated asks for the short form of a package's description: versions and where they are.
const abbreviated = "application/vnd.npm.install-v1+json"

// metadataLimit bounds how much of a registry's description is read.
const metadataLimit = 64 << 20

// ErrNoVersion means that no release satisfies what was asked for.
var ErrNoVersion = errors.New("no such version")

// Registry is an npm registry.
type Registry struct {
	url    string
	client *http.Client
}

// Release is one version of a package.
type Release struct {
	Package   string
	Version   semver.Version
	Tarball   string // address
	Integrity string // "sha512-…", as in lock files
}

// New makes a registry of its address; "" is the public one.
func New(url string) *Registry {
	if url == "" {
		url = Public
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = 30 * time.Second // a registry that is silent longer than this is asked again
	return &Registry{url: strings.TrimSuffix(url, "/"), client: &http.Client{Transport: transport}}
}

type manifest struct {
	Version string `json:"version"`
	Dist    struct {
		Tarball   string `json:"tarball"`
		Integrity string `json:"integrity"`
	} `json:"dist"`
}

// Find is the newest release of a package within a range; ErrNoVersion when there is none.
func (r *Registry) Find(ctx context.Context, name string, wanted semver.Range) (Release, error) {
	if exact, ok := wanted.Exact(); ok {
		return r.find(ctx, name, exact)
	}
	var document struct {
		Versions map[string]manifest `json:"versions"`
	}
	if err := r.get(ctx, r.url+"/"+escape(name), &document); err != nil {
		return Release{}, err
	}
	var versions []semver.Version
	for text := range document.Versions {
		if version, err := semver.Parse(text); err == nil {
			versions = append(versions, version)
		}
	}
	newest, ok := wanted.Newest(versions)
	if !ok {
		return Release{}, fmt.Errorf("%s %s: %w", name, wanted, ErrNoVersion)
	}
	return r.release(name, document.Versions[newest.String()])
}

func (r *Registry) find(ctx context.Context, name string, version semver.Version) (Release, error) {
	var found manifest
	if err := r.get(ctx, r.url+"/"+escape(name)+"/"+version.String(), &found); err != nil {
		return Release{}, err
	}
	return r.release(name, found)
}

func (r *Registry) release(name string, m manifest) (Release, error) {
	version, err := semver.Parse(m.Version)
	if err != nil {
		return Release{}, fmt.Errorf("read %s's description: %w", name, err)
	}
	if m.Dist.Tarball == "" || !strings.HasPrefix(m.Dist.Integrity, integrityPrefix) {
		return Release{}, fmt.Errorf("%s %s has no sha512 checksum in the registry", name, version)
	}
	// A mirror may pass on the public registry's description, whose addresses lead elsewhere.
	tarball := strings.Replace(m.Dist.Tarball, Public, r.url, 1)
	return Release{Package: name, Version: version, Tarball: tarball, Integrity: m.Dist.Integrity}, nil
}

func (r *Registry) get(ctx context.Context, url string, into any) error {
	body, err := r.open(ctx, url)
	if err != nil {
		return err
	}
	defer body.Close()
	if err := json.NewDecoder(io.LimitReader(body, metadataLimit)).Decode(into); err != nil {
		return fmt.Errorf("read the npm registry's answer: %w", err)
	}
	return nil
}

// pauses are waited before a question is asked again that got no answer, or one that says later.
var pauses = [...]time.Duration{500 * time.Millisecond, 2 * time.Second}

// open asks, and asks again where that may help: one lost answer is no reason to fail a build.
func (r *Registry) open(ctx context.Context, url string) (io.ReadCloser, error) {
	for _, pause := range pauses {
		body, later, err := r.try(ctx, url)
		if !later {
			return body, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(pause):
		}
	}
	body, _, err := r.try(ctx, url)
	return body, err
}

// try asks once, and tells whether another answer is likely a little later.
func (r *Registry) try(ctx context.Context, url string) (body io.ReadCloser, later bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, false, fmt.Errorf("ask the npm registry: %w", err)
	}
	request.Header.Set("Accept", abbreviated+", application/json, */*;q=0.1")
	response, err := r.client.Do(request)
	if err != nil {
		return nil, true, fmt.Errorf("ask the npm registry: %w", err)
	}
	if response.StatusCode == http.StatusOK {
		return response.Body, false, nil
	}
	response.Body.Close()
	if response.StatusCode == http.StatusNotFound {
		return nil, false, fmt.Errorf("%s: %w", request.URL.Redacted(), ErrNoVersion)
	}
	later = response.StatusCode >= http.StatusInternalServerError || response.StatusCode == http.StatusTooManyRequests
	return nil, later, fmt.Errorf("ask the npm registry: %s answered %s", request.URL.Redacted(), response.Status)
}

// escape makes "@scope/name" one element of a path.
func escape(name string) string { return strings.Replace(name, "/", "%2f", 1) }
