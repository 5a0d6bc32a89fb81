package paas

import (
	"maps"
	"testing"
)

// TestWhatEndsIsCountedApart holds the moment after a scaling: the old container finishes its requests
// beside the new ones, and is not one of them.
func TestWhatEndsIsCountedApart(t *testing.T) {
	up := func(deployment int, process string) Container {
		return Container{Deployment: deployment, Process: process, Running: true}
	}
	once := up(2, "web")
	once.OneOff = true
	containers := []Container{
		up(1, "web"), up(1, "worker"), up(2, "web"), up(2, "web"), up(3, "web"), once, {Deployment: 2, Process: "worker"}, {Deployment: 1, Process: "worker"},
	}
	running, ending := count(&Deployment{Number: 2}, containers)
	if !maps.Equal(running, Formation{"web": 2}) || !maps.Equal(ending, Formation{"web": 1, "worker": 1}) {
		t.Errorf("v2 runs %v, earlier ones %v", running, ending)
	}
	if running, ending := count(nil, containers); len(running)+len(ending) > 0 {
		t.Errorf("without a live version %v run, %v end", running, ending)
	}
}
