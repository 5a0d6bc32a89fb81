package builder

import (
	"github.com/paastech-cloud/paastech/builder/buildpacks/cnb"
	"github.com/paastech-cloud/paastech/paas"
)

// Codes of builds that failed, beside those of the hub. The first ones are our buildpacks' own.
const (
	EBadManifest    = paas.Code(cnb.CodeBadManifest)      // package.json, go.mod or pyproject.toml cannot be read
	EBadProcfile    = paas.Code(cnb.CodeBadProcfile)      // a line of the Procfile is not `name: command`
	ERuntimeVersion = paas.Code(cnb.CodeRuntimeVersion)   // the language version asked for cannot be had
	ERegistry       = paas.Code(cnb.CodeRegistry)         // a package registry gave no or a wrong answer
	ELockfile       = paas.Code(cnb.CodeLockfileMismatch) // manifest and lock file disagree
	EInstallFailed  = paas.Code(cnb.CodeInstallFailed)    // dependencies could not be installed
	EBuildScript    = paas.Code(cnb.CodeBuildScript)      // a script of package.json failed
	EGoBuild        = paas.Code(cnb.CodeGoBuild)          // the Go compiler refused the program
	ENoStartCommand = paas.Code(cnb.CodeNoStartCommand)   // nothing says how to start the application
	EWebServer      = paas.Code(cnb.CodeWebServer)        // a web server is asked for that is not here
	EWebRootMissing = paas.Code(cnb.CodeWebRootMissing)   // the directory to serve is not there
	EBuildpack      = paas.Code(cnb.CodeInternal)         // the buildpack itself failed

	EPackageNotFound paas.Code = "E_PACKAGE_NOT_FOUND"  // a dependency, or its version, does not exist
	EVersionConflict paas.Code = "E_VERSION_CONFLICT"   // dependencies want versions that exclude each other
	ERegistryDenied  paas.Code = "E_REGISTRY_DENIED"    // a package registry wants a log-in, or refuses the one it got
	EScriptMissing   paas.Code = "E_SCRIPT_MISSING"     // a script is called that package.json does not have
	EToolMissing     paas.Code = "E_BUILD_TOOL_MISSING" // the build calls a program that is not there
)
