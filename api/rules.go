package api

import (
	"maps"
	"reflect"

	"github.com/paastech-cloud/paastech/api/openapi"
	"github.com/paastech-cloud/paastech/api/wire"
	"github.com/paastech-cloud/paastech/paas"
)

const (
	exampleID       = "0b6f1a34-54c6-4d6e-8b51-0e2f4d9c7a11"
	exampleKey      = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMS2xLtxxxkq6qhkGQ0v9VX0mhM0hV3a2jQvZ7o2bFYl"
	exampleRevision = "5f0c7be2a91d4c3e8f6a2b7d9e1c0a44"
	examplePrint    = "SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8"
)

// text is a string of any kind.
func text(example string) openapi.Schema {
	return openapi.Schema{Type: openapi.String, Example: example}
}

// said is a string that means something.
func said(example, description string) openapi.Schema {
	return openapi.Schema{Type: openapi.String, Example: example, Description: description}
}

// bounded is a string of a length.
func bounded(least, most int, example string) openapi.Schema {
	return openapi.Schema{Type: openapi.String, MinLength: least, MaxLength: most, Example: example}
}

// uuid is an id.
func uuid() openapi.Schema {
	return openapi.Schema{Type: openapi.String, Format: "uuid", Example: exampleID}
}

// whole is a number from 0 up.
func whole(example int, description string) openapi.Schema {
	zero := 0
	return openapi.Schema{Type: openapi.Integer, Minimum: &zero, Example: example, Description: description}
}

// oneOf is one of some words, the first for the example.
func oneOf[T ~string](values ...T) openapi.Schema {
	schema := openapi.Schema{Type: openapi.String, Example: string(values[0])}
	for _, value := range values {
		schema.Enum = append(schema.Enum, string(value))
	}
	return schema
}

func statuses() openapi.Schema {
	return oneOf(paas.StatusRunning, paas.StatusNew, paas.StatusStarting, paas.StatusUnhealthy, paas.StatusCrashing, paas.StatusSleeping, paas.StatusStopping, paas.StatusStopped, paas.StatusFailed)
}

// vocabulary is what the words of the API mean (API.md, "Rules for input").
func vocabulary() openapi.Vocabulary {
	return openapi.Vocabulary{Fields: fieldWords(), Types: typeWords()}
}

func typeWords() map[reflect.Type]openapi.Schema {
	kind := statuses()
	return map[reflect.Type]openapi.Schema{
		reflect.TypeFor[paas.UserID]():    uuid(),
		reflect.TypeFor[paas.ProjectID](): uuid(),
		reflect.TypeFor[paas.KeyID]():     uuid(),
		reflect.TypeFor[paas.TokenID]():   uuid(),
		reflect.TypeFor[paas.InviteID]():  uuid(),
		reflect.TypeFor[paas.SessionID](): uuid(),
		reflect.TypeFor[paas.MailID]():    uuid(),
		reflect.TypeFor[paas.CommitID]():  said("5f0c9d2e7b1a4c3d8e6f7a8b9c0d1e2f3a4b5c6d", "A git object's name; empty when there is none."),
		reflect.TypeFor[paas.Status]():    kind,
		reflect.TypeFor[paas.State]():     oneOf(paas.Live, paas.Queued, paas.Building, paas.Starting, paas.Superseded, paas.Failed, paas.Aborted),
		reflect.TypeFor[paas.Reason]():    oneOf(paas.ReasonPush, paas.ReasonDeploy, paas.ReasonEnv, paas.ReasonStart, paas.ReasonRestart, paas.ReasonScale, paas.ReasonSettings, paas.ReasonRollback),
		reflect.TypeFor[paas.Formation](): formation(),
		reflect.TypeFor[paas.Bytes]():     said("512MiB", "An amount of bytes, with a unit."),
		reflect.TypeFor[paas.Duration]():  said("30s", "A span of time, like 500ms, 30s or 5m."),
		reflect.TypeFor[map[string]paas.ProcessSpec](): {
			Type: openapi.Object, MaxProperties: paas.MaxProcessTypes, AdditionalProperties: &openapi.Schema{Type: openapi.Object}, Example: map[string]any{"web": map[string]any{"command": "node server.js", "count": 2}},
			Description: "By type: command, count and limits, as in paastech/app.yaml.",
		},
		reflect.TypeFor[paas.OperationKind](): oneOf(paas.OpLaunch, paas.OpRelease, paas.OpStart, paas.OpAwait, paas.OpRoute, paas.OpRetire, paas.OpFreeze, paas.OpThaw, paas.OpStop, paas.OpRemove, paas.OpForget),
		reflect.TypeFor[paas.ContainerID]():   text("3f1c9a7e5b2d"),
		reflect.TypeFor[paas.Stream]():        oneOf(paas.Stdout, paas.Stderr, paas.System),
		reflect.TypeFor[paas.Scope]():         oneOf(paas.ScopeDeploy, paas.ScopeRead, paas.ScopeAdmin),
		reflect.TypeFor[paas.Registration]():  oneOf(paas.RegistrationInvite, paas.RegistrationOpen, paas.RegistrationClosed),
		reflect.TypeFor[paas.EventKind]():     oneOf(paas.EventKinds()...),
		reflect.TypeFor[paas.Code]():          {Type: openapi.String, Pattern: "^E_[A-Z0-9_]+$", Example: string(paas.ENoPort)},
		reflect.TypeFor[paas.Env]():           variables(&openapi.Schema{Type: openapi.String, MaxLength: paas.MaxEnvValue}),
		reflect.TypeFor[map[paas.Status]int](): {
			Type: openapi.Object, PropertyNames: &openapi.Schema{Enum: kind.Enum}, AdditionalProperties: &openapi.Schema{Type: openapi.Integer}, Example: map[string]any{string(paas.StatusRunning): 3},
		},
	}
}

// formation is how many containers of each process run.
func formation() openapi.Schema {
	none, most := 0, paas.MaxProcessCount
	return openapi.Schema{
		Type: openapi.Object, AdditionalProperties: &openapi.Schema{Type: openapi.Integer, Minimum: &none, Maximum: &most}, Example: map[string]any{"web": 2, "worker": 1},
		Description: "Containers of each type of process.",
	}
}

// variables is a set of environment variables.
func variables(value *openapi.Schema) openapi.Schema {
	return openapi.Schema{
		Type: openapi.Object, Example: map[string]any{"GREETING": "hello"}, MaxProperties: paas.MaxEnvVars, AdditionalProperties: value,
		Description:   "Names that begin with PAASTECH_ are the platform's own. PORT, when it is set, is a number from 1 to 65535.",
		PropertyNames: &openapi.Schema{Pattern: paas.EnvKeyPattern, MaxLength: paas.MaxEnvKey, Not: &openapi.Schema{Pattern: "^PAASTECH_"}},
	}
}

// headers are set, and with an empty value removed.
func headers() openapi.Schema {
	return openapi.Schema{Type: openapi.Object, AdditionalProperties: &openapi.Schema{Type: openapi.String}, Example: map[string]any{"X-Frame-Options": "DENY"}, Description: "An empty value removes a header."}
}

// lifeWords are those of an application's life.
func lifeWords() map[string]openapi.Schema {
	number := func(example float64, description string) openapi.Schema {
		return openapi.Schema{Type: openapi.Number, Example: example, Description: description}
	}
	return map[string]openapi.Schema{
		"Health.path": said("/up", "Answers 200 to 399 when the application is well."), "failures": whole(3, "Bad answers in a row before it is started anew."),
		"App.release": said("node migrate.js", "Runs once in the new image before it takes traffic."), "Limits.cpu": number(0.5, "Cores."), "Limits.pids": whole(100, "Processes and threads."),
		"CronLine.schedule": said("0 3 * * *", "Minute, hour, day, month and weekday, UTC."), "CronLine.command": text("node clean.js"),
		"HTTP.protocol": oneOf(paas.HTTP1, paas.H2C), "PatternRedirect.from": said("^https://shop.example.com/old/(.*)", "A regular expression (RE2) for the whole address."), "PatternRedirect.to": said("https://shop.example.com/$1", "With $1 or ${1} for what the pattern's first group matched."),
		"HeaderChanges.request": headers(), "HeaderChanges.response": headers(), "HTTP.users": text("ada:$2y$10$…"), "allow": text("203.0.113.0/24"), "average": whole(100, "Requests in each period; 0 is no bound."), "burst": whole(200, "Requests at once; 0 means the average."),
		"admission": oneOf(wire.AdmissionOpen, string(paas.AdmissionMaintenance), string(paas.AdmissionPaused)), "Maintenance.notice": {Type: openapi.String, MaxLength: paas.MaxNotice, Example: "Back at nine.", Description: "What visitors are told; empty: that it will be back soon."}, "Project.notice": text("Back at nine."),
		"Volume.name": text("data"), "Volume.path": text("/data"), "writable": text("/var/cache"),
		"Operation.deployment": whole(3, ""), "Operation.process": text("web"), "Operation.index": whole(1, ""), "says": said("launch web.1 of v3", "The step in words."),
		"seconds": whole(10, "The span that ends at that time."), "Sample.cpu": number(12.5, "Percent of one core."), "Sample.memory": whole(50<<20, "Bytes, the most."), "memoryLimit": whole(512<<20, "Bytes."),
		"received": whole(1<<20, "Bytes."), "sent": whole(4<<20, "Bytes."), "restarts": whole(0, ""), "requests": whole(300, ""), "Sample.errors": whole(1, "Answers from 500 up, and those that broke off."),
		"p50": number(5, "Milliseconds."), "p95": number(25, "Milliseconds."), "p99": number(100, "Milliseconds."),
		"VolumeUse.name": text("data"), "VolumeUse.size": whole(1<<30, "Bytes."), "VolumeUse.used": whole(10<<20, "Bytes."),
		"CronRun.schedule": text("0 3 * * *"), "CronRun.command": text("node clean.js"), "exitCode": {Type: openapi.Integer, Example: 0, Description: "-1 when it did not run."}, "note": said("", "Why it did not run, or did not end well."),
		"Event.id": whole(4711, "Grows; not there when the event is not kept."), "Event.message": said("web.1 ended with exit code 1.", "A sentence."), "Event.by": said("ada", "Who did it."),
		"Event.version": whole(3, "The deployment that it is about."), "Event.process": text("web.1"), "Event.exitCode": {Type: openapi.Integer, Example: 1, Description: "128 and more: the number of a signal over that."},
		"restores": whole(1, "The deployment that this one rolls back to."),
		"subject":  said("Say hello", "The first line of the commit's message, as whoever made the commit wrote it."), "author": said("Ada Lovelace", "Of the commit, as it says itself."), "Crash.message": text("web.1 ended with exit code 1."),
	}
}

func fieldWords() map[string]openapi.Schema {
	words := accountWords()
	maps.Copy(words, lifeWords())
	return words
}

func accountWords() map[string]openapi.Schema {
	username := openapi.Schema{Type: openapi.String, MinLength: paas.MinUsername, MaxLength: paas.MaxUsername, Pattern: paas.UsernamePattern, Example: "ada"}
	project := openapi.Schema{Type: openapi.String, MinLength: 1, MaxLength: paas.MaxProjectName, Pattern: paas.ProjectNamePattern, Example: "space-way"}
	email := openapi.Schema{Type: openapi.String, Format: "email", MaxLength: paas.MaxEmail, Example: "ada@example.com"}
	password := bounded(paas.MinPassword, paas.MaxPassword, "correct horse battery")
	anyPassword := text("correct horse battery")
	set := variables(&openapi.Schema{Type: []string{openapi.String, openapi.Null}, MaxLength: paas.MaxEnvValue})
	set.Description += " null counts as the empty text."
	change := variables(&openapi.Schema{Type: []string{openapi.String, openapi.Null}, MaxLength: paas.MaxEnvValue})
	change.PropertyNames, change.MaxProperties, change.Description = nil, 0, change.Description+" null removes a variable."
	return map[string]openapi.Schema{
		"username": username, "email": email, "password": password, "currentPassword": anyPassword, "passwordVerification": password,
		"Login.email": text("ada@example.com"), "Login.password": anyPassword, "Password.password": anyPassword, "ProfileChange.password": anyPassword,
		"Address.email": said("ada@example.com", "An e-mail address."), "NewInvite.email": said("bob@example.com", "An e-mail address; empty makes a code to hand over."), "Invite.email": email, "pendingEmail": email,
		"AuditEntry.username": said("ada", "Empty when nobody who is known did it."), "ProfileChange.username": username, "ProfileChange.email": email,

		"NewProject.name": project, "ProjectChange.name": project, "Project.name": project, "ProjectName.name": project,
		"SettingsChange.branch": bounded(1, 200, "main"), "branch": said("main", "Empty until one was pushed."),
		"EnvChange.env": change, "NewEnv.env": set, "Deploy.env_vars": set, "container_names": {Type: openapi.Array, MaxItems: maxStatuses, Items: &openapi.Schema{Type: openapi.String}, Example: []any{exampleID}},
		"container_status": oneOf("STATUS_RUNNING", "STATUS_UNKNOWN", "STATUS_STARTING", "STATUS_STOPPING", "STATUS_STOPPED"),
		"gitUrl":           text("ssh://git@paas.example.com:2222/" + exampleID + ".git"), "Project.url": text("https://" + exampleID + ".user-app.example.com"),
		"logs": text("listening on 8080\n"),

		"NewKey.value": said(exampleKey+" ada@laptop", "One line of authorized_keys."), "Key.value": text(exampleKey), "HostKey.value": text(exampleKey),
		"NewKey.name": {Type: openapi.String, MaxLength: paas.MaxKeyName, Example: "laptop", Description: "Else the key's comment."}, "Key.name": text("laptop"),
		"fingerprint": text(examplePrint), "HostKey.type": text("ssh-ed25519"),
		"NewToken.name": bounded(1, paas.MaxTokenName, "CI"), "Token.name": text("CI"), "Token.token": said("pt_4qk3m2v7c6xq5n1r9s8t0w2y4z6", "Shown once."),

		"ActiveSession.address": text("203.0.113.7"), "agent": said("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "What the program calls itself."),
		"accessToken": text("eyJhbGciOiJIUzI1NiIs…"), "Invite.code": said("9d1c0f7a-2b6e-4a0d-8c35-7e1f2a9b4c60", "Shown once."), "invite": said("9d1c0f7a-2b6e-4a0d-8c35-7e1f2a9b4c60", "The code of an invitation."),
		"Register.challenge": said("t0x1.k3v9.Zm9v.4711", "The answer to GET /auth/challenge, when there is one."), "Info.challenge": {Type: openapi.Boolean, Example: false, Description: "Registering needs the answer to GET /auth/challenge."},
		"Challenge.text": text("t0x1.k3v9.Zm9v"), "bits": whole(20, "How many zero bits SHA-256 of text + . + x begins with; the answer is text + . + x."),

		"number": whole(3, ""), "Deployment.name": text("v3"), "port": whole(8080, "Where the application answers; 0 until that is known."),
		"Process.type": text("web"), "Process.command": text("node server.js"), "message": text(meanings()[paas.ENoPort].sentence),
		"cpu_usage": {Type: openapi.Number, Example: 1.5, Description: "Percent of one core."}, "memory_usage": whole(50<<20, "Bytes, without the page cache."), "memory_limit": whole(512<<20, "Bytes."),
		"pids": whole(12, "Processes and threads."), "network_received": whole(1<<20, "Bytes since the containers started."), "network_sent": whole(4<<20, "Bytes since the containers started."),
		"revision":           said(exampleRevision, "Another as soon as that is another, and after a restart of the platform."),
		"LogLine.deployment": whole(3, "0 when it is none's."), "LogLine.process": text("web.1"), "LogLine.text": text("listening on 8080"),

		"service": oneOf("OK", "KO"), "database": oneOf("OK", "KO"), "version": text("v1.0.0"), "Info.url": text("https://paas.example.com"),
		"git": text("ssh://git@paas.example.com:2222"), "applications": text("https://<project-id>.user-app.example.com"),

		"memoryPromised": whole(1<<30, "Bytes that the running containers may use together."), "queued": whole(0, "Of those on their way."), "building": whole(1, "Of those on their way."), "diskReserve": whole(1<<30, "Bytes that stay free."),
		"cores": whole(4, ""), "load": {Type: openapi.Number, Example: 0.7, Description: "Processes that ran or wanted to, on average over a minute."}, "Capacity.memory": whole(8<<30, "Bytes."), "memoryFree": whole(5<<30, "Bytes that programs can have."), "Capacity.disk": whole(100<<30, "Bytes."), "diskFree": whole(60<<30, "Bytes."),
		"repositories": whole(10<<20, "Bytes."), "DiskUse.images": whole(2<<30, "Bytes."), "DiskUse.logs": whole(64<<20, "Bytes."), "volumes": whole(1<<30, "Bytes."),
		"about": oneOf(paas.AboutProject, paas.AboutDisk, paas.AboutMail, paas.AboutCertificate, paas.AboutBackup), "Concern.message": text("shop of ada is crashing. web.1 ended with exit code 1."),
		"Certificate.name": said("*.user-app.example.com", "May be a wildcard."), "Sleep.unless": text("worker"),
		"NewDomain.name": said("shop.example.com", "Or *.example.com for all names one label below, or shop.example.com/api for a part of a name that another project of the owner has."), "redirect": said("shop.example.com", "Another domain of the project that visitors are sent to."), "Domain.name": text("shop.example.com"),
		"proven": {Type: openapi.Boolean, Example: true, Description: "It is the project's; else it is only claimed."}, "trouble": said("shop.example.com does not lead to this platform yet.", "What the last look at the DNS found missing."),
		"type": text("CNAME"), "Record.name": text("_paastech.shop.example.com"), "Record.value": text("paastech=5f0c7be2a91d4c3e8f6a2b7d9e1c0a44"), "for": text("proves that the name is yours"), "issuer": said("R11", "Common name of who signed it; empty when there is none."), "managed": {Type: openapi.Boolean, Example: true, Description: "It is renewed by itself."},
		"Certificate.error": said("no such zone", "Of the last attempt, when that failed."), "root": said("-----BEGIN CERTIFICATE-----\n…", "PEM."),
		"Setting.name": text("server.listen"), "Setting.value": said("127.0.0.1:3000", "Empty when it is a secret."),
		"users": whole(12, ""), "admins": whole(1, ""), "unverified": whole(0, ""), "Overview.projects": whole(20, ""), "deployments": whole(1, "On their way."),
		"mailsQueued": whole(0, ""), "mailsFailed": whole(0, ""), "UserLimits.projects": whole(10, "0 is no bound."), "memory": whole(1<<30, "Bytes of all containers that run or sleep; 0 is no bound."),
		"UserLimits.containers": whole(4, "That run; 0 is no bound."), "containers": whole(4, "That run."), "builds": whole(2, "At a time; 0 is no bound."), "UserLimits.disk": whole(5<<30, "Bytes; 0 is no bound."),
		"disk": whole(300<<20, "Bytes."), "keys": whole(1, ""), "tokens": whole(2, ""), "by": text("eve"),
		"AuditEntry.id": whole(4711, "Grows."), "with": said("session 1f3a9c04", "A session, a token, a key, or the host."), "from": text("203.0.113.7"),
		"action": text("deleteProject"), "target": text(exampleID), "AuditEntry.result": said("OK", "Or the code of the failure."), "part": oneOf(paas.PartContainers, paas.PartDatabase, paas.PartEngine, paas.PartHost, paas.PartFilter, paas.PartNetworks, paas.PartBuilder, paas.PartDeployments, paas.PartImages, paas.PartVolumes, paas.PartRepositories, paas.PartLogs, paas.PartDisk, paas.PartMails, paas.PartCertificates, paas.PartBackups, paas.PartNeighbours),
		"Problem.status": {Const: "error", Type: openapi.String, Example: "error"}, "statusCode": whole(400, ""), "Document.id": said(exampleID, "Of one of our own failures, also in the log."), "field": text("name"),
		"Document.status": {Const: "error", Type: openapi.String, Example: "error"}, "Document.message": said("A sentence.", "For a person."), "Detail.message": said("A sentence.", "What is wrong with the field."),
		"Finding.message": text("a repository of project " + exampleID + ", which does not exist"), "remedy": said("paastech doctor --repair", "A command that mends it, or shows more."),
		"summary": said("3 containers of 2 running projects, as decided", "What was looked at."), "repaired": said("Closed the packet filter again.", "What was done before the look."),
	}
}
