package paas

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Formation is how many containers of each type of process run.
type Formation map[string]int

// String lists it, web first: web=2 worker=1.
func (f Formation) String() string {
	var parts []string
	for _, process := range f.Types() {
		parts = append(parts, fmt.Sprintf("%s=%d", process, f[process]))
	}
	return strings.Join(parts, " ")
}

// Types are the processes it is made of, web first.
func (f Formation) Types() []string {
	types := slices.Sorted(maps.Keys(f))
	slices.SortStableFunc(types, func(a, b string) int {
		switch {
		case a == WebProcess:
			return -1
		case b == WebProcess:
			return 1
		}
		return 0
	})
	return types
}

// total is how many containers that are.
func (f Formation) total() int {
	sum := 0
	for _, count := range f {
		sum += count
	}
	return sum
}

// ReleaseProcess is the type of the process that runs once before a version takes traffic, as in a Procfile.
const ReleaseProcess = "release"

// Runs is how many containers of each process the deployment runs; nothing before it was built.
func (d Deployment) Runs() Formation {
	if d.Formation == nil && d.Image.Ref == "" {
		return Formation{}
	}
	return d.formation()
}

// formation is what should run of a deployment; those of earlier schemas had one container.
func (d Deployment) formation() Formation {
	if d.Formation == nil {
		return Formation{d.Image.Entry(): 1}
	}
	return d.Formation
}

// formation is what runs of an image: what the owner scaled to, else what the application declares,
// else one container of its entry and none of the others.
func formation(image Image, app App, scaled Formation) Formation {
	runs := Formation{}
	entry := image.Entry()
	for _, process := range image.Processes {
		if process.Type != ReleaseProcess {
			runs[process.Type] = 0
		}
	}
	for process := range app.Processes {
		runs[process] = 0
	}
	runs[entry] = 1
	for process := range runs {
		if spec := app.Processes[process]; spec.Count != nil {
			runs[process] = *spec.Count
		}
		if count, set := scaled[process]; set {
			runs[process] = count
		}
	}
	return runs
}
