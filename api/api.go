// Package api is /api/v1: what programs may ask of the platform. Handlers decode, call the platform
// and encode; the rules are the platform's.
package api

import (
	"slices"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/web"
)

const basePath = "/api/v1"

// Options is what the API says about the platform.
type Options struct {
	Version  string
	HostKeys []string // of the git server, each in authorized_keys form

	AppSchema []byte // the JSON Schema of paastech/app.yaml
}

// api answers requests with a platform's use cases.
type api struct {
	platform *paas.Platform
	server   *web.Server
	options  Options
	memory   memory
	document []byte // in JSON
}

// Register adds the API's routes to the server, and the pages of their document. It refuses
// operations that the document cannot explain.
func Register(server *web.Server, platform *paas.Platform, options Options) error {
	a := &api{platform: platform, server: server, options: options}
	operations := slices.Concat(
		a.infoRoutes(), a.accountRoutes(), a.sessionRoutes(), a.registrationRoutes(), a.profileRoutes(), a.userRoutes(), a.adminRoutes(), a.keyRoutes(), a.projectRoutes(), a.envRoutes(), a.deploymentRoutes(), a.lifeRoutes(), a.domainRoutes(), a.commandRoutes(), a.logRoutes(),
	)
	if err := a.describe(operations); err != nil {
		return err
	}
	return server.Handle(slices.Concat(webRoutes(operations), a.docRoutes(), a.prometheusRoutes())...)
}
