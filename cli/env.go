package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/api/client"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

// envFlags are what the commands that change variables share.
type envFlags struct {
	build    bool
	noDeploy bool
}

func (f *envFlags) add(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().BoolVar(&f.build, "build", false, "variables of builds: they reach the next push's build and nothing else")
	cmd.Flags().BoolVar(&f.noDeploy, "no-deploy", false, "only store them; the next deployment takes them along")
	return cmd
}

func (f *envFlags) options() client.EnvOptions {
	options := client.EnvOptions{Build: f.build, Wait: client.NoWait}
	if f.noDeploy {
		no := false
		options.Deploy = &no
	}
	return options
}

func (c *commands) envCommand() *cobra.Command {
	return newGroup("env", "Environment variables of the application and of its builds", c.envListCommand(), c.envSetCommand(), c.envUnsetCommand(), c.envImportCommand())
}

func (c *commands) envListCommand() *cobra.Command {
	var build, keys bool
	cmd := &cobra.Command{
		Use:     "ls",
		Short:   "List variables with their values",
		Example: "  paastech env ls\n  paastech env ls --keys",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			api, project, err := c.project(cmd.Context())
			if err != nil {
				return err
			}
			env, err := api.Env(cmd.Context(), project.ID, client.EnvOptions{Build: build})
			if err != nil {
				return err
			}
			return c.emit(wire.Env{Env: env}, func() { c.showEnv(env, keys) })
		},
	}
	cmd.Flags().BoolVar(&build, "build", false, "the variables of builds")
	cmd.Flags().BoolVar(&keys, "keys", false, "names only")
	return cmd
}

func (c *commands) showEnv(env paas.Env, keysOnly bool) {
	if len(env) == 0 {
		c.note("No variable is set. Set one: paastech env set NAME=value")
	}
	for _, key := range slices.Sorted(maps.Keys(env)) {
		if keysOnly {
			c.say("%s", key)
		} else {
			c.say("%s=%s", key, printable(env[key].Reveal()))
		}
	}
}

func (c *commands) envSetCommand() *cobra.Command {
	var flags envFlags
	return flags.add(&cobra.Command{
		Use:     "set NAME=VALUE...",
		Short:   "Set variables, and roll them out when the application is live",
		Example: "  paastech env set GREETING=\"Good morning\" DEBUG=1\n  paastech env set --build NPM_TOKEN=...",
		Args:    arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			changes := map[string]*paas.Secret{}
			for _, arg := range args {
				key, value, assigned := strings.Cut(arg, "=")
				if !assigned {
					return usagef(cmd, "%q has no value: give NAME=VALUE (`paastech env unset` removes one)", arg)
				}
				changes[key] = secret(value)
			}
			return c.changeEnv(cmd.Context(), changes, flags)
		},
	})
}

func (c *commands) envUnsetCommand() *cobra.Command {
	var flags envFlags
	return flags.add(&cobra.Command{
		Use:     "unset NAME...",
		Short:   "Remove variables, and roll that out when the application is live",
		Example: "  paastech env unset GREETING DEBUG",
		Args:    arguments(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			changes := map[string]*paas.Secret{}
			for _, key := range args {
				changes[key] = nil
			}
			return c.changeEnv(cmd.Context(), changes, flags)
		},
	})
}

func (c *commands) envImportCommand() *cobra.Command {
	var flags envFlags
	return flags.add(&cobra.Command{
		Use:     "import FILE",
		Short:   "Set the variables of a .env file (- for standard input); others stay",
		Example: "  paastech env import .env\n  paastech env import - < .env",
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			changes, err := c.readDotenv(args[0])
			if err != nil {
				return err
			}
			return c.changeEnv(cmd.Context(), changes, flags)
		},
	})
}

// maxDotenv bounds a .env file: the API takes bodies of 1 MiB.
const maxDotenv = 1 << 20

func (c *commands) readDotenv(path string) (map[string]*paas.Secret, error) {
	from := c.stdin
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("read the variables: %w", err)
		}
		defer file.Close()
		from = file
	}
	content, err := io.ReadAll(io.LimitReader(from, maxDotenv+1))
	if err == nil && len(content) > maxDotenv {
		err = errors.New("more than 1 MiB")
	}
	if err != nil {
		return nil, fmt.Errorf("read the variables: %w", err)
	}
	variables, err := paas.ParseDotenv(string(content))
	if wrong, ok := errors.AsType[*paas.DotenvError](err); ok {
		return nil, failf(paas.EInvalid, "%s:%d: %s", path, wrong.Line, wrong.Message)
	}
	if err == nil && len(variables) == 0 {
		err = failf(paas.EInvalid, "%s holds no variable.", path)
	}
	changes := map[string]*paas.Secret{}
	for key, value := range variables {
		changes[key] = &value
	}
	return changes, err
}

func secret(value string) *paas.Secret {
	hidden := paas.Secret(value)
	return &hidden
}

// changeEnv stores a change of variables and shows its roll-out.
func (c *commands) changeEnv(ctx context.Context, changes map[string]*paas.Secret, flags envFlags) error {
	if err := checkEnv(changes, flags); err != nil {
		return err
	}
	api, project, err := c.project(ctx)
	if err != nil {
		return err
	}
	changed, err := api.SetEnv(ctx, project.ID, changes, flags.options())
	if err != nil {
		return err
	}
	if changed.Deployment == nil {
		return c.emit(changed, func() { c.say("%s.", storedEnv(project, flags)) })
	}
	already := !changed.Deployment.State.Active()
	ended, err := c.watch(ctx, api, project, *changed.Deployment)
	if err != nil {
		return err
	}
	changed.Deployment = &ended
	return c.emit(changed, func() { c.sayLive(project, ended, already) })
}

// checkEnv tells early what the server would refuse, and what it would take without any effect.
func checkEnv(changes map[string]*paas.Secret, flags envFlags) error {
	for key, value := range changes {
		if value == nil {
			continue // what is there may go, whatever its name
		}
		if err := paas.ValidateEnvKey(key); err != nil {
			return err
		}
		if flags.build && key == "PATH" {
			return paas.InvalidField(key, "PATH of a build is the builder's own: setting it would have no effect. A script of yours can set its own.")
		}
	}
	return nil
}

// storedEnv says when variables that were only stored take effect.
func storedEnv(project wire.Project, flags envFlags) string {
	switch {
	case flags.build:
		return "Stored; the next push's build has them"
	case project.Live == nil:
		return "Stored; the first deployment takes them along"
	default:
		return "Stored; `paastech deploy` rolls them out"
	}
}
