package web

import (
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
	Handler Handler
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
	case (route.Level == Host) != s.local:
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
		call := &Call{Context: c, server: s}
		if !s.local {
			if err := s.origins.check(c.Request()); err != nil {
				return err
			}
			if err := call.authorize(route.Level); err != nil {
				return err
			}
		}
		if err := call.readBody(); err != nil {
			return err
		}
		return route.Handler(call)
	}
}

// authorize fails closed: what is not allowed here is refused.
func (c *Call) authorize(level Level) error {
	err := c.identify()
	switch level {
	case Public:
		return nil
	case Private:
		return err
	case Owner:
		if err != nil {
			return err
		}
		c.Project, err = c.server.platform.Project(c.Request().Context(), c.Caller, paas.ProjectID(c.Param("id")))
		return err
	case Admin:
		if err != nil {
			return err
		}
		if c.Caller.IsAdmin {
			return nil
		}
	}
	return paas.Errorf(paas.Forbidden, paas.EForbidden, "Only administrators may do this.")
}
