package api

import (
	"compress/gzip"
	"embed"
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
	"github.com/swaggest/swgui/v5/static"
)

//go:embed docs
var docs embed.FS

// docRoutes are the pages that show the document to people. Nothing in them comes from another host.
func (a *api) docRoutes() []web.Route {
	return []web.Route{
		{Name: "docs", Method: http.MethodGet, Path: "/api/docs", Level: web.Public, Handler: docPage},
		{Name: "docsAsset", Method: http.MethodGet, Path: "/api/docs/:asset", Level: web.Public, Handler: docAsset},
	}
}

func docPage(call *web.Call) error {
	page, err := docs.ReadFile("docs/index.html")
	if err != nil {
		return fmt.Errorf("read the page of the document: %w", err)
	}
	call.AllowRequests()
	return call.HTMLBlob(http.StatusOK, page)
}

// docAsset answers with a part of the page: ours, or Swagger UI's, which the binary has compressed.
func docAsset(call *web.Call) error {
	switch call.Param("asset") {
	case "start.js":
		script, err := docs.ReadFile("docs/start.js")
		if err != nil {
			return fmt.Errorf("read a script: %w", err)
		}
		return asset(call, "text/javascript", script)
	case "swagger-ui.css":
		return compressed(call, "text/css")
	case "swagger-ui-bundle.js":
		return compressed(call, "text/javascript")
	}
	return paas.Errorf(paas.NotFound, paas.ENotFound, "There is nothing at this address.")
}

func compressed(call *web.Call, kind string) error {
	name := call.Param("asset") + ".gz"
	header := call.Response().Header()
	header.Add("Vary", "Accept-Encoding")
	if strings.Contains(call.Request().Header.Get("Accept-Encoding"), "gzip") {
		text, err := fs.ReadFile(static.FS, name)
		if err != nil {
			return fmt.Errorf("read %s: %w", name, err)
		}
		header.Set("Content-Encoding", "gzip")
		return asset(call, kind, text)
	}
	file, err := static.FS.Open(name)
	if err != nil {
		return fmt.Errorf("open %s: %w", name, err)
	}
	defer file.Close()
	text, err := gzip.NewReader(file)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	return call.Stream(http.StatusOK, kind, text)
}

func asset(call *web.Call, kind string, text []byte) error {
	return call.Blob(http.StatusOK, kind+"; charset=utf-8", text)
}
