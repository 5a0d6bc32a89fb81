package ui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

//go:embed static
var static embed.FS

// assets are our own style sheet, scripts and images, under a path that changes with any of them: they
// may be kept for ever, and scripts import each other by their bare names.
type assets struct {
	root  string // /static/<checksum>
	files map[string]asset
}

type asset struct {
	kind             string
	plain, compacted []byte // compacted is gzip (RFC 1952)
}

func loadAssets() (*assets, error) {
	a := &assets{files: map[string]asset{}}
	sum := sha256.New()
	entries, err := static.ReadDir("static")
	if err != nil {
		return nil, fmt.Errorf("list own files: %w", err)
	}
	for _, entry := range entries { // ReadDir sorts, so that the checksum depends on what is in them alone
		text, err := fs.ReadFile(static, "static/"+entry.Name())
		if err != nil {
			return nil, fmt.Errorf("read own file: %w", err)
		}
		fmt.Fprintf(sum, "%s %d\n%s", entry.Name(), len(text), text)
		a.files[entry.Name()] = asset{kindOf(entry.Name()), text, compact(text, gzip.BestCompression)}
	}
	a.root = "/static/" + hex.EncodeToString(sum.Sum(nil)[:6])
	return a, nil
}

// kindOf does not ask the host's tables, which differ.
func kindOf(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return mime.TypeByExtension(path.Ext(name))
}

// path is where pages find a file.
func (a *assets) path(name string) (string, error) {
	if _, there := a.files[name]; !there {
		return "", fmt.Errorf("there is no file %s", name)
	}
	return a.root + "/" + name, nil
}

// serve answers with a file. One of another version is not there: the page that wants it is old.
func (a *assets) serve(call *web.Call) error {
	file, there := a.files[call.Param("name")]
	if !there || "/static/"+call.Param("version") != a.root {
		return paas.Errorf(paas.NotFound, paas.ENotFound, "There is nothing at this address.")
	}
	call.Response().Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	call.AllowLive() // a worker is held to what comes with its own file
	return answer(call, http.StatusOK, file)
}

// answer sends the smaller form to whoever reads it.
func answer(call *web.Call, status int, file asset) error {
	header := call.Response().Header()
	header.Add("Vary", "Accept-Encoding")
	if len(file.compacted) > 0 && len(file.compacted) < len(file.plain) && acceptsGzip(call.Request()) {
		header.Set("Content-Encoding", "gzip")
		return call.Blob(status, file.kind, file.compacted)
	}
	return call.Blob(status, file.kind, file.plain)
}

// acceptsGzip reads the header as browsers send it (RFC 9110, section 12.5.3).
func acceptsGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if strings.EqualFold(name, "gzip") {
			return strings.ReplaceAll(weight, " ", "") != "q=0"
		}
	}
	return false
}

func compact(text []byte, level int) []byte {
	var out bytes.Buffer
	to, _ := gzip.NewWriterLevel(&out, level) // fails for no level that gzip names
	_, _ = to.Write(text)                     // a buffer takes everything
	_ = to.Close()
	return out.Bytes()
}
