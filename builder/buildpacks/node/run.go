package node

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/paastech-cloud/paastech/builder/buildpacks/cnb"
)

// runScripts runs the build scripts of package.json in the application.
func (j *job) runScripts(ctx context.Context) error {
	for _, script := range j.scripts {
		if j.manifest.Scripts[script] == "" {
			return cnb.Failf(cnb.CodeBuildScript, "BP_NODE_RUN_SCRIPTS names the script %q, which package.json does not have. Correct the name or add the script.", script)
		}
	}
	for _, script := range j.scripts {
		j.Logf("%s run %s", j.manager.program, script)
		env, err := j.commandEnvironment(ctx)
		if err != nil {
			return err
		}
		env.Default("NODE_ENV", "production")
		if _, err := j.Run(ctx, cnb.Command{Env: env, Args: []string{j.manager.program, "run", script}}); err != nil {
			return cnb.Failf(cnb.CodeBuildScript, "the script %q of package.json failed (%v); the lines above say why.", script, err)
		}
	}
	return nil
}

// install runs the package manager in dir.
func (j *job) install(ctx context.Context, dir string, args []string) error {
	env, err := j.commandEnvironment(ctx)
	if err != nil {
		return err
	}
	env["CI"] = "true"      // ask nothing
	delete(env, "NODE_ENV") // which dependencies are wanted is said by arguments
	j.Logf("%s %s", j.manager.program, strings.Join(args, " "))
	output, err := j.Run(ctx, cnb.Command{Dir: dir, Env: env, Args: append([]string{j.manager.program}, args...)})
	if err == nil {
		return nil
	}
	return j.diagnose(output, err)
}

func (j *job) diagnose(output string, err error) error {
	switch {
	case j.manager.lock != "" && strings.Contains(output, j.manager.disagree):
		return cnb.Failf(cnb.CodeLockfileMismatch, "package.json and %s do not agree. Run `%s install` and commit %s.", j.manager.lock, j.manager.program, j.manager.lock)
	case containsAny(output, "ENOTFOUND", "ECONNREFUSED", "ETIMEDOUT", "EAI_AGAIN", "ECONNRESET", "SELF_SIGNED_CERT", "UNABLE_TO_GET_ISSUER"):
		return cnb.Failf(cnb.CodeRegistry, "the npm registry could not be reached; the lines above say how. Push again, or check NPM_CONFIG_REGISTRY and .npmrc.")
	case containsAny(output, "E404", "ETARGET", "404 Not Found", "ERR_PNPM_NO_MATCHING_VERSION"):
		return cnb.Failf(cnb.CodeInstallFailed, "a package or version that package.json asks for does not exist in the registry; the lines above name it. Correct it.")
	}
	return cnb.Failf(cnb.CodeInstallFailed, "%s could not install the dependencies (%v); the lines above say why.", j.manager.program, err)
}

func containsAny(text string, parts ...string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// commandEnvironment makes Node and the package manager ready and puts both on the PATH.
func (j *job) commandEnvironment(ctx context.Context) (cnb.Environment, error) {
	if err := j.engine.prepare(ctx); err != nil {
		return nil, err
	}
	if j.programs == "" {
		dir := filepath.Join(j.TempDir, "manager")
		if err := j.unpackManager(ctx, dir); err != nil {
			return nil, err
		}
		j.programs = filepath.Join(dir, "bin")
	}
	env := j.engine.env.WithPath(j.programs).With(
		"npm_config_update_notifier", "false",
		"npm_config_logs_max", "0",
		"YARN_NODE_LINKER", "node-modules",
		"YARN_ENABLE_TELEMETRY", "0",
	)
	if !j.manager.inPlace {
		env["YARN_IGNORE_PATH"] = "1" // a release kept in the repository is not beside the copies
	}
	if j.cache != "" {
		env = env.With("npm_config_cache", j.cache, "npm_config_store_dir", j.cache, "YARN_CACHE_FOLDER", j.cache, "YARN_GLOBAL_FOLDER", j.cache)
	}
	return env, nil
}

// openDownloads opens the package manager's cache, and keeps the package manager itself with it
// for the day on which the dependencies change.
func (j *job) openDownloads() error {
	layer, err := j.Layer("downloads", cnb.Use{Cache: true})
	if err != nil {
		return err
	}
	key := "downloads " + j.manager.pkg
	if !layer.Holds(key) {
		if err := layer.Empty(); err != nil {
			return err
		}
	}
	j.cache = layer.Path
	if version, ok := j.manager.versions.Exact(); ok {
		j.tools.keep(j.manager.pkg, version)
	}
	return layer.Save(key)
}
