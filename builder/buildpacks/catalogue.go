package buildpacks

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/BurntSushi/toml"
)

// Version is the version of every buildpack; it changes when a layer of an older one must not be
// used any more.
const Version = "0.1.0"

// The buildpacks that do one thing each.
const (
	NodeApp   = "paastech/node-app"
	GoApp     = "paastech/go-app"
	PythonApp = "paastech/python-app"
	Nginx     = "paastech/nginx"
	Procfile  = "paastech/procfile"
)

// The buildpacks that users name: groups of the ones above.
const (
	WebServers = "paastech/web-servers"
	Node       = "paastech/node"
	Go         = "paastech/go"
	Python     = "paastech/python"
)

// api is the version of the contract between lifecycle and buildpack.
const api = "0.10"

// Buildpack is one entry of the builder's list.
type Buildpack struct {
	ID      string
	Version string
	Name    string
	Group   []Member // what a buildpack that is a group consists of; empty for one that works itself
}

// Member is a place in a group.
type Member struct {
	ID       string
	Version  string
	Optional bool // the group also works where this one finds nothing to do
}

// All is every buildpack of ours; those that a group consists of come before the group.
func All() []Buildpack {
	return []Buildpack{
		{ID: NodeApp, Version: Version, Name: "JavaScript application"},
		{ID: GoApp, Version: Version, Name: "Go application"},
		{ID: PythonApp, Version: Version, Name: "Python application"},
		{ID: Nginx, Version: Version, Name: "Static files on nginx"},
		{ID: Procfile, Version: Version, Name: "Procfile"},
		{ID: WebServers, Version: Version, Name: "Static site or single-page application", Group: []Member{optional(NodeApp), member(Nginx)}},
		{ID: Node, Version: Version, Name: "Node.js", Group: []Member{member(NodeApp), optional(Procfile)}},
		{ID: Go, Version: Version, Name: "Go", Group: []Member{member(GoApp), optional(Procfile)}},
		{ID: Python, Version: Version, Name: "Python", Group: []Member{member(PythonApp), optional(Procfile)}},
	}
}

// Order is the groups of the builder in the order in which they are tried; the first that
// recognises an application builds it.
func Order() [][]Member {
	return [][]Member{{member(WebServers)}, {member(Go)}, {member(Node)}, {member(Python)}, {member(Procfile)}}
}

// Aliases is what well-known buildpacks of others are called here.
func Aliases() map[string]string {
	return map[string]string{
		"paketo-buildpacks/web-servers": WebServers,
		"paketo-buildpacks/nginx":       WebServers,
		"paketo-buildpacks/nodejs":      Node,
		"paketo-buildpacks/go":          Go,
		"paketo-buildpacks/python":      Python,
		"paketo-buildpacks/procfile":    Procfile,
		"heroku/nodejs":                 Node,
		"heroku/go":                     Go,
		"heroku/python":                 Python,
		"heroku/procfile":               Procfile,
	}
}

func member(id string) Member   { return Member{ID: id, Version: Version} }
func optional(id string) Member { return Member{ID: id, Version: Version, Optional: true} }

// descriptor is a buildpack.toml.
type descriptor struct {
	API       string        `toml:"api"`
	Buildpack descriptorID  `toml:"buildpack"`
	Targets   []target      `toml:"targets,omitempty"`
	Stacks    []stack       `toml:"stacks,omitempty"`
	Order     []memberGroup `toml:"order,omitempty"`
}

type descriptorID struct {
	ID      string `toml:"id"`
	Version string `toml:"version"`
	Name    string `toml:"name"`
}

type target struct {
	OS string `toml:"os"`
}

type stack struct {
	ID string `toml:"id"`
}

type memberGroup struct {
	Group []groupMember `toml:"group"`
}

type groupMember struct {
	ID       string `toml:"id"`
	Version  string `toml:"version"`
	Optional bool   `toml:"optional,omitempty"`
}

// Descriptor is the buildpack's buildpack.toml.
func (p Buildpack) Descriptor() ([]byte, error) {
	d := descriptor{API: api, Buildpack: descriptorID{ID: p.ID, Version: p.Version, Name: p.Name}}
	if len(p.Group) == 0 {
		d.Targets, d.Stacks = []target{{OS: "linux"}}, []stack{{ID: "*"}}
	} else {
		group := memberGroup{}
		for _, m := range p.Group {
			group.Group = append(group.Group, groupMember(m))
		}
		d.Order = []memberGroup{group}
	}
	var text bytes.Buffer
	if err := toml.NewEncoder(&text).Encode(d); err != nil {
		return nil, fmt.Errorf("describe buildpack %s: %w", p.ID, err)
	}
	return text.Bytes(), nil
}

// Write makes the buildpack's directory: its descriptor, and the executable as bin/build with
// bin/detect as a link to it. dir is made when it is missing.
func (p Buildpack) Write(dir string, executable []byte) error {
	text, err := p.Descriptor()
	if err != nil {
		return err
	}
	bin := filepath.Join(dir, "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return fmt.Errorf("write buildpack %s: %w", p.ID, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "buildpack.toml"), text, 0o644); err != nil {
		return fmt.Errorf("write buildpack %s: %w", p.ID, err)
	}
	if len(p.Group) > 0 {
		return os.Remove(bin)
	}
	if err := os.WriteFile(filepath.Join(bin, "build"), executable, 0o755); err != nil {
		return fmt.Errorf("write buildpack %s: %w", p.ID, err)
	}
	if err := os.Symlink("build", filepath.Join(bin, "detect")); err != nil {
		return fmt.Errorf("write buildpack %s: %w", p.ID, err)
	}
	return nil
}
