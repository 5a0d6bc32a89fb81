package paas

import (
	"cmp"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

// App is how an application wants to be run: what paastech/app.yaml in its source declares, with what
// its owner set for the project over it. The zero value wants nothing special.
type App struct {
	Processes map[string]ProcessSpec `json:"processes,omitempty"` // by type: web, worker, …
	Health    Health                 `json:"health,omitzero"`     // of the web process
	Limits    Limits                 `json:"limits,omitzero"`     // of each container whose process says nothing
	Release   string                 `json:"release,omitempty"`   // command that runs once in the new image before it takes traffic
	Cron      []CronLine             `json:"cron,omitempty"`
	Volumes   []Volume               `json:"volumes,omitempty"`
	Sleep     Sleep                  `json:"sleep,omitzero"`
	Files     Files                  `json:"files,omitzero"`
	Stop      StopSpec               `json:"stop,omitzero"`
	HTTP      HTTP                   `json:"http,omitzero"`
}

// ProcessSpec is how one type of process runs.
type ProcessSpec struct {
	Command string `json:"command,omitempty"` // empty means the image's own of this type
	Count   *int   `json:"count,omitempty"`   // containers, until the owner scales; nil means 1 of web and 0 of others
	Limits  Limits `json:"limits,omitzero"`
}

// Limits bound one container; zero means the platform's default.
type Limits struct {
	Memory Bytes   `json:"memory,omitempty"`
	CPU    float64 `json:"cpu,omitempty"` // cores
	PIDs   int64   `json:"pids,omitempty"`
}

// Health is how one asks the web process whether it is well. The zero value is any complete HTTP
// answer below 500 at /.
type Health struct {
	Path     string   `json:"path,omitempty"`     // answers 200 to 399 when it is well
	TCP      bool     `json:"tcp,omitempty"`      // it is well when it takes connections
	Interval Duration `json:"interval,omitempty"` // between two questions once it is live; default 10s
	Timeout  Duration `json:"timeout,omitempty"`  // for one answer; default 5s
	Grace    Duration `json:"grace,omitempty"`    // after a start in which bad answers do not count; default 10s
	Deadline Duration `json:"deadline,omitempty"` // until a new version must be well; default: the platform's
	Failures int      `json:"failures,omitempty"` // bad answers in a row before it is started anew; default 3
}

// The defaults of Health.
const (
	DefaultHealthInterval = 10 * time.Second
	DefaultHealthTimeout  = 5 * time.Second
	DefaultHealthGrace    = 10 * time.Second
	DefaultHealthFailures = 3
)

// StopSpec is how containers end.
type StopSpec struct {
	Drain Duration `json:"drain,omitempty"` // for requests in flight; default: the platform's
	Grace Duration `json:"grace,omitempty"` // between SIGTERM and SIGKILL; default: the platform's
}

// Volume is a directory that outlives deployments.
type Volume struct {
	Name string `json:"name"`
	Path string `json:"path"` // where processes find it
	Size Bytes  `json:"size,omitempty"`
}

// DefaultVolumeSize is a volume's when nothing is said.
const DefaultVolumeSize = Bytes(1 << 30)

// Files says what of its file system a container may write to.
type Files struct {
	ReadOnly bool     `json:"readOnly,omitempty"` // the root; /tmp and what Writable names are in memory
	Writable []string `json:"writable,omitempty"`
	Size     Bytes    `json:"size,omitempty"` // of each directory in memory; default 64MiB
}

// DefaultWritableSize is a directory in memory's when nothing is said.
const DefaultWritableSize = Bytes(64 << 20)

// Sleep is when an idle project goes to sleep.
type Sleep struct {
	After Duration `json:"after,omitempty"` // without a request; zero means never

	Unless []string `json:"unless,omitempty"` // processes that keep it awake while any of them is to run
}

// Bounds of what an application may ask for.
const (
	MaxProcessCount = 50
	MaxProcessTypes = 20
	MaxCronLines    = 20
	MaxVolumes      = 8
	MaxVolumeSize   = Bytes(1 << 40)
	MaxCommand      = 4 << 10
	minMemory       = Bytes(6 << 20) // Docker refuses less
	maxPIDs         = 512            // CIS Docker Benchmark 5.28 wants a bound; ours for one container
)

var (
	processType = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9_.-]{0,38}[A-Za-z0-9])?$`)
	volumeName  = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$`)
)

// Validate says what is wrong; the error's first detail names the field as a path: processes.web.count.
func (a App) Validate() error {
	if len(a.Processes) > MaxProcessTypes {
		return InvalidField("processes", "An application has at most %d types of processes.", MaxProcessTypes)
	}
	for _, name := range slices.Sorted(maps.Keys(a.Processes)) {
		if err := a.Processes[name].validate(name); err != nil {
			return err
		}
	}
	return cmp.Or(
		a.Limits.validate("limits"), a.Health.validate(), validateCommand("release", a.Release),
		a.validateCron(), a.validateVolumes(), a.Files.validate(), a.Stop.validate(), a.Sleep.validate(), a.HTTP.validate(),
	)
}

func (s ProcessSpec) validate(name string) error {
	field := "processes." + name
	if !processType.MatchString(name) {
		return InvalidField(field, "%q is not the name of a process type: use up to 40 letters, digits, dot, - and _.", name)
	}
	if s.Count != nil {
		if err := validateCount(field+".count", name, *s.Count); err != nil {
			return err
		}
	}
	return cmp.Or(validateCommand(field+".command", s.Command), s.Limits.validate(field+".limits"))
}

func validateCount(field, process string, count int) error {
	if count < 0 || count > MaxProcessCount {
		return InvalidField(field, "%s: from 0 to %d containers of a process can run.", process, MaxProcessCount)
	}
	return nil
}

func validateCommand(field, command string) error {
	if len(command) > MaxCommand || strings.ContainsAny(command, "\x00\n") {
		return InvalidField(field, "A command is one line of at most %d bytes.", MaxCommand)
	}
	return nil
}

func (l Limits) validate(field string) error {
	switch {
	case l.Memory < 0 || l.Memory > 0 && l.Memory < minMemory:
		return InvalidField(field+".memory", "A container's memory is at least %s.", minMemory)
	case !(l.CPU == 0 || l.CPU >= 0.01 && l.CPU <= 1024): // nor what is no number (IEEE 754)
		return InvalidField(field+".cpu", "cpu is a number of cores, like 0.5 or 2.")
	case l.PIDs < 0 || l.PIDs > maxPIDs || l.PIDs > 0 && l.PIDs < 5:
		return InvalidField(field+".pids", "pids is a number of processes and threads from 5 to %d.", maxPIDs)
	}
	return nil
}

func (h Health) validate() error {
	switch {
	case h.Path != "" && (!strings.HasPrefix(h.Path, "/") || len(h.Path) > 200 || strings.ContainsFunc(h.Path, func(r rune) bool { return r <= ' ' || r > '~' })):
		return InvalidField("health.path", "A health check's path begins with / and has neither spaces nor characters outside ASCII.")
	case h.Path != "" && h.TCP:
		return InvalidField("health.tcp", "A health check has a path, or is tcp: not both.")
	case h.Failures < 0 || h.Failures > 100:
		return InvalidField("health.failures", "failures is a number from 1 to 100.")
	case h.Interval != 0 && h.Interval < Duration(time.Second):
		return InvalidField("health.interval", "A health check's interval is at least 1s.")
	}
	for _, span := range []struct {
		field string
		value Duration
	}{{"interval", h.Interval}, {"timeout", h.Timeout}, {"grace", h.Grace}, {"deadline", h.Deadline}} {
		if span.value > Duration(time.Hour) {
			return InvalidField("health."+span.field, "%s is at most 1h.", span.field)
		}
	}
	return nil
}

func (a App) validateCron() error {
	if len(a.Cron) > MaxCronLines {
		return InvalidField("cron", "An application has at most %d cron lines.", MaxCronLines)
	}
	for _, line := range a.Cron {
		if _, err := ParseSchedule(line.Schedule); err != nil {
			return err
		}
		if line.Command == "" {
			return InvalidField("cron", "A cron line needs a command.")
		}
		if err := validateCommand("cron.command", line.Command); err != nil {
			return err
		}
	}
	return nil
}

func (a App) validateVolumes() error {
	if len(a.Volumes) > MaxVolumes {
		return InvalidField("volumes", "An application has at most %d volumes.", MaxVolumes)
	}
	names, paths := map[string]bool{}, map[string]bool{}
	for _, volume := range a.Volumes {
		switch {
		case !volumeName.MatchString(volume.Name):
			return InvalidField("volumes.name", "%q is not the name of a volume: use up to 30 lower-case letters, digits and -.", volume.Name)
		case names[volume.Name] || paths[volume.Path]:
			return InvalidField("volumes", "The volume %s or its path is there twice.", volume.Name)
		case volume.Size < 0 || volume.Size > MaxVolumeSize || volume.Size > 0 && volume.Size < 16<<20:
			return InvalidField("volumes.size", "A volume's size is from 16MiB to %s.", MaxVolumeSize)
		}
		if err := validateMountPoint("volumes.path", volume.Path); err != nil {
			return err
		}
		names[volume.Name], paths[volume.Path] = true, true
	}
	return nil
}

// validateMountPoint refuses what would hide the system's own directories.
func validateMountPoint(field, at string) error {
	top, _, _ := strings.Cut(strings.TrimPrefix(at, "/"), "/")
	reserved := []string{"", "proc", "sys", "dev", "etc", "cnb", "bin", "sbin", "lib", "lib64", "usr", "boot", "run"}
	if !path.IsAbs(at) || path.Clean(at) != at || len(at) > 200 || strings.ContainsAny(at, ":,\x00\n") || slices.Contains(reserved, top) {
		return InvalidField(field, "%q cannot be written to: give an absolute path like /data or /workspace/uploads, outside the system's own directories.", at)
	}
	return nil
}

func (f Files) validate() error {
	if len(f.Writable) > 16 {
		return InvalidField("files.writable", "At most 16 directories can be writable.")
	}
	for _, at := range f.Writable {
		if err := validateMountPoint("files.writable", at); err != nil {
			return err
		}
	}
	if f.Size < 0 || f.Size > 16<<30 {
		return InvalidField("files.size", "A writable directory's size is at most 16GiB; it counts as memory.")
	}
	return nil
}

func (s StopSpec) validate() error {
	if s.Drain > Duration(time.Hour) || s.Grace > Duration(time.Hour) {
		return InvalidField("stop", "drain and grace are at most 1h.")
	}
	return nil
}

// With lays what an owner set over what the source declares.
func (a App) With(set App) App {
	if len(set.Processes) > 0 {
		a.Processes = maps.Clone(a.Processes)
		if a.Processes == nil {
			a.Processes = map[string]ProcessSpec{}
		}
		for name, spec := range set.Processes {
			a.Processes[name] = a.Processes[name].with(spec)
		}
	}
	a.Health = cmp.Or(set.Health, a.Health)
	a.Limits = a.Limits.with(set.Limits)
	a.Release = cmp.Or(set.Release, a.Release)
	a.Sleep = a.Sleep.with(set.Sleep)
	a.HTTP = a.HTTP.with(set.HTTP)
	a.Stop = StopSpec{cmp.Or(set.Stop.Drain, a.Stop.Drain), cmp.Or(set.Stop.Grace, a.Stop.Grace)}
	if set.Cron != nil {
		a.Cron = set.Cron
	}
	if set.Volumes != nil {
		a.Volumes = set.Volumes
	}
	if set.Files.ReadOnly || set.Files.Writable != nil || set.Files.Size != 0 {
		a.Files = set.Files
	}
	return a
}

func (s ProcessSpec) with(set ProcessSpec) ProcessSpec {
	s.Command = cmp.Or(set.Command, s.Command)
	if set.Count != nil {
		s.Count = set.Count
	}
	s.Limits = s.Limits.with(set.Limits)
	return s
}

func (l Limits) with(set Limits) Limits {
	return Limits{cmp.Or(set.Memory, l.Memory), cmp.Or(set.CPU, l.CPU), cmp.Or(set.PIDs, l.PIDs)}
}
