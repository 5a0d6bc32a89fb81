package api

import (
	"fmt"
	"slices"

	"github.com/paastech-cloud/paastech/paas"
)

// failure is one way in which an operation can go wrong: a code with the kind, and so the HTTP
// status, that it comes with.
type failure struct {
	code paas.Code
	kind paas.Kind
}

// failures is what an operation declares of what can go wrong in it.
type failures []failure

// meaning is what the document says of a code.
type meaning struct {
	kind     paas.Kind
	sentence string
}

// meanings is every code that the API answers with.
func meanings() map[paas.Code]meaning {
	return map[paas.Code]meaning{
		paas.EInvalid:          {paas.Invalid, "The field limit cannot be a string."},
		paas.ENotLoggedIn:      {paas.Unauthenticated, "You are not logged in, or your session has ended: log in again."},
		paas.EForbidden:        {paas.Forbidden, "Only administrators may do this."},
		paas.EScope:            {paas.Forbidden, "This needs an API token of scope deploy; this one's is read."},
		paas.ENotFound:         {paas.NotFound, "What was asked for is not there, or is not yours."},
		paas.ETooLarge:         {paas.TooLarge, "A request's body has at most 1 MiB."},
		paas.EInternal:         {paas.Internal, "Something went wrong on our side. The log of the server says what, under 0b6f1a34-54c6-4d6e-8b51-0e2f4d9c7a11."},
		paas.EUnavailable:      {paas.Unavailable, "The database does not answer; try again in a moment."},
		paas.EShuttingDown:     {paas.Unavailable, "The platform is shutting down; try again in a moment."},
		paas.EBadLogin:         {paas.Unauthenticated, "The e-mail address or the password is wrong."},
		paas.ETooMany:          {paas.TooMany, "Too many attempts. Try again in 5 minutes."},
		paas.ETaken:            {paas.Conflict, "The username is taken; choose another."},
		paas.ENotKept:          {paas.Conflict, "The image of v1 is no longer kept: the last 5 versions are. Push that commit again instead."},
		paas.EConflict:         {paas.Conflict, "Something else happened at the same time. Look again."},
		paas.ECanceled:         {paas.Canceled, "The deployment was canceled; what ran before goes on running."},
		paas.ELastAdmin:        {paas.Conflict, "This is the last administrator's account. Make somebody else an administrator first."},
		paas.EBadLink:          {paas.Invalid, "This link is wrong, used or too old. Ask for a new one."},
		paas.EChallenge:        {paas.Invalid, "The answer to the challenge is missing, wrong, used or too old: ask for a new one (GET /auth/challenge)."},
		paas.EKeyRejected:      {paas.Invalid, "RSA keys have 3072 to 8192 bits here. Make a new key: ssh-keygen -t ed25519."},
		paas.EClosed:           {paas.Forbidden, "Registration is closed here: ask the administrator for an account."},
		paas.EInvite:           {paas.Forbidden, "Registration is by invitation here, and this invitation is missing, used or expired."},
		paas.EQuotaProjects:    {paas.Forbidden, "You may have 10 projects and have 10."},
		paas.EQuotaMemory:      {paas.Forbidden, "ada may use 1024 MiB of memory and uses 1024; this needs 512 more."},
		paas.EQuotaDomains:     {paas.Forbidden, "The project has 50 domains, which is as many as one may have: remove one first."},
		paas.EQuotaContainers:  {paas.Forbidden, "ada may have 4 running containers and has 4."},
		paas.ENeverBuilt:       {paas.NotFound, "This project was never built. Push its source first: git push paastech main."},
		paas.ENoPort:           {paas.Rejected, "the app never listened on $PORT (8080); it listened on 127.0.0.1:3000. Listen on 0.0.0.0:$PORT."},
		paas.ENoAnswer:         {paas.Rejected, "the app accepted connections on port 8080 but gave no complete HTTP answer within 60s."},
		paas.EUnhealthy:        {paas.Rejected, "the app answered 503 on port 8080 for 60s."},
		paas.ECrashed:          {paas.Rejected, "the app ended with exit code 1 before it answered. Its last lines above say why."},
		paas.EExited:           {paas.Rejected, "the app ended by itself (exit code 0) before it answered."},
		paas.EOutOfMemory:      {paas.Rejected, "the app used more memory than its limit while it started and was killed."},
		paas.ECommandNotFound:  {paas.Rejected, "the start command was not found. Check the Procfile or the start script."},
		paas.EHealthPath:       {paas.Rejected, "the app answered 404 at its health check /up on port 8080 for 1m0s. Add that path to the app, or correct health.path in paastech/app.yaml."},
		paas.EHealthSlow:       {paas.Rejected, "the app took connections on port 8080 but did not answer its health check /up in time."},
		paas.ENotExecutable:    {paas.Rejected, "the start command cannot be executed. Make the file executable: git update-index --chmod=+x FILE."},
		paas.EMissingModule:    {paas.Rejected, "the app needs express, which is not installed. Add it to the project's dependencies and push again."},
		paas.EWrongArch:        {paas.Rejected, "the app is a program for another kind of processor than this host's."},
		paas.EImageUnavailable: {paas.Rejected, "the image cannot be had from the registry. Push again to build it anew."},
		paas.EDiskFull:         {paas.Rejected, "the app found no space left where it writes."},
		paas.EVolumeSmaller:    {paas.Rejected, "the volume data has 2GiB and is to have 1GiB: a volume only grows, because what is in it might not fit."},
		paas.EReleaseFailed:    {paas.Rejected, "the release command ended with exit code 1, so this version takes no traffic. Its output above says why."},
	}
}

// fails declares codes, each with the kind it usually has.
func fails(codes ...paas.Code) failures {
	known := meanings()
	list := make(failures, len(codes))
	for i, code := range codes {
		list[i] = failure{code, paas.Internal}
		if meaning, there := known[code]; there {
			list[i].kind = meaning.kind
		}
	}
	return list
}

// nothingElse declares that only that can go wrong which can with every operation of its level.
func nothingElse() failures { return failures{} }

func (f failures) and(others failures) failures { return slices.Concat(f, others) }

// password is asked for again, within bounds; a wrong one does not end the log-in.
func passwordAgain() failures {
	return append(fails(paas.ETooMany), failure{paas.EBadLogin, paas.Forbidden})
}

// starting is what can go wrong when a version is started.
func starting() failures {
	return fails(paas.ENeverBuilt, paas.ECanceled, paas.EQuotaMemory, paas.EQuotaContainers,
		paas.ENoPort, paas.ENoAnswer, paas.EUnhealthy, paas.ECrashed, paas.EExited, paas.EOutOfMemory, paas.ECommandNotFound, paas.EHealthPath, paas.EHealthSlow, paas.ENotExecutable, paas.EMissingModule, paas.EWrongArch,
		paas.EImageUnavailable, paas.EDiskFull, paas.EVolumeSmaller, paas.EReleaseFailed)
}

// check refuses codes that nothing is said of.
func (f failures) check() error {
	known := meanings()
	for _, one := range f {
		if _, there := known[one.code]; !there {
			return fmt.Errorf("nothing says what %s means", one.code)
		}
	}
	return nil
}
