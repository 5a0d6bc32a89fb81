package ingress

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
)

// Codes of the answers that are the platform's own.
const (
	EUnknownHost    paas.Code = "E_UNKNOWN_HOST"
	EAppStopped     paas.Code = "E_APP_STOPPED"
	EAppStarting    paas.Code = "E_APP_STARTING"
	EAppCrashed     paas.Code = "E_APP_CRASHED"
	EAppNew         paas.Code = "E_APP_NEW"
	EAppUnreachable paas.Code = "E_APP_UNREACHABLE"
	EAppAsleep      paas.Code = "E_APP_ASLEEP"
	EAppMaintenance paas.Code = "E_APP_MAINTENANCE"
	EAppPaused      paas.Code = "E_APP_PAUSED"
)

// retryAfter is how many seconds a client waits before it asks a starting application again.
const retryAfter = 2

// notice is one of the platform's own answers.
type notice struct {
	Status  int
	Code    paas.Code
	Title   string
	Message string
	Command string // for the owner; may be empty
	Retry   int    // seconds; 0 means that waiting does not help
}

// notices has the answer for each state of a route that is not live.
func notices() map[paas.RouteState]notice {
	return map[paas.RouteState]notice{
		paas.RouteStopped: {Status: http.StatusServiceUnavailable, Code: EAppStopped, Title: "This application is stopped",
			Message: "Its owner stopped it. If it is yours, start it again:", Command: "paastech start"},
		paas.RouteStarting: {Status: http.StatusServiceUnavailable, Code: EAppStarting, Title: "This application is starting", Retry: retryAfter,
			Message: "It will answer in a moment; this page looks again by itself. If it is yours, watch it start:", Command: "paastech logs -f"},
		paas.RouteCrashed: {Status: http.StatusServiceUnavailable, Code: EAppCrashed, Title: "This application has crashed",
			Message: "It keeps ending by itself. If it is yours, its last words say why:", Command: "paastech logs"},
		paas.RouteSleeping: {Status: http.StatusServiceUnavailable, Code: EAppAsleep, Title: "This application sleeps", Retry: retryAfter,
			Message: "It wakes up in a moment; this page looks again by itself. If it is yours, wake it:", Command: "paastech wake"},
		paas.RouteNew: {Status: http.StatusServiceUnavailable, Code: EAppNew, Title: "Nothing is deployed here yet",
			Message: "The project exists and waits for its first push. If it is yours, deploy it:", Command: "paastech push"},
	}
}

// stillWaking is for those who cannot wait, because too many do, or who waited long enough.
func stillWaking() notice {
	return notice{Status: http.StatusServiceUnavailable, Code: EAppAsleep, Title: "This application is waking up", Retry: retryAfter,
		Message: "It slept, and takes longer to start than a request can wait; this page looks again by itself. If it is yours, watch it start:", Command: "paastech logs -f"}
}

// maintenance is what a project's owner has visitors told for a while, in their words when they gave some.
func maintenance(words string) notice {
	if words == "" {
		words = "It will be back soon."
	}
	return notice{Status: http.StatusServiceUnavailable, Code: EAppMaintenance, Title: "This application is being worked on", Message: words, Retry: 60}
}

// stillPaused is for those who waited for a paused application as long as one may.
func stillPaused() notice {
	return notice{Status: http.StatusServiceUnavailable, Code: EAppPaused, Title: "This application takes no requests for a moment", Retry: retryAfter,
		Message: "Requests wait here until it goes on, and this one has waited long enough; this page looks again by itself. If it is yours, let it go on:", Command: "paastech resume"}
}

// wakeFailed says why a start failed, in the words that its owner sees elsewhere.
func wakeFailed(err error) notice {
	said := paas.Public(err)
	return notice{Status: http.StatusServiceUnavailable, Code: said.Code, Title: "This application does not wake up",
		Message: said.Message + " If it is yours, its last words may say more:", Command: "paastech logs"}
}

func unknownHost() notice {
	return notice{Status: http.StatusNotFound, Code: EUnknownHost, Title: "There is no application at this address",
		Message: "Check the address. If the application is yours, this lists your projects and where they live:", Command: "paastech projects ls"}
}

func unreachable() notice {
	return notice{Status: http.StatusBadGateway, Code: EAppUnreachable, Title: "This application does not answer",
		Message: "It runs, but the connection to it failed or broke off; try again. If it is yours, its log may say why:", Command: "paastech logs"}
}

// pages writes the platform's own answers: a page for people, JSON for programs.
type pages struct {
	template  *template.Template
	dashboard string
	byState   map[paas.RouteState]notice
}

//go:embed page.html
var pageSource string

func newPages(dashboard string) (pages, error) {
	parsed, err := template.New("page").Parse(pageSource)
	return pages{template: parsed, dashboard: dashboard, byState: notices()}, err
}

// show answers for a hostname that has no live route; nil stands for one that nobody knows.
func (p pages) show(w http.ResponseWriter, r *http.Request, e *entry) {
	if e == nil {
		p.write(w, r, unknownHost())
		return
	}
	notice, known := p.byState[e.route.State]
	if !known {
		notice = unreachable()
	}
	p.write(w, r, notice)
}

// unreachable answers for a target that did not.
func (p pages) unreachable(w http.ResponseWriter, r *http.Request) { p.write(w, r, unreachable()) }

// refuse answers a request that has no meaning here.
func (p pages) refuse(w http.ResponseWriter, r *http.Request, status int) {
	refusal := notice{Status: status, Code: paas.EInvalid, Title: http.StatusText(status), Message: "Requests of this kind are not forwarded to applications."}
	switch status {
	case http.StatusUnauthorized:
		refusal.Code, refusal.Message = paas.ENotLoggedIn, "A user name and a password are needed here."
	case http.StatusForbidden:
		refusal.Code, refusal.Message = paas.EForbidden, "Your network address is not among those that may come here."
	case http.StatusTooManyRequests:
		refusal.Code, refusal.Message = paas.ETooMany, "There were too many requests from your network address. Try again in a moment."
	case http.StatusBadGateway:
		refusal.Code, refusal.Message = EAppUnreachable, "The application at this address does not answer."
	}
	p.write(w, r, refusal)
}

func (p pages) write(w http.ResponseWriter, r *http.Request, n notice) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("Vary", "Accept")
	header.Set("X-Content-Type-Options", "nosniff")
	if n.Retry > 0 {
		header.Set("Retry-After", strconv.Itoa(n.Retry))
	}
	var body bytes.Buffer
	if wantsPage(r) {
		header.Set("Content-Type", "text/html; charset=utf-8")
		header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
		p.writePage(&body, n)
	} else {
		header.Set("Content-Type", "application/json")
		writeJSON(&body, n)
	}
	header.Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(n.Status)
	_, _ = w.Write(body.Bytes()) // a client that is gone needs no answer
}

func (p pages) writePage(body *bytes.Buffer, n notice) {
	data := struct {
		notice
		Dashboard string
	}{n, p.dashboard}
	if err := p.template.Execute(body, data); err != nil { // cannot fail: a test shows every page
		fmt.Fprintln(body, n.Title)
	}
}

func writeJSON(body *bytes.Buffer, n notice) {
	message := n.Message
	if n.Command != "" {
		message += " " + n.Command
	}
	answer := struct {
		Status     string    `json:"status"`
		StatusCode int       `json:"statusCode"`
		Code       paas.Code `json:"code"`
		Message    string    `json:"message"`
	}{"error", n.Status, n.Code, n.Title + ". " + message}
	_ = json.NewEncoder(body).Encode(answer) // strings and a number
}

// wantsPage tells whether the client would rather have HTML than JSON: only what names HTML does.
func wantsPage(r *http.Request) bool {
	html, other := 0.0, 0.0
	for _, line := range r.Header["Accept"] {
		for accepted := range strings.SplitSeq(line, ",") {
			media, parameters, _ := strings.Cut(accepted, ";")
			switch strings.ToLower(strings.TrimSpace(media)) {
			case "text/html", "application/xhtml+xml":
				html = max(html, quality(parameters))
			case "application/json":
				other = max(other, quality(parameters))
			}
		}
	}
	return html > 0 && html >= other
}

// quality reads the q of an Accept header's parameters (RFC 9110, 12.4.2).
func quality(parameters string) float64 {
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
		if strings.EqualFold(name, "q") {
			q, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return 0
			}
			return q
		}
	}
	return 1
}
