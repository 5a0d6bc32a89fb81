// Package ui is the pages that people see in a browser. They work without JavaScript, but for
// the work that registering may ask for.
package ui

import (
	"net/http"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/templates"
	"github.com/paastech-cloud/paastech/web"
	"github.com/paastech-cloud/paastech/web/problem"
)

// ui makes pages of a platform's use cases.
type ui struct {
	platform *paas.Platform
	server   *web.Server
	pages    *templates.Set
}

// Register adds the pages to the server, and says how failures look there.
func Register(server *web.Server, platform *paas.Platform) error {
	pages, err := templates.Load()
	if err != nil {
		return err
	}
	u := &ui{platform: platform, server: server, pages: pages}
	server.ErrorPage(u.failure)
	routes := u.routes()
	if server.Development() {
		routes = append(routes, u.mailbox()...)
	}
	return server.Handle(routes...)
}

func (u *ui) routes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/", Level: web.Public, Handler: u.home},
		{Method: http.MethodGet, Path: "/login", Level: web.Public, Handler: u.loginForm},
		{Method: http.MethodPost, Path: "/login", Level: web.Public, Handler: u.login},
		{Method: http.MethodPost, Path: "/logout", Level: web.Private, Handler: u.logout},
		{Method: http.MethodGet, Path: "/register", Level: web.Public, Handler: u.registerForm},
		{Method: http.MethodPost, Path: "/register", Level: web.Public, Handler: u.register},
		{Method: http.MethodGet, Path: "/email-verification/:token", Level: web.Public, Handler: u.verifyForm},
		{Method: http.MethodPost, Path: "/email-verification/:token", Level: web.Public, Handler: u.verify},
		{Method: http.MethodGet, Path: "/confirm/resend", Level: web.Public, Handler: u.resendForm},
		{Method: http.MethodPost, Path: "/confirm/resend", Level: web.Public, Handler: u.resend},
		{Method: http.MethodGet, Path: "/password-reset", Level: web.Public, Handler: u.forgottenForm},
		{Method: http.MethodPost, Path: "/password-reset", Level: web.Public, Handler: u.forgotten},
		{Method: http.MethodGet, Path: "/password-reset/:token", Level: web.Public, Handler: u.resetForm},
		{Method: http.MethodPost, Path: "/password-reset/:token", Level: web.Public, Handler: u.reset},
		{Method: http.MethodGet, Path: "/dashboard", Level: web.Private, Handler: u.dashboard},
		{Method: http.MethodGet, Path: "/dashboard/:id", Level: web.Owner, Handler: u.project},
		{Method: http.MethodGet, Path: u.pages.StylePath(), Level: web.Public, Handler: u.file("text/css", u.pages.Style())},
		{Method: http.MethodGet, Path: u.pages.ScriptPath(), Level: web.Public, Handler: u.file("text/javascript", u.pages.Script())},
	}
}

func (u *ui) show(call *web.Call, status int, page templates.Page) error {
	html, err := u.pages.Render(page)
	if err != nil {
		return err
	}
	return call.HTMLBlob(status, html)
}

func frame(call *web.Call, title string) templates.Frame {
	return templates.Frame{Title: title, Username: call.Caller.Username}
}

func (u *ui) home(call *web.Call) error {
	return u.show(call, http.StatusOK, templates.Home{Frame: frame(call, ""), Server: u.server.PublicURL()})
}

// file answers with one that its name changes with, so that it may be kept for ever.
func (u *ui) file(kind string, content []byte) web.Handler {
	return func(call *web.Call) error {
		call.Response().Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		return call.Blob(http.StatusOK, kind+"; charset=utf-8", content)
	}
}

// failure makes the page of a failed request. It cannot know who asked.
func (u *ui) failure(document problem.Document) ([]byte, error) {
	title := "This did not work"
	switch document.StatusCode {
	case http.StatusNotFound:
		title = "Nothing here"
	case http.StatusForbidden:
		title = "Not allowed"
	}
	return u.pages.Render(templates.Failure{
		Frame: templates.Frame{Title: title}, Status: document.StatusCode, Code: document.Code, Message: document.Message,
	})
}
