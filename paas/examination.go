package paas

import "slices"

// The parts of the platform that are examined, in the order in which they are told: what others stand
// on comes first.
const (
	PartDatabase     = "database"
	PartEngine       = "engine"
	PartHost         = "host"
	PartFilter       = "filter" // the packet filter that keeps applications apart
	PartNetworks     = "networks"
	PartBuilder      = "builder"
	PartContainers   = "containers"
	PartDeployments  = "deployments"
	PartImages       = "images"
	PartVolumes      = "volumes"
	PartRepositories = "repositories"
	PartLogs         = "logs"
	PartDisk         = "disk"
	PartMails        = "mails"
	PartCertificates = "certificates"
	PartBackups      = "backups"
	PartNeighbours   = "neighbours" // containers that a person runs beside, routed to by their labels
)

// Codes of what an examination finds.
const (
	EUnexamined        Code = "E_UNEXAMINED" // nobody could look
	EDatabaseDamaged   Code = "E_DATABASE_DAMAGED"
	EEngineDown        Code = "E_ENGINE_DOWN"
	EHostLacks         Code = "E_HOST_LACKS" // something that the kernel or the system should have
	EHostClock         Code = "E_HOST_CLOCK"
	EFilterOpen        Code = "E_FILTER_OPEN"
	ENetworkMissing    Code = "E_NETWORK_MISSING"
	EBuilderMissing    Code = "E_BUILDER_MISSING"
	EOrphan            Code = "E_ORPHAN"
	ENotAsDecided      Code = "E_NOT_AS_DECIDED"
	EStuck             Code = "E_STUCK"
	EImageMissing      Code = "E_IMAGE_MISSING"
	EVolumeMissing     Code = "E_VOLUME_MISSING"
	EVolumeUnmounted   Code = "E_VOLUME_UNMOUNTED"
	EVolumeSize        Code = "E_VOLUME_SIZE"
	ERepositoryMissing Code = "E_REPOSITORY_MISSING"
	ELogsOverQuota     Code = "E_LOGS_OVER_QUOTA"
	EDiskLow           Code = "E_DISK_LOW"
	EDiskQuota         Code = "E_DISK_QUOTA"
	EMailStuck         Code = "E_MAIL_STUCK"
	ECertificate       Code = "E_CERTIFICATE" // there is none, or it ends soon
	EBackup            Code = "E_BACKUP"      // the last one is missing, or older than it should be
	ELabels            Code = "E_LABELS"      // of a container beside ours: they have no effect
)

// Finding is something that is not as it should be, in a sentence, with the command that mends it or
// shows more.
type Finding struct {
	Part    string `json:"part"`
	Code    Code   `json:"code"`
	Message string `json:"message"`
	Remedy  string `json:"remedy"` // can be pasted into a shell
}

// Check is a look at one part of the platform.
type Check struct {
	Part     string    `json:"part"`
	Summary  string    `json:"summary"` // what was looked at, in a sentence
	Findings []Finding `json:"findings"`
}

// Examination is a look at all parts.
type Examination struct {
	Repaired []string `json:"repaired"` // what was done before the look, a sentence each
	Checks   []Check  `json:"checks"`
}

// Findings are those of all checks.
func (e Examination) Findings() []Finding {
	var all []Finding
	for _, check := range e.Checks {
		all = append(all, check.Findings...)
	}
	return all
}

// NewCheck begins a look that has found nothing yet.
func NewCheck(part string) Check { return Check{Part: part, Findings: []Finding{}} }

// Find adds a finding.
func (c *Check) Find(code Code, remedy, message string) {
	c.Findings = append(c.Findings, Finding{c.Part, code, message, remedy})
}

// unexamined is the check of a part that nobody could look at.
func unexamined(part string, err error) Check {
	check := NewCheck(part)
	check.Summary = "could not be looked at"
	check.Find(EUnexamined, "paastech doctor", "This could not be looked at: "+Public(err).Message)
	return check
}

// repairCommand is the remedy of what a repair does by itself.
const repairCommand = "paastech doctor --repair"

// inProject is a client's command about a project; its id works for administrators, too.
func inProject(id ProjectID, command string) string {
	return "paastech " + command + " -P " + string(id)
}

// sorted are a map's projects, so that two looks tell the same in the same order.
func sortedProjects[T any](of map[ProjectID]T) []ProjectID {
	ids := make([]ProjectID, 0, len(of))
	for id := range of {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}
