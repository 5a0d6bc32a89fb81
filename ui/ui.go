// Package ui is the pages that people see in a browser. Every action is a form that works without
// JavaScript; with it, pages follow what happens.
package ui

import (
	"compress/gzip"
	"net/http"
	"slices"

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
	assets   *assets
}

// Register adds the pages to the server, and says how failures look there.
func Register(server *web.Server, platform *paas.Platform) error {
	assets, err := loadAssets()
	if err != nil {
		return err
	}
	pages, err := templates.Load(assets.path)
	if err != nil {
		return err
	}
	u := &ui{platform: platform, server: server, pages: pages, assets: assets}
	server.ErrorPage(u.failure)
	routes := slices.Concat(
		u.publicRoutes(), u.projectRoutes(), u.envRoutes(), u.settingsRoutes(), u.domainRoutes(), u.newProjectRoutes(), u.logRoutes(), u.profileRoutes(), u.adminRoutes(), u.userRoutes(),
	)
	if server.Development() {
		routes = append(routes, u.mailbox()...)
	}
	return server.Handle(routes...)
}

// publicRoutes are the pages that lead to an account and into it.
func (u *ui) publicRoutes() []web.Route {
	return []web.Route{
		get("/", web.Public, u.home),
		get("/login", web.Public, u.loginForm),
		operation("login", post("/login", web.Public, u.login)),
		operation("logout", post("/logout", web.Private, u.logout)),
		get("/register", web.Public, u.registerForm),
		operation("register", post("/register", web.Public, u.register)),
		get("/email-verification/:token", web.Public, u.verifyForm),
		operation("confirm", post("/email-verification/:token", web.Public, u.verify)),
		get("/confirm/resend", web.Public, u.resendForm),
		operation("resendConfirmation", post("/confirm/resend", web.Public, u.resend)),
		get("/password-recovery", web.Public, u.forgottenForm),
		operation("requestReset", post("/password-recovery", web.Public, u.forgotten)),
		get("/password-reset/:token", web.Public, u.resetForm),
		operation("resetPassword", post("/password-reset/:token", web.Public, u.reset)),
		get("/static/:version/:name", web.Public, u.assets.serve),
	}
}

func get(path string, level web.Level, handler web.Handler) web.Route {
	return web.Route{Method: http.MethodGet, Path: path, Level: level, Handler: handler}
}

func post(path string, level web.Level, handler web.Handler) web.Route {
	return web.Route{Method: http.MethodPost, Path: path, Level: level, Handler: handler}
}

// smallest is the size in bytes from which on a page is worth compressing: it fits no single packet.
const smallest = 1400

func (u *ui) show(call *web.Call, status int, page templates.Page) error {
	html, err := u.pages.Render(page)
	if err != nil {
		return err
	}
	if call.Caller.Username != "" {
		call.AllowLive()
	}
	file := asset{kind: "text/html; charset=utf-8", plain: html}
	if len(html) > smallest && acceptsGzip(call.Request()) {
		file.compacted = compact(html, gzip.BestSpeed)
	}
	return answer(call, status, file)
}

func frame(call *web.Call, title string) templates.Frame {
	return templates.Frame{Title: title, Username: call.Caller.Username, Admin: call.Caller.IsAdmin, Done: done[call.QueryParam(doneParameter)]}
}

func (u *ui) home(call *web.Call) error {
	return u.show(call, http.StatusOK, templates.Home{Frame: frame(call, ""), Server: u.server.PublicURL()})
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
