package registry

import (
	"log/slog"
	"mime"
	"net/http"
	"path"

	"github.com/distribution/distribution/v3/registry/api/errcode"
	v2 "github.com/distribution/distribution/v3/registry/api/v2"
	"github.com/gorilla/mux"
)

// gate lets a request through to distribution when the pass it carries opens what it asks for.
type gate struct {
	app      http.Handler
	passes   *passes
	engine   string // username of the engine's pass
	loopback bool   // the listener is the engine's
	log      *slog.Logger
}

// ServeHTTP answers 401 without a good pass and 403 where the pass does not open.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	username, password, _ := r.BasicAuth()
	grant, ok := g.passes.check(username, password)
	if !ok || username == g.engine && !g.loopback {
		w.Header().Set("WWW-Authenticate", `Basic realm="paastech"`)
		g.refuse(w, errcode.ErrorCodeUnauthorized)
		return
	}
	if !allowed(grant, r) {
		g.log.WarnContext(r.Context(), "registry: access denied", "pass", username, "method", r.Method, "path", r.URL.Path)
		g.refuse(w, errcode.ErrorCodeDenied)
		return
	}
	answer := &answer{ResponseWriter: w}
	g.app.ServeHTTP(answer, r)
	if answer.status >= http.StatusInternalServerError {
		g.log.ErrorContext(r.Context(), "registry: request broke", "method", r.Method, "path", r.URL.Path, "status", answer.status, "answer", string(answer.start))
	}
}

func (g *gate) refuse(w http.ResponseWriter, code errcode.ErrorCode) {
	if err := errcode.ServeJSON(w, code); err != nil {
		g.log.Debug("registry: answer", "error", err)
	}
}

// allowed reads the repository out of the path as distribution's own router does, so that the two
// cannot understand it differently.
func allowed(g grant, r *http.Request) bool {
	if !isPlain(r) {
		return false
	}
	var match mux.RouteMatch
	if !v2.Router().Match(r, &match) || match.Route == nil {
		return false
	}
	repository := match.Vars["name"]
	switch match.Route.GetName() {
	case v2.RouteNameBase:
		return true
	case v2.RouteNameManifest, v2.RouteNameTags, v2.RouteNameBlob:
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			return g.mayPull(repository)
		}
		return r.Method == http.MethodPut && g.mayPush(repository)
	case v2.RouteNameBlobUpload, v2.RouteNameBlobUploadChunk:
		return g.mayPush(repository) && mayMount(g, r)
	}
	return false
}

// isPlain refuses what two readers could take for different things: escaped or unclean paths, and
// parameters in a form body, which distribution would prefer to those in the address.
func isPlain(r *http.Request) bool {
	if r.URL.RawPath != "" || r.URL.EscapedPath() != r.URL.Path {
		return false
	}
	if clean := path.Clean(r.URL.Path); clean != r.URL.Path && clean+"/" != r.URL.Path {
		return false
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	isForm := media == "application/x-www-form-urlencoded" || media == "multipart/form-data"
	return !isForm && (err == nil || r.Header.Get("Content-Type") == "")
}

// mayMount tells whether every repository that a blob is to be taken over from may be pulled.
func mayMount(g grant, r *http.Request) bool {
	for _, from := range r.URL.Query()["from"] {
		if !g.mayPull(from) {
			return false
		}
	}
	return true
}

// answer remembers how a request ended, and how the text of a broken one began.
type answer struct {
	http.ResponseWriter
	status int
	start  []byte
}

// maxStart is how much of an error's text is kept for the log.
const maxStart = 500

// WriteHeader notes the status.
func (a *answer) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

// Write notes the text of an error.
func (a *answer) Write(text []byte) (int, error) {
	if a.status >= http.StatusInternalServerError && len(a.start) < maxStart {
		a.start = append(a.start, text[:min(len(text), maxStart-len(a.start))]...)
	}
	return a.ResponseWriter.Write(text)
}
