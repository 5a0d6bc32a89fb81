package builder

import (
	"gopkg.in/yaml.v3"

	"github.com/paastech-cloud/paastech/paas"
)

// http reads what becomes of requests.
func (p *appParser) http(node *yaml.Node) error {
	h := &p.app.HTTP
	return p.read(node, "http.", fields{
		"plain": p.flag(&h.Plain), "compress": p.flag(&h.Compress), "protocol": p.scalar(func(said setting) error {
			h.Protocol = paas.Protocol(said.value)
			return nil
		}),
		"redirects": p.redirects,
		"headers": func(n *yaml.Node) error {
			return p.read(n, "http.headers.", fields{"request": p.texts("http.headers.request", &h.Headers.Request), "response": p.texts("http.headers.response", &h.Headers.Response)})
		},
		"users": p.users,
		"allow": func(n *yaml.Node) error {
			return p.items(n, "http.allow", func(item *yaml.Node) error {
				said, err := p.text(item)
				h.Allow = append(h.Allow, said.value)
				if err != nil {
					return err
				}
				return p.check(paas.App{HTTP: paas.HTTP{Allow: h.Allow}})
			})
		},
		"rate": func(n *yaml.Node) error {
			return p.read(n, "http.rate.", fields{"average": p.number(&h.Rate.Average), "period": value(p, &h.Rate.Period), "burst": p.number(&h.Rate.Burst)})
		},
	})
}

func (p *appParser) redirects(node *yaml.Node) error {
	all := &p.app.HTTP.Redirects
	return p.items(node, "http.redirects", func(item *yaml.Node) error {
		var redirect paas.PatternRedirect
		if err := p.read(item, "http.redirects.", fields{"from": p.string(&redirect.From), "to": p.string(&redirect.To), "permanent": p.flag(&redirect.Permanent)}); err != nil {
			return err
		}
		*all = append(*all, redirect)
		return p.check(paas.App{HTTP: paas.HTTP{Redirects: *all}})
	})
}

func (p *appParser) users(node *yaml.Node) error {
	all := &p.app.HTTP.Users
	return p.items(node, "http.users", func(item *yaml.Node) error {
		said, err := p.text(item)
		*all = append(*all, paas.Secret(said.value))
		if err != nil {
			return err
		}
		return p.check(paas.App{HTTP: paas.HTTP{Users: *all}})
	})
}

// texts reads a mapping of whatever names to texts.
func (p *appParser) texts(name string, into *map[string]string) func(*yaml.Node) error {
	return func(node *yaml.Node) error {
		named := fields{}
		if node.Kind == yaml.MappingNode {
			*into = map[string]string{}
			for i := 0; i+1 < len(node.Content); i += 2 {
				if key := node.Content[i]; key.Kind == yaml.ScalarNode {
					named[key.Value] = func(n *yaml.Node) error {
						said, err := p.text(n)
						(*into)[key.Value] = said.value
						return err
					}
				}
			}
		}
		return p.read(node, name+".", named)
	}
}
