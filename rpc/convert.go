package rpc

import (
	"net/netip"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/paastech-cloud/paastech/paas"
	"github.com/paastech-cloud/paastech/rpc/contracts/paastechv1"
)

// each converts every element; nothing stays nothing.
func each[A, B any](from []A, convert func(A) B) []B {
	if len(from) == 0 {
		return nil
	}
	to := make([]B, len(from))
	for i, one := range from {
		to[i] = convert(one)
	}
	return to
}

// eachRead is each, of what may be malformed.
func eachRead[A, B any](from []A, read func(A) (B, error)) ([]B, error) {
	var to []B
	for _, one := range from {
		converted, err := read(one)
		if err != nil {
			return nil, err
		}
		to = append(to, converted)
	}
	return to, nil
}

func as[To, From ~string](text From) To { return To(text) }

// timestamp is nothing for the zero time, which has no Unix time of its own.
func timestamp(at time.Time) *timestamppb.Timestamp {
	if at.IsZero() {
		return nil
	}
	return timestamppb.New(at)
}

func moment(at *timestamppb.Timestamp) time.Time {
	if at == nil {
		return time.Time{}
	}
	return at.AsTime()
}

func duration(length time.Duration) *durationpb.Duration {
	if length == 0 {
		return nil
	}
	return durationpb.New(length)
}

func fromSpec(s paas.ContainerSpec) *paastechv1.ContainerSpec {
	to := &paastechv1.ContainerSpec{
		Project: string(s.Project), Deployment: int32(s.Deployment), Process: s.Process, Index: int32(s.Index), OneOff: s.OneOff,
		Image: string(s.Image), Command: s.Command, Args: s.Args, Port: int32(s.Port), Hostname: string(s.Hostname),
		Limits:  &paastechv1.Limits{Memory: int64(s.Limits.Memory), Cpu: s.Limits.CPU, Pids: s.Limits.PIDs},
		Files:   &paastechv1.Files{ReadOnly: s.Files.ReadOnly, Writable: s.Files.Writable, Size: int64(s.Files.Size)},
		Volumes: each(s.Volumes, fromVolume),
	}
	if len(s.Env) > 0 {
		to.Env = map[string]string{}
		for name, value := range s.Env {
			to.Env[name] = value.Reveal()
		}
	}
	return to
}

func toSpec(s *paastechv1.ContainerSpec) paas.ContainerSpec {
	to := paas.ContainerSpec{
		Project: paas.ProjectID(s.GetProject()), Deployment: int(s.GetDeployment()), Process: s.GetProcess(), Index: int(s.GetIndex()), OneOff: s.GetOneOff(),
		Image: paas.ImageRef(s.GetImage()), Command: s.GetCommand(), Args: s.GetArgs(), Port: int(s.GetPort()), Hostname: paas.Hostname(s.GetHostname()),
		Limits:  paas.Limits{Memory: paas.Bytes(s.GetLimits().GetMemory()), CPU: s.GetLimits().GetCpu(), PIDs: s.GetLimits().GetPids()},
		Files:   paas.Files{ReadOnly: s.GetFiles().GetReadOnly(), Writable: s.GetFiles().GetWritable(), Size: paas.Bytes(s.GetFiles().GetSize())},
		Volumes: each(s.GetVolumes(), toVolume),
	}
	if len(s.GetEnv()) > 0 {
		to.Env = paas.Env{}
		for name, value := range s.GetEnv() {
			to.Env[name] = paas.Secret(value)
		}
	}
	return to
}

func fromVolume(v paas.Volume) *paastechv1.Volume {
	return &paastechv1.Volume{Name: v.Name, Path: v.Path, Size: int64(v.Size)}
}

func toVolume(v *paastechv1.Volume) paas.Volume {
	return paas.Volume{Name: v.GetName(), Path: v.GetPath(), Size: paas.Bytes(v.GetSize())}
}

func fromContainer(c paas.Container) *paastechv1.Container {
	to := &paastechv1.Container{
		Id: string(c.ID), Project: string(c.Project), Deployment: int32(c.Deployment), Process: c.Process, Index: int32(c.Index), OneOff: c.OneOff, Port: int32(c.Port),
		Running: c.Running, Paused: c.Paused, Restarting: c.Restarting, Kept: c.Kept, Restarts: int32(c.Restarts), ExitCode: int32(c.ExitCode), OomKilled: c.OOMKilled,
		StartedAt: timestamp(c.StartedAt), EndedAt: timestamp(c.EndedAt), Memory: int64(c.Memory),
	}
	if c.Address.IsValid() {
		to.Address = c.Address.String()
	}
	return to
}

func toContainer(c *paastechv1.Container) paas.Container {
	to := paas.Container{
		ID: paas.ContainerID(c.GetId()), Project: paas.ProjectID(c.GetProject()), Deployment: int(c.GetDeployment()), Process: c.GetProcess(), Index: int(c.GetIndex()), OneOff: c.GetOneOff(), Port: int(c.GetPort()),
		Running: c.GetRunning(), Paused: c.GetPaused(), Restarting: c.GetRestarting(), Kept: c.GetKept(), Restarts: int(c.GetRestarts()), ExitCode: int(c.GetExitCode()), OOMKilled: c.GetOomKilled(),
		StartedAt: moment(c.GetStartedAt()), EndedAt: moment(c.GetEndedAt()), Memory: paas.Bytes(c.GetMemory()),
	}
	to.Address, _ = netip.ParseAddr(c.GetAddress()) // none: it does not run
	return to
}

func fromProbe(p paas.Probe) *paastechv1.Probe {
	return &paastechv1.Probe{
		Ports: each(p.Ports, func(port int) int32 { return int32(port) }), Path: p.Path, Tcp: p.TCP, H2C: p.H2C,
		Timeout: duration(p.Timeout), Deadline: duration(p.Deadline), Settle: duration(p.Settle),
	}
}

func toProbe(p *paastechv1.Probe) paas.Probe {
	return paas.Probe{
		Ports: each(p.GetPorts(), func(port int32) int { return int(port) }), Path: p.GetPath(), TCP: p.GetTcp(), H2C: p.GetH2C(),
		Timeout: p.GetTimeout().AsDuration(), Deadline: p.GetDeadline().AsDuration(), Settle: p.GetSettle().AsDuration(),
	}
}

func fromReadiness(r paas.Readiness) *paastechv1.Readiness {
	return &paastechv1.Readiness{
		Ready: r.Ready, Port: int32(r.Port), Ended: r.Ended, ExitCode: int32(r.ExitCode), OomKilled: r.OOMKilled, Status: int32(r.Status), Connected: r.Connected,
		Listeners: each(r.Listeners, netip.AddrPort.String),
	}
}

func toReadiness(r *paastechv1.Readiness) (paas.Readiness, error) {
	listeners, err := eachRead(r.GetListeners(), netip.ParseAddrPort)
	return paas.Readiness{
		Ready: r.GetReady(), Port: int(r.GetPort()), Ended: r.GetEnded(), ExitCode: int(r.GetExitCode()), OOMKilled: r.GetOomKilled(), Status: int(r.GetStatus()), Connected: r.GetConnected(),
		Listeners: listeners,
	}, err
}

func fromEnding(e paas.Ending) *paastechv1.Ending {
	return &paastechv1.Ending{ExitCode: int32(e.ExitCode), OomKilled: e.OOMKilled}
}

func toEnding(e *paastechv1.Ending) paas.Ending {
	return paas.Ending{ExitCode: int(e.GetExitCode()), OOMKilled: e.GetOomKilled()}
}

func fromSize(s paas.TerminalSize) *paastechv1.Terminal {
	return &paastechv1.Terminal{Rows: int32(s.Rows), Columns: int32(s.Columns)}
}

func toSize(t *paastechv1.Terminal) paas.TerminalSize {
	return paas.TerminalSize{Rows: int(t.GetRows()), Columns: int(t.GetColumns())}
}

func fromLine(l paas.LogLine) *paastechv1.LogLine {
	return &paastechv1.LogLine{At: timestamp(l.At), Deployment: int32(l.Deployment), Process: l.Process, Index: int32(l.Index), Container: string(l.Container), Stream: string(l.Stream), Text: l.Text}
}

func toLine(l *paastechv1.LogLine) paas.LogLine {
	return paas.LogLine{At: moment(l.GetAt()), Deployment: int(l.GetDeployment()), Process: l.GetProcess(), Index: int(l.GetIndex()), Container: paas.ContainerID(l.GetContainer()), Stream: paas.Stream(l.GetStream()), Text: l.GetText()}
}

func fromStatistics(s paas.Statistics) *paastechv1.Statistics {
	return &paastechv1.Statistics{CpuUsage: s.CPUUsage, MemoryUsage: s.MemoryUsage, MemoryLimit: s.MemoryLimit, Pids: s.PIDs, Received: s.Received, Sent: s.Sent}
}

func toStatistics(s *paastechv1.Statistics) paas.Statistics {
	return paas.Statistics{CPUUsage: s.GetCpuUsage(), MemoryUsage: s.GetMemoryUsage(), MemoryLimit: s.GetMemoryLimit(), PIDs: s.GetPids(), Received: s.GetReceived(), Sent: s.GetSent()}
}

func fromUse(v paas.VolumeUse) *paastechv1.VolumeUse {
	return &paastechv1.VolumeUse{Name: v.Name, Size: int64(v.Size), Used: int64(v.Used), Mounted: v.Mounted, Attached: v.Attached, Capacity: int64(v.Capacity)}
}

func toUse(v *paastechv1.VolumeUse) paas.VolumeUse {
	return paas.VolumeUse{Name: v.GetName(), Size: paas.Bytes(v.GetSize()), Used: paas.Bytes(v.GetUsed()), Mounted: v.GetMounted(), Attached: v.GetAttached(), Capacity: paas.Bytes(v.GetCapacity())}
}

func fromCheck(c paas.Check) *paastechv1.Check {
	return &paastechv1.Check{Part: c.Part, Summary: c.Summary, Findings: each(c.Findings, func(f paas.Finding) *paastechv1.Finding {
		return &paastechv1.Finding{Part: f.Part, Code: string(f.Code), Message: f.Message, Remedy: f.Remedy}
	})}
}

func toCheck(c *paastechv1.Check) paas.Check {
	to := paas.NewCheck(c.GetPart())
	to.Summary = c.GetSummary()
	for _, f := range c.GetFindings() {
		to.Findings = append(to.Findings, paas.Finding{Part: f.GetPart(), Code: paas.Code(f.GetCode()), Message: f.GetMessage(), Remedy: f.GetRemedy()})
	}
	return to
}
