// Package site decides whether an application is files for a web server, and which ones.
package site

import (
	"path"
	"slices"
	"strings"

	"github.com/paastech-cloud/paastech/builder/buildpacks/cnb"
	"github.com/paastech-cloud/paastech/builder/buildpacks/golang"
	"github.com/paastech-cloud/paastech/builder/buildpacks/packagejson"
	"github.com/paastech-cloud/paastech/builder/buildpacks/procfile"
	"github.com/paastech-cloud/paastech/builder/buildpacks/python"
)

// Site is files served by a web server.
type Site struct {
	Server    string // the one asked for, "nginx" when none is
	Root      string // directory of the files, relative to the application
	PushState bool   // unknown paths get index.html, for applications that route in the browser
	Built     bool   // scripts of package.json make the files
}

// Find is the application's site; ok is false when it is something else. BP_WEB_SERVER and
// BP_WEB_SERVER_ROOT decide; without them it is a single-page application that only has a
// development server, or an index.html in an application that no language claims.
func Find(source cnb.Source) (site Site, ok bool, err error) {
	manifest, err := packagejson.Read(source)
	if err != nil {
		return Site{}, false, err
	}
	server, root := source.Env.Get("BP_WEB_SERVER"), source.Env.Get("BP_WEB_SERVER_ROOT")
	site = Site{
		Server:    "nginx",
		Root:      root,
		PushState: isTrue(source.Env.Get("BP_WEB_SERVER_ENABLE_PUSH_STATE")),
		Built:     source.Has(packagejson.FileName) && len(manifest.BuildScripts(source.Env)) > 0,
	}
	if server != "" || root != "" {
		if server != "" {
			site.Server = server
		}
		if root == "" {
			site.Root = usualRoot(source, manifest)
		}
		return site, true, nil
	}
	return site.recognise(source, manifest)
}

func (s Site) recognise(source cnb.Source, manifest packagejson.Manifest) (Site, bool, error) {
	if procfile.HasWeb(source) {
		return Site{}, false, nil
	}
	if output, ok := manifest.SinglePage(); ok {
		s.Root = output
		s.PushState = s.PushState || source.Env.Get("BP_WEB_SERVER_ENABLE_PUSH_STATE") == ""
		return s, true, nil
	}
	if golang.Claims(source) || python.Claims(source) || manifest.StartLine(source) != "" {
		return Site{}, false, nil
	}
	for _, root := range []string{".", "public"} {
		if source.Has(path.Join(root, "index.html")) {
			s.Root = root
			return s, true, nil
		}
	}
	return Site{}, false, nil
}

// usualRoot is where the files are when BP_WEB_SERVER_ROOT does not say.
func usualRoot(source cnb.Source, manifest packagejson.Manifest) string {
	if output, ok := manifest.SinglePage(); ok {
		return output
	}
	if !source.HasDir("public") && source.Has("index.html") {
		return "."
	}
	return "public"
}

func isTrue(text string) bool {
	return slices.Contains([]string{"true", "1", "yes", "on"}, strings.ToLower(text))
}
