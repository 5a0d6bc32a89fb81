package cli

import (
	"context"
	"net"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/client"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

// demoServer is where `paastech serve` listens when nothing else is configured.
const demoServer = "http://127.0.0.1:3000"

// commands are the client's commands and what they share.
type commands struct {
	*console
	serverFlag  string
	projectFlag string
}

// server is the address of the server that is meant: the flag, the environment, the one that the
// repository's remote was made by, the one that was logged in to last. Empty when none is known.
func (c *commands) server(known sessions) (string, error) {
	for _, address := range []string{c.serverFlag, os.Getenv("PAASTECH_SERVER")} {
		if address != "" {
			return serverAddress(address)
		}
	}
	// A repository from elsewhere must not choose where a token of the environment is sent.
	if os.Getenv("PAASTECH_TOKEN") == "" {
		if repository, err := openRepository("."); err == nil && repository.server() != "" {
			return serverAddress(repository.server())
		}
	}
	return known.Default, nil
}

// serverAddress completes what a person typed: a missing scheme is https, on this machine http.
func serverAddress(typed string) (string, error) {
	address := strings.TrimSpace(typed)
	if !strings.Contains(address, "://") {
		host, _, _ := strings.Cut(address, "/")
		scheme := "https://"
		if isLoopback(host) {
			scheme = "http://"
		}
		address = scheme + address
	}
	api, err := client.New(address, "")
	if err != nil {
		return "", failf(paas.EInvalid, "%q is not the address of a server: give one like https://paas.example.com.", typed)
	}
	return api.Server(), nil
}

// isLoopback tells whether a host, with or without a port, is this machine.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || ip != nil && ip.IsLoopback()
}

// inClear tells whether what is sent to a server can be read on the way.
func inClear(server string) bool {
	address, err := url.Parse(server)
	return err == nil && address.Scheme == "http" && !isLoopback(address.Host)
}

// anonymous is a client of the server that is meant, without a log-in.
func (c *commands) anonymous() (*client.Client, sessions, error) {
	known, err := readSessions()
	if err != nil {
		return nil, known, err
	}
	server, err := c.server(known)
	if err != nil {
		return nil, known, err
	}
	if server == "" {
		return nil, known, failf(eNoServer, "No server is known yet. Log in to one: paastech login --server %s", demoServer)
	}
	api, err := client.New(server, "")
	return api, known, err
}

// connect is a client of the server that is meant, logged in.
func (c *commands) connect() (*client.Client, error) {
	api, known, err := c.anonymous()
	if err != nil {
		return nil, err
	}
	token := os.Getenv("PAASTECH_TOKEN")
	if token == "" {
		token = known.Servers[api.Server()].Token
	}
	if token == "" {
		return nil, failf(paas.ENotLoggedIn, "You are not logged in at %s. Log in: paastech login --server %s", api.Server(), api.Server())
	}
	return api.WithToken(paas.Secret(token)), nil
}

// project is the project that is meant, and a client to work on it: the named one, else the flag's,
// else that of the git remote.
func (c *commands) project(ctx context.Context, named ...string) (*client.Client, wire.Project, error) {
	name := c.projectFlag
	if len(named) > 0 {
		name = named[0]
	}
	if name == "" {
		var err error
		if name, err = projectOfDirectory(); err != nil {
			return nil, wire.Project{}, err
		}
	}
	api, err := c.connect()
	if err != nil {
		return nil, wire.Project{}, err
	}
	project, err := api.FindProject(ctx, name)
	return api, project, err
}

// projectOfDirectory is the name or id of the project that the repository's remote leads to.
func projectOfDirectory() (string, error) {
	repository, err := openRepository(".")
	if paas.IsCode(err, eNoRepository) {
		return "", failf(eNoRemote, "Which project? Name it with -P, or run the command in its git repository.")
	}
	if err != nil {
		return "", err
	}
	address, err := repository.remote()
	if err != nil {
		return "", err
	}
	if address == "" {
		return "", errNoRemote()
	}
	return projectOfRemote(address)
}

func errNoRemote() error {
	return failf(eNoRemote, "This repository has no git remote %s. Make a project for it: paastech init NAME. For one that you have already, `paastech projects info NAME` shows the address: git remote add %s ADDRESS", remoteName, remoteName)
}

// completeProjects offers the names of one's projects to the completion of the shell.
func (c *commands) completeProjects(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var names []string
	api, err := c.connect()
	if err == nil && len(args) == 0 {
		projects, _ := api.Projects(cmd.Context())
		for _, project := range projects {
			names = append(names, project.Name)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
