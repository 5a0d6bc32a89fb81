package builder

import (
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/paastech-cloud/paastech/paas"
)

// appParser reads an app.yaml. It notes where every field was said, so that the hub's complaints,
// which name a field, can be told with a line.
type appParser struct {
	parser
	lines map[string]int // by path: processes.web.count; those of a list are its last item's
	app   paas.App
}

// fields are what a mapping may have, by key.
type fields map[string]func(*yaml.Node) error

func parseApp(text []byte) (paas.App, error) {
	p := appParser{parser: parser{appFile}, lines: map[string]int{}}
	document, err := p.document(text)
	if err != nil || document == nil {
		return paas.App{}, err
	}
	app := &p.app
	err = p.read(document, "", fields{
		"processes": p.processes,
		"health":    p.health,
		"limits":    func(n *yaml.Node) error { return p.read(n, "limits.", p.limits(&app.Limits)) },
		"release":   p.string(&app.Release),
		"cron":      p.cron,
		"volumes":   p.volumes,
		"files":     p.files,
		"stop": func(n *yaml.Node) error {
			return p.read(n, "stop.", fields{"drain": value(&p, &app.Stop.Drain), "grace": value(&p, &app.Stop.Grace)})
		},
		"http": p.http,
		"sleep": func(n *yaml.Node) error {
			return p.read(n, "sleep.", fields{"after": value(&p, &app.Sleep.After), "unless": p.names("sleep.unless", &app.Sleep.Unless)})
		},
	})
	if err == nil {
		err = p.check(p.app)
	}
	if err != nil {
		return paas.App{}, err
	}
	return p.app, nil
}

// read is mapping that notes the lines.
func (p *appParser) read(node *yaml.Node, name string, known fields) error {
	noted := fields{}
	for key, field := range known {
		noted[key] = func(n *yaml.Node) error {
			p.lines[name+key] = n.Line
			return field(n)
		}
	}
	return p.mapping(node, name, noted)
}

// check has the hub look at what was read.
func (p *appParser) check(app paas.App) error {
	err := app.Validate()
	if err == nil {
		return nil
	}
	public := paas.Public(err)
	if len(public.Details) == 0 {
		return wrong(p.file, 0, "%s", strings.TrimSuffix(public.Message, "."))
	}
	field := public.Details[0].Field
	if strings.HasPrefix(field, "processes.") {
		field = strings.Replace(field, ".limits.", ".", 1) // a process has them beside its command
	}
	told := wrong(p.file, p.lineOf(field), "%s: %s", field, strings.TrimSuffix(public.Message, "."))
	told.Details = []paas.Detail{{Field: field, Message: public.Message}}
	return told
}

// lineOf is where a field, or else what it belongs to, was said.
func (p *appParser) lineOf(field string) int {
	for field != "" {
		if line, said := p.lines[field]; said {
			return line
		}
		field = field[:max(0, strings.LastIndexByte(field, '.'))]
	}
	return 0
}

// processes has the names of processes as its keys.
func (p *appParser) processes(node *yaml.Node) error {
	named := fields{}
	p.app.Processes = map[string]paas.ProcessSpec{}
	if node.Kind == yaml.MappingNode {
		for i := 0; i+1 < len(node.Content); i += 2 {
			if key := node.Content[i]; key.Kind == yaml.ScalarNode {
				named[key.Value] = func(n *yaml.Node) error { return p.process(key, n) }
			}
		}
	}
	return p.mapping(node, "processes.", named)
}

func (p *appParser) process(key, node *yaml.Node) error {
	name := "processes." + key.Value
	p.lines[name] = key.Line
	var spec paas.ProcessSpec
	known := p.limits(&spec.Limits)
	known["command"] = p.string(&spec.Command)
	known["count"] = func(n *yaml.Node) error {
		if isNull(n) {
			return nil
		}
		spec.Count = new(int)
		return p.number(spec.Count)(n)
	}
	if err := p.read(node, name+".", known); err != nil {
		return err
	}
	p.app.Processes[key.Value] = spec
	return nil
}

func (p *appParser) limits(into *paas.Limits) fields {
	return fields{"memory": value(p, &into.Memory), "cpu": p.cores(&into.CPU), "pids": p.number64(&into.PIDs)}
}

func (p *appParser) health(node *yaml.Node) error {
	h := &p.app.Health
	return p.read(node, "health.", fields{
		"path": p.string(&h.Path), "tcp": p.flag(&h.TCP), "failures": p.number(&h.Failures),
		"interval": value(p, &h.Interval), "timeout": value(p, &h.Timeout), "grace": value(p, &h.Grace), "deadline": value(p, &h.Deadline),
	})
}

func (p *appParser) files(node *yaml.Node) error {
	f := &p.app.Files
	return p.read(node, "files.", fields{
		"readOnly": p.flag(&f.ReadOnly), "size": value(p, &f.Size),
		"writable": func(n *yaml.Node) error {
			return p.items(n, "files.writable", func(item *yaml.Node) error {
				said, err := p.text(item)
				f.Writable = append(f.Writable, said.value)
				if err != nil {
					return err
				}
				return p.check(paas.App{Files: paas.Files{Writable: f.Writable}})
			})
		},
	})
}

func (p *appParser) names(name string, into *[]string) func(*yaml.Node) error {
	return func(node *yaml.Node) error {
		return p.items(node, name, func(item *yaml.Node) error {
			said, err := p.text(item)
			*into = append(*into, said.value)
			return err
		})
	}
}

func (p *appParser) cron(node *yaml.Node) error {
	return p.items(node, "cron", func(item *yaml.Node) error {
		var line paas.CronLine
		if err := p.read(item, "cron.", fields{"schedule": p.string(&line.Schedule), "command": p.string(&line.Command)}); err != nil {
			return err
		}
		p.app.Cron = append(p.app.Cron, line)
		return p.check(paas.App{Cron: p.app.Cron})
	})
}

func (p *appParser) volumes(node *yaml.Node) error {
	return p.items(node, "volumes", func(item *yaml.Node) error {
		var v paas.Volume
		if err := p.read(item, "volumes.", fields{"name": p.string(&v.Name), "path": p.string(&v.Path), "size": value(p, &v.Size)}); err != nil {
			return err
		}
		p.app.Volumes = append(p.app.Volumes, v)
		return p.check(paas.App{Volumes: p.app.Volumes})
	})
}

// items reads a list. What an item gets wrong is told at its own line, so it is checked by itself, and
// what the item before it said is forgotten.
func (p *appParser) items(node *yaml.Node, name string, item func(*yaml.Node) error) error {
	if isNull(node) {
		return nil
	}
	if node.Kind != yaml.SequenceNode {
		return wrong(p.file, node.Line, "%s is not a list; begin each of its items with `- `", name)
	}
	for _, each := range node.Content {
		for field := range p.lines {
			if strings.HasPrefix(field, name+".") {
				delete(p.lines, field)
			}
		}
		p.lines[name] = each.Line
		if err := item(each); err != nil {
			return err
		}
	}
	return nil
}

func (p *appParser) string(into *string) func(*yaml.Node) error {
	return p.scalar(func(said setting) error {
		*into = said.value
		return nil
	})
}

// scalar reads a text and lets set take it; null says nothing.
func (p *appParser) scalar(set func(setting) error) func(*yaml.Node) error {
	return func(node *yaml.Node) error {
		said, err := p.text(node)
		if err != nil || isNull(node) {
			return err
		}
		return set(said)
	}
}

func (p *appParser) flag(into *bool) func(*yaml.Node) error {
	return p.scalar(func(said setting) (err error) {
		if said.value != "true" && said.value != "false" {
			return wrong(p.file, said.line, "%s is neither true nor false", shown(said.value))
		}
		*into = said.value == "true"
		return nil
	})
}

func (p *appParser) number(into *int) func(*yaml.Node) error {
	var n int64
	read := p.number64(&n)
	return func(node *yaml.Node) error {
		err := read(node)
		*into = int(n)
		return err
	}
}

// number64 takes what fits 32 bits; the hub knows better bounds.
func (p *appParser) number64(into *int64) func(*yaml.Node) error {
	return p.scalar(func(said setting) (err error) {
		if *into, err = strconv.ParseInt(said.value, 10, 32); err != nil {
			return wrong(p.file, said.line, "%s is not a whole number", shown(said.value))
		}
		return nil
	})
}

func (p *appParser) cores(into *float64) func(*yaml.Node) error {
	return p.scalar(func(said setting) error {
		n, err := strconv.ParseFloat(said.value, 64)
		if err != nil || n != n {
			return wrong(p.file, said.line, "%s is not a number of cores, like 0.5 or 2", shown(said.value))
		}
		*into = n
		return nil
	})
}

// value reads what knows how it is written: an amount of bytes or a time span.
func value[T interface{ UnmarshalText([]byte) error }](p *appParser, into T) func(*yaml.Node) error {
	return p.scalar(func(said setting) error {
		if err := into.UnmarshalText([]byte(said.value)); err != nil {
			return wrong(p.file, said.line, "%v", err)
		}
		return nil
	})
}
