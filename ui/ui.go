// Package ui is the pages that people see in a browser. They work without JavaScript.
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
	return server.Handle(
		web.Route{Method: http.MethodGet, Path: "/", Level: web.Public, Handler: u.home},
		web.Route{Method: http.MethodGet, Path: "/login", Level: web.Public, Handler: u.loginForm},
		web.Route{Method: http.MethodPost, Path: "/login", Level: web.Public, Handler: u.login},
		web.Route{Method: http.MethodPost, Path: "/logout", Level: web.Private, Handler: u.logout},
		web.Route{Method: http.MethodGet, Path: "/dashboard", Level: web.Private, Handler: u.dashboard},
		web.Route{Method: http.MethodGet, Path: "/dashboard/:id", Level: web.Owner, Handler: u.project},
		web.Route{Method: http.MethodGet, Path: pages.StylePath(), Level: web.Public, Handler: u.style},
	)
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

func (u *ui) style(call *web.Call) error {
	call.Response().Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	return call.Blob(http.StatusOK, "text/css; charset=utf-8", u.pages.Style())
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
