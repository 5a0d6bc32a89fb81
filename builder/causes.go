package builder

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/paastech-cloud/paastech/paas"
)

// cause is a way to fail that the lines of a build show, whatever buildpack or tool wrote them.
type cause struct {
	code    paas.Code
	phrases []string       // one of them is in the line
	name    *regexp.Regexp // finds in it what the sentence speaks of; nil when it speaks of nothing
	says    string         // one sentence and one remedy; %s is the name
	unnamed string         // instead of says when no name was found
}

// causes in their order of weight: a full disk makes many other things fail, and what cannot be asked
// for is not found.
func causes() []cause {
	return slices.Concat(hostCauses(), packageCauses(), sourceCauses())
}

// hostCauses are what the host lacks.
func hostCauses() []cause {
	return []cause{
		{
			code: paas.EBuildDiskFull, phrases: []string{"no space left on device", "No space left on device", "ENOSPC", "Disk quota exceeded"},
			says: "the build found no space left on the platform's disk. Make it write less, or have an administrator free some; `paastech doctor` says what takes it.",
		},
		{
			code: paas.EBuildMemory, phrases: []string{"JavaScript heap out of memory", "signal: killed", "signal SIGKILL", "Cannot allocate memory", "MemoryError", "fatal error: runtime: out of memory", "ENOMEM"},
			says: "the build ran out of memory. Make it use less, for example by building with fewer workers, or have an administrator raise builder.memory.",
		},
	}
}

// packageCauses are about dependencies and where they come from.
func packageCauses() []cause {
	return []cause{
		{
			code: ERegistryDenied, phrases: []string{"npm error code E401", "npm error code E403", "npm ERR! code E401", "npm ERR! code E403", "npm error code ENEEDAUTH", "401 Client Error", "403 Client Error", "HTTP error 401", "HTTP error 403", "401 Unauthorized", "403 Forbidden", "ERR_PNPM_FETCH_401", "ERR_PNPM_FETCH_403", "could not read Username for", "terminal prompts disabled"},
			name: regexp.MustCompile(`https?://(?:[^\s/@]*@)?([A-Za-z0-9.:-]{1,100})`),
			says: "the package registry %s refused the build: it wants a log-in, or does not accept the one it got. Set the token as a build variable that .npmrc, PIP_INDEX_URL or GOPROXY uses.", unnamed: "a package registry refused the build: it wants a log-in, or does not accept the one it got. Set the token as a build variable that .npmrc, PIP_INDEX_URL or GOPROXY uses.",
		},
		{
			code: ELockfile, phrases: []string{"can only install packages when your package.json and package-lock.json", "ERR_PNPM_OUTDATED_LOCKFILE", "Your lockfile needs to be updated", "The lockfile would have been modified by this install"},
			says: "package.json and the lock file do not agree. Install once on your machine (npm install, yarn or pnpm install) and commit the lock file.",
		},
		{
			code: ELockfile, phrases: []string{"missing go.sum entry", "updates to go.mod needed", "inconsistent vendoring", "no required module provides package"},
			says: "go.mod and go.sum do not agree with the source. Run `go mod tidy` (and `go mod vendor` where there is a vendor directory) and commit what changes.",
		},
		{
			code: ERuntimeVersion, phrases: []string{"toolchain not available", "invalid go version", "invalid toolchain", "GOTOOLCHAIN=local"},
			says: "the Go version that go.mod asks for cannot be had. Name a released version in its go line, such as `go 1.24.0`.",
		},
		{
			code: ERuntimeVersion, phrases: []string{"Requires-Python", "requires a different Python", "code EBADENGINE", "ERR_PNPM_UNSUPPORTED_ENGINE", "The engine \"node\" is incompatible"},
			says: "a dependency does not run on the language version of this build; the lines above name both. Ask for another version (engines.node in package.json, requires-python), or for another release of the dependency.",
		},
		{
			code: EVersionConflict, phrases: []string{"code ERESOLVE", "ResolutionImpossible", "conflicting dependencies", "ERR_PNPM_PEER_DEP_ISSUES"},
			says: "two dependencies want versions that exclude each other; the lines above name them. Choose versions that go together, install once on your machine and commit the result.",
		},
		{
			code: ERegistry, phrases: []string{"ENOTFOUND", "ECONNREFUSED", "ETIMEDOUT", "EAI_AGAIN", "ECONNRESET", "ENETUNREACH", "NewConnectionError", "Max retries exceeded", "ReadTimeoutError", "Temporary failure in name resolution", "dial tcp", "network is unreachable", "Could not resolve host"},
			says: "a package registry could not be reached; the lines above say which and how. Push again, and check the address of the registry if it is one of your own.",
		},
		{
			code: EPackageNotFound, phrases: []string{"npm error 404  ", "npm ERR! 404  ", "No matching version found for", "ERR_PNPM_FETCH_404", "ERR_PNPM_NO_MATCHING_VERSION", "Couldn't find package", "Couldn't find any versions for", "No matching distribution found for"},
			name: regexp.MustCompile(`(?:404\s+'?|found for '?|find package '?"?|versions for '?"?|registry\.npmjs\.org/)([@A-Za-z0-9][^\s"',(]{0,100}[A-Za-z0-9*])`),
			says: "the package or version %s does not exist in the registry. Correct its name or version.", unnamed: "a package or version that is asked for does not exist in the registry; the lines above name it. Correct its name or version.",
		},
		{
			code: EPackageNotFound, phrases: []string{": unknown revision ", "repository not found", "410 Gone", "malformed module path", "unrecognized import path"},
			name: regexp.MustCompile(`([A-Za-z0-9.-]+\.[a-z]+/[A-Za-z0-9./_@-]{1,100}[A-Za-z0-9])`),
			says: "the module %s, or its version, does not exist or is private. Correct the require line in go.mod; for private modules set GOPROXY or GOPRIVATE.", unnamed: "a module that go.mod requires, or its version, does not exist or is private. Correct the require line in go.mod; for private modules set GOPROXY or GOPRIVATE.",
		},
	}
}

// sourceCauses are mistakes in what was pushed.
func sourceCauses() []cause {
	return []cause{
		{
			code: EScriptMissing, phrases: []string{"Missing script:", "missing script:", "ERR_PNPM_NO_SCRIPT", "Couldn't find a script named"},
			name: regexp.MustCompile(`(?i)script(?: named)?:? ?["']?([A-Za-z0-9:._-]{1,60})`),
			says: "the script %s is called, but package.json does not have it. Add it to the scripts, or correct its name.", unnamed: "a script is called that package.json does not have. Add it to the scripts, or correct its name.",
		},
		{
			code: EGoBuild, phrases: []string{".go:"},
			name: regexp.MustCompile(`^(?:\./)?([A-Za-z0-9_./-]+\.go:\d+:\d+: .{1,160})`),
			says: "the Go compiler did not accept the program: %s. Correct it; `go build ./...` shows the same.",
		},
		{
			code: EToolMissing, phrases: []string{": not found", ": command not found"},
			name: regexp.MustCompile(`sh: (?:\d+: |line \d+: )?([A-Za-z0-9@._/-]{1,60}): (?:command )?not found`),
			says: "the build calls the program %s, which is not there. Add the package that brings it to the dependencies (devDependencies are installed for the build too).",
		},
	}
}

// suspicion is the weightiest cause that the lines of a build have shown so far.
type suspicion struct {
	causes []cause // not yet seen, weightier than the one that was
	found  *cause
	name   string
}

func newSuspicion() suspicion { return suspicion{causes: causes()} }

// look notes the cause that a line shows.
func (s *suspicion) look(line string) {
	for i, each := range s.causes {
		if !slices.ContainsFunc(each.phrases, func(phrase string) bool { return strings.Contains(line, phrase) }) {
			continue
		}
		name := nameIn(line, each.name)
		if name == "" && each.name != nil && each.unnamed == "" {
			continue
		}
		if s.found, s.name = &each, name; name != "" || each.name == nil {
			s.causes = s.causes[:i]
		} else {
			s.causes = s.causes[:i+1] // a later line may have the name
		}
		return
	}
}

func nameIn(line string, name *regexp.Regexp) string {
	if name == nil {
		return ""
	}
	if found := name.FindStringSubmatch(line); found != nil {
		return strings.TrimRight(found[1], ".")
	}
	return ""
}

// explains tells whether the cause says more than the code that a buildpack gave.
func (s suspicion) explains(code string) bool {
	general := []paas.Code{"", EInstallFailed, EBuildScript, EGoBuild, EBuildpack, ERegistry}
	return s.found != nil && slices.Contains(general, paas.Code(code))
}

func (s suspicion) sentence() string {
	if s.found.name == nil {
		return s.found.says
	}
	if s.name == "" {
		return s.found.unnamed
	}
	return fmt.Sprintf(s.found.says, s.name)
}
