package api

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
	"github.com/paastech-cloud/paastech/web/problem"
	"golang.org/x/crypto/ssh"
)

func (a *api) infoRoutes() []endpoint {
	return tagged("platform",
		raw[wire.Heartbeat](a.health, operation{name: "health", method: http.MethodGet, path: "/healthz", level: web.Public, sick: reflect.TypeFor[wire.Heartbeat](),
			summary: "Tell whether the daemon and its database answer.", errors: nothingElse()}),
		route(a.info, operation{name: "info", method: http.MethodGet, path: "/info", level: web.Public,
			summary: "Say what this platform is: version, addresses, host keys, how one registers.", errors: nothingElse()}),
		raw[wire.Nothing](a.events, operation{name: "events", method: http.MethodGet, path: "/events", level: web.Private, projectTokens: true, events: eventTypes(),
			summary: "Hear of changes of one's projects as they happen.", errors: nothingElse()}),
		raw[wire.Nothing](a.openapi, operation{name: "openapi", method: http.MethodGet, path: "/openapi.json", level: web.Public, document: true,
			summary: "This document.", errors: nothingElse()}),
		raw[wire.Nothing](a.appSchema, operation{name: "appSchema", method: http.MethodGet, path: "/app.schema.json", level: web.Public, document: true,
			summary: "The JSON Schema (draft 2020-12) of paastech/app.yaml, for editors.", errors: nothingElse()}),
	)
}

// healthTimeout is how long the database may take to answer.
const healthTimeout = 2 * time.Second

// sick is a failure that also carries the content of the answer it takes the place of.
type sick struct {
	problem.Document
	Content wire.Heartbeat `json:"content"`
}

func (a *api) health(call *web.Call) error {
	ctx, cancel := context.WithTimeout(call.Request().Context(), healthTimeout)
	defer cancel()
	if err := a.platform.Health(ctx); err != nil {
		document := problem.Of(paas.Errorf(paas.Unavailable, paas.EUnavailable, "The database does not answer."))
		return call.Answer(document.StatusCode, sick{document, wire.Heartbeat{Service: "OK", Database: "KO"}})
	}
	return call.Answer(http.StatusOK, wire.Answer[wire.Heartbeat]{Status: wire.OK, Content: wire.Heartbeat{Service: "OK", Database: "OK"}})
}

func (a *api) info(call *web.Call, _ nothing) (reply[wire.Info], error) {
	registration, err := a.platform.Registration(call.Request().Context())
	if err != nil {
		return reply[wire.Info]{}, err
	}
	keys, err := hostKeys(a.options.HostKeys)
	return ok(wire.Info{
		Version: a.options.Version, URL: a.server.PublicURL(), Git: a.server.Git(),
		Applications: a.platform.ProjectURL("<project-id>"), HostKeys: keys, Registration: registration, Challenge: a.platform.Accounts.Challenge != nil,
	}), err
}

func hostKeys(lines []string) ([]wire.HostKey, error) {
	keys := []wire.HostKey{}
	for _, line := range lines {
		key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
		if err != nil {
			return nil, fmt.Errorf("read the git server's host key: %w", err)
		}
		keys = append(keys, wire.HostKey{Type: key.Type(), Value: line, Fingerprint: ssh.FingerprintSHA256(key)})
	}
	return keys, nil
}
