package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/paastech-cloud/paastech/paas"
)

// origins knows whose pages may ask: our own, and those that the configuration names.
type origins struct {
	protection *http.CrossOriginProtection
	shared     []string
}

func newOrigins(public *url.URL, shared []string) (*origins, error) {
	o := &origins{protection: http.NewCrossOriginProtection(), shared: shared}
	for _, origin := range append([]string{public.String()}, shared...) {
		if err := o.protection.AddTrustedOrigin(origin); err != nil || strings.Contains(origin, "*") {
			return nil, fmt.Errorf("api.corsOrigins: %q is not an origin like https://www.example.com", origin)
		}
	}
	return o, nil
}

// check refuses what another site's page makes a browser send. A bearer token proves more than an
// origin does: browsers send none by themselves.
func (o *origins) check(r *http.Request, changes bool) error {
	if bearer(r) != "" {
		return nil
	}
	if changes && r.Method == http.MethodGet { // a WebSocket, which a page of any site may open
		changing := *r
		changing.Method = http.MethodPost
		r = &changing
	}
	if err := o.protection.Check(r); err != nil {
		return paas.Errorf(paas.Forbidden, paas.EForbidden, "This request comes from another site's page, which may not do this here.").Because(err)
	}
	return nil
}

// share lets the pages of the configured origins read the API's answers, and nobody else's.
func (o *origins) share(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if !isAPI(c.Request().URL.Path) {
			return next(c)
		}
		origin, header := c.Request().Header.Get("Origin"), c.Response().Header()
		header.Add("Vary", "Origin")
		if !slices.Contains(o.shared, origin) {
			return next(c)
		}
		header.Set("Access-Control-Allow-Origin", origin)
		header.Set("Access-Control-Allow-Credentials", "true")
		if c.Request().Method == http.MethodOptions && c.Request().Header.Get("Access-Control-Request-Method") != "" {
			header.Set("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE")
			header.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
			header.Set("Access-Control-Max-Age", "600")
			return c.NoContent(http.StatusNoContent)
		}
		return next(c)
	}
}

// isAPI tells by a request's path whether programs ask, who want JSON; pages are for people.
func isAPI(path string) bool { return path == "/api" || strings.HasPrefix(path, "/api/") }
