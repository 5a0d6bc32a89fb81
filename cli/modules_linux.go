package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/paastech-cloud/paastech/deployer"
	"github.com/paastech-cloud/paastech/gitserver"
	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/rpc"
)

// splitFlags say which of the platform's modules are in which process.
type splitFlags struct {
	only, engine, repositories string
}

func (f *splitFlags) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.only, "only", "", "run one module alone: deployer or repositories")
	cmd.Flags().StringVar(&f.engine, "engine", "", "where the deployer is, when it is another process: grpc://host:port")
	cmd.Flags().StringVar(&f.repositories, "repositories", "", "where the repositories are, when they are another process's: grpc://host:port")
	_ = cmd.RegisterFlagCompletionFunc("only", cobra.FixedCompletions([]string{string(rpc.Deployer), string(rpc.Repositories)}, cobra.ShellCompDirectiveNoFileComp))
}

// apply lets the flags beat what was configured.
func (f *splitFlags) apply(cmd *cobra.Command, c *RPCConfig) {
	if cmd.Flags().Changed("engine") {
		c.Engine = f.engine
	}
	if cmd.Flags().Changed("repositories") {
		c.Repositories = f.repositories
	}
}

// engine is a deployer, in this process or another.
type engine interface {
	rpc.Engine
	Watch(ctx context.Context) error
}

// openDeployer opens the deployer that is configured.
func (s *server) openDeployer(ctx context.Context) (engine, error) {
	if address := s.config.RPC.Engine; address != "" {
		remote, err := s.remote("engine", address)
		if err != nil {
			return nil, err
		}
		return rpc.OpenEngine(ctx, remote)
	}
	if err := s.data.claim(rpc.Deployer, "say where it is (--engine grpc://…), or stop it"); err != nil {
		return nil, err
	}
	return s.newDeployer(ctx)
}

// newDeployer is one in this process.
func (s *server) newDeployer(ctx context.Context) (*deployer.Engine, error) {
	options, err := engineOptions(s.config, s.data.instance)
	if err != nil {
		return nil, err
	}
	options.Logger = s.log.With("part", "engine")
	options.VolumesDir = s.data.file("volumes")
	return deployer.New(ctx, options)
}

// openRepositories opens those that are configured. The git server uses them where they are, whoever keeps them.
func (s *server) openRepositories(ctx context.Context) (err error) {
	dir := s.data.file("repositories")
	address := s.config.RPC.Repositories
	if address == "" {
		if err := s.data.claim(rpc.Repositories, "say where they are (--repositories grpc://…), or stop it"); err != nil {
			return err
		}
		s.repositories, err = gitserver.OpenRepositories(dir)
		s.keeper = s.repositories
		return err
	}
	if s.repositories, err = gitserver.OpenForPushes(dir); err != nil {
		return err
	}
	remote, err := s.remote("repositories", address)
	if err != nil {
		return err
	}
	kept, err := rpc.OpenRepositories(ctx, remote)
	if err != nil {
		return err
	}
	s.keeper = kept
	s.closers = append(s.closers, kept.Close)
	return nil
}

// remote is a module in another process.
func (s *server) remote(key, address string) (rpc.Remote, error) {
	if _, err := rpc.Address(address); err != nil {
		return rpc.Remote{}, fmt.Errorf("rpc.%s: %w", key, err)
	}
	credentials, err := rpc.OpenCredentials(s.credentialsDir(), rpc.Hub)
	return rpc.Remote{Address: address, Credentials: credentials, Instance: s.data.instance, Log: s.log.With("part", "rpc")}, err
}

func (s *server) credentialsDir() string {
	if dir := s.config.RPC.Credentials; dir != "" {
		return dir
	}
	return s.data.file("rpc")
}

// serveModule runs one module alone until ctx ends.
func serveModule(ctx context.Context, s *server, module rpc.Module) (err error) {
	listen, key := s.config.RPC.DeployerListen, "rpc.deployerListen"
	switch module {
	case rpc.Deployer:
	case rpc.Repositories:
		listen, key = s.config.RPC.RepositoriesListen, "rpc.repositoriesListen"
	default:
		return failf(eUsage, "--only %s: there is no such module. Say deployer or repositories; without --only everything runs in one process.", module)
	}
	s.systemd = supervisor{s.log}
	defer func() { err = errors.Join(err, s.close()) }()
	if s.data, err = openModuleDir(s.config.DataDir, module); err != nil {
		return err
	}
	s.closers = append(s.closers, s.data.Close)
	offer := rpc.Offer{Instance: s.data.instance, Log: s.log.With("part", "rpc")}
	if offer.Credentials, err = rpc.OpenCredentials(s.credentialsDir(), module); err != nil {
		return err
	}
	offer.Listener, err = new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return explainListen(err, map[string]string{listen: key})
	}
	parts, err := s.moduleParts(ctx, module, offer)
	if err != nil {
		return errors.Join(err, offer.Listener.Close())
	}
	s.log.InfoContext(ctx, "PaaSTech serves", "module", module, "at", "grpc://"+offer.Listener.Addr().String(), "data", s.data.path, "version", s.version)
	s.systemd.ready()
	defer s.systemd.ending()
	return serveAll(ctx, s.log, append(parts, part{"watchdog", func(ctx context.Context) error { return s.systemd.watch(ctx, nil) }}))
}

// moduleParts puts the module together.
func (s *server) moduleParts(ctx context.Context, module rpc.Module, offer rpc.Offer) ([]part, error) {
	if module == rpc.Repositories {
		kept, err := gitserver.OpenForKeeping(s.data.file("repositories"))
		if err != nil {
			return nil, err
		}
		return []part{{"repositories", rpc.OfferRepositories(kept, offer).Run}}, nil
	}
	engine, err := s.newDeployer(ctx)
	if err != nil {
		return nil, err
	}
	if err := removeLeft(ctx, engine); err != nil {
		return nil, err
	}
	recalling, err := recall(ctx, engine, s.data.file("deployer.registry"))
	if err != nil {
		return nil, err
	}
	return []part{{"engine", engine.Watch}, {"deployer", rpc.OfferEngine(recalling, s.config.Domain, offer).Run}}, nil
}

// recallingEngine keeps where images come from for the next process: a build that goes on must reach the registry
// although the daemon has not told that process anything yet. The pass is not kept.
type recallingEngine struct {
	rpc.Engine
	file string
}

// recall tells an engine what the process before was told.
func recall(ctx context.Context, engine rpc.Engine, file string) (rpc.Engine, error) {
	address, err := os.ReadFile(file)
	if err == nil {
		err = engine.UseRegistry(ctx, strings.TrimSpace(string(address)), paas.RegistryPass{})
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("take up the registry of %s: %w", file, err)
	}
	return recallingEngine{engine, file}, nil
}

func (e recallingEngine) UseRegistry(ctx context.Context, address string, pass paas.RegistryPass) error {
	if err := e.Engine.UseRegistry(ctx, address, pass); err != nil {
		return err
	}
	return writeDurably(e.file, []byte(address+"\n"))
}

// removeLeft removes what ran for somebody whose call ended with the process before.
func removeLeft(ctx context.Context, engine paas.Engine) error {
	all, err := engine.Containers(ctx)
	for _, container := range all {
		if container.OneOff {
			err = errors.Join(err, engine.Remove(ctx, container.ID))
		}
	}
	return err
}
