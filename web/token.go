package web

import (
	"fmt"

	"github.com/paastech-cloud/paastech/paas"
)

// identifyToken finds out whose API token asks.
func (c *Call) identifyToken(secret string) error {
	token, user, err := c.server.platform.Token(c.Request().Context(), paas.Secret(secret))
	if err != nil {
		return err
	}
	c.Caller, c.Token = user, &token
	return nil
}

// errNoProject is what a token for one project hears of every other: the same as of a missing one.
var errNoProject = paas.Errorf(paas.NotFound, paas.ENotFound, "There is no such project among yours. `paastech projects ls` shows them.")

// checkToken holds an API token to its scope and its project.
func (c *Call) checkToken(route Route) error {
	switch {
	case c.Token == nil:
		return nil
	case c.Token.Project != "" && route.Level == Owner:
		if string(c.Token.Project) != c.Param("id") {
			return errNoProject
		}
	case c.Token.Project != "" && !route.ProjectTokens:
		return paas.Errorf(paas.Forbidden, paas.EScope, "This API token is for one project only.")
	}
	if !c.Token.Scope.Allows(route.TokenScope()) {
		return paas.Errorf(paas.Forbidden, paas.EScope, "This needs an API token of scope %s; this one's is %s.", route.TokenScope(), c.Token.Scope)
	}
	return nil
}

// credential names what the caller came in by, without giving it away.
func (c *Call) credential() string {
	switch {
	case c.server.local:
		return "host"
	case c.Token != nil:
		return fmt.Sprintf("token %s", c.Token.Name)
	case c.Session != "":
		return fmt.Sprintf("session %.8s", c.Session)
	}
	return ""
}
