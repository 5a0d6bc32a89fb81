package browsertest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// The accessibility checker that the field uses, as the npm registry has it.
const (
	axePackage   = "https://registry.npmjs.org/axe-core/-/axe-core-4.10.3.tgz"
	axeIntegrity = "Xm7bpRXnDSX2YE2YFfBk2FnF0ep6tmG7xPh8iHee8MIcrgq762Nkce856dYtJYLkuIoYZvGfTs/PbZhideTcEg==" // SHA-512
	maxAxe       = 32 << 20                                                                                   // bytes, packed and unpacked
)

// Axe is the checker's script. It is kept in the user's cache, never in the repository.
func Axe(t testing.TB) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	path := filepath.Join(cache, "paastech-tests", filepath.Base(axePackage))
	packed, err := os.ReadFile(path)
	if err != nil || !intact(packed) {
		if packed, err = fetchAxe(); err != nil {
			t.Fatalf("get the accessibility checker from the npm registry: %v", err)
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, packed, 0o644)); err != nil {
			t.Logf("the accessibility checker is not kept: %v", err)
		}
	}
	script, err := unpackAxe(packed)
	if err != nil {
		t.Fatalf("unpack the accessibility checker: %v", err)
	}
	return script
}

func intact(packed []byte) bool {
	sum := sha512.Sum512(packed)
	return base64.StdEncoding.EncodeToString(sum[:]) == axeIntegrity
}

func fetchAxe() ([]byte, error) {
	response, err := http.Get(axePackage)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	packed, err := io.ReadAll(io.LimitReader(response.Body, maxAxe))
	if err == nil && !intact(packed) {
		err = fmt.Errorf("answered %s with %d bytes that are not the package", response.Status, len(packed))
	}
	return packed, err
}

func unpackAxe(packed []byte) (string, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return "", err
	}
	files := tar.NewReader(unzipped)
	for {
		file, err := files.Next()
		if err != nil {
			return "", err
		}
		if file.Name == "package/axe.min.js" {
			script, err := io.ReadAll(io.LimitReader(files, maxAxe))
			return string(script), err
		}
	}
}

// Violation is a rule that a page breaks.
type Violation struct {
	ID, Impact, Help string
	Nodes            []struct{ HTML, FailureSummary string }
}

// Violations are the rules of WCAG 2.2, level AA, and of good practice that the page breaks.
func (t *Tab) Violations(axe string) []Violation {
	t.t.Helper()
	Ask[bool](t, axe+"; true")
	return Ask[[]Violation](t, `axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"]})
			.then(({violations}) => violations.map(({id, impact, help, nodes}) => ({ID: id, Impact: impact, Help: help,
				Nodes: nodes.map(({html, failureSummary}) => ({HTML: html, FailureSummary: failureSummary}))})))`)
}
