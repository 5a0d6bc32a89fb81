package web

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/paastech-cloud/paastech/paas"
)

// Level says who may use a route.
type Level int

// The levels. The zero value is none of them: a route that does not say keeps the daemon from starting.
const (
	_       Level = iota
	Public        // anyone
	Private       // whoever is logged in
	Owner         // the owner of the project that :id names, or an administrator
	Admin         // administrators, as the store says
	Host          // whoever may open the local server's socket; nowhere else
)

var levelNames = map[Level]string{Public: "public", Private: "private", Owner: "owner", Admin: "admin", Host: "host"}

// String is the level's name in API.md.
func (l Level) String() string {
	if name, known := levelNames[l]; known {
		return name
	}
	return "undeclared"
}

// Handler answers one request whose caller has been admitted.
type Handler func(*Call) error

// Route is one row of the route table.
type Route struct {
	Method  string
	Path    string // as echo writes it: /projects/:id
	Level   Level
	Name    string     // of the operation, in the audit and in documents; empty means method and path
	Scope   paas.Scope // that an API token needs; empty means read to look and admin to change
	Handler Handler

	// Socket routes turn their GET into a WebSocket, and what is asked over it is a change.
	Socket bool

	// ProjectTokens lets tokens that are for one project ask on a route that is not a project's: the
	// handler narrows its answer.
	ProjectTokens bool
}

func (r Route) action() string {
	if r.Name != "" {
		return r.Name
	}
	return r.Method + " " + r.Path
}

func (r Route) changes() bool {
	return r.Socket || r.Method != http.MethodGet && r.Method != http.MethodHead
}

// TokenScope is the scope that an API token needs to use the route.
func (r Route) TokenScope() paas.Scope {
	switch {
	case r.Scope != "":
		return r.Scope
	case r.changes():
		return paas.ScopeAdmin
	}
	return paas.ScopeRead
}

// Handle adds routes to the table. It refuses those that do not say who may use them.
func (s *Server) Handle(routes ...Route) error {
	for _, route := range routes {
		if err := s.check(route); err != nil {
			return fmt.Errorf("route %s %s: %w", route.Method, route.Path, err)
		}
		s.routes = append(s.routes, route)
		s.echo.Add(route.Method, route.Path, s.admit(route))
		if route.Method == http.MethodGet && !isAPI(route.Path) {
			s.echo.Add(http.MethodHead, route.Path, s.admit(route))
		}
	}
	return nil
}

func (s *Server) check(route Route) error {
	_, known := levelNames[route.Level]
	switch {
	case !known:
		return fmt.Errorf("it does not declare who may use it")
	case (route.Level == Host) != s.local && (!s.local || route.Level != Admin):
		return fmt.Errorf("routes of level %s have no place on this server", route.Level)
	case route.Level == Owner && !strings.Contains(route.Path+"/", "/:id/"):
		return fmt.Errorf("it is an owner's, but no :id in its path says of what")
	case route.Handler == nil:
		return fmt.Errorf("it has no handler")
	}
	for _, other := range s.routes {
		if other.Method == route.Method && other.Path == route.Path {
			return fmt.Errorf("it is declared twice")
		}
	}
	return nil
}

// Routes is the route table.
func (s *Server) Routes() []Route { return s.routes }

// admit stands before every handler: it finds out who asks, refuses those who may not, and reads the body.
func (s *Server) admit(route Route) echo.HandlerFunc {
	return func(c echo.Context) error {
		call := &Call{Context: c, server: s, Target: route.target(c)}
		err := call.enter(route)
		if err == nil {
			err = route.Handler(call)
		}
		if route.changes() && (!route.Socket || isUpgrade(c.Request())) {
			call.record(route, cmp.Or(err, call.refusal))
		}
		return err
	}
}

// target is what a path names, but for the secrets of mailed links, which open public routes.
func (r Route) target(c echo.Context) string {
	var values []string
	for _, name := range c.ParamNames() {
		if r.Level != Public || name != "token" {
			values = append(values, c.Param(name))
		}
	}
	return strings.Join(values, " ")
}

// enter lets a call in, with its body read.
func (c *Call) enter(route Route) error {
	// A project whose id is no text is one that is not there, and answers as such.
	if route.Level != Owner && !isText(c.Request().URL.Path) {
		return errNotText
	}
	if err := checkQuery(c.Request().URL); err != nil {
		return err
	}
	if c.server.local {
		c.Caller = paas.User{Username: "host", IsAdmin: true}
		return c.readBody()
	}
	if err := c.server.origins.check(c.Request(), route.changes()); err != nil {
		return err
	}
	if err := c.authorize(route); err != nil {
		return err
	}
	return c.readBody()
}

// authorize fails closed: what is not allowed here is refused.
func (c *Call) authorize(route Route) error {
	err := c.identify()
	if route.Level == Public {
		return nil
	}
	if err != nil {
		return err
	}
	if err := c.checkToken(route); err != nil {
		return err
	}
	switch route.Level {
	case Private:
		return nil
	case Owner:
		c.Project, err = c.server.platform.Project(c.Request().Context(), c.Caller, paas.ProjectID(c.Param("id")))
		return err
	case Admin:
		if c.Caller.IsAdmin {
			return nil
		}
	}
	return paas.Errorf(paas.Forbidden, paas.EForbidden, "Only administrators may do this.")
}
