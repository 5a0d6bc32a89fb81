package cnb

import (
	"bytes"
	"fmt"
	"os"

	"github.com/BurntSushi/toml"
)

// Plan is what a buildpack offers to and asks of the others of its group. The zero Plan neither
// offers nor asks.
type Plan struct {
	Provides []Name `toml:"provides,omitempty"`
	Requires []Name `toml:"requires,omitempty"`
	Or       []Plan `toml:"or,omitempty"` // tried in order when the plan above finds no partner
}

// Name is one thing provided or required.
type Name struct {
	Name string `toml:"name"`
}

func (p Plan) write(path string) error {
	var text bytes.Buffer
	if err := toml.NewEncoder(&text).Encode(p); err != nil {
		return fmt.Errorf("encode build plan: %w", err)
	}
	return os.WriteFile(path, text.Bytes(), 0o644)
}

// readRequirements is the names that this buildpack was chosen to provide.
func readRequirements(path string) (map[string]bool, error) {
	var plan struct {
		Entries []Name `toml:"entries"`
	}
	if _, err := toml.DecodeFile(path, &plan); err != nil {
		return nil, fmt.Errorf("read buildpack plan: %w", err)
	}
	names := map[string]bool{}
	for _, entry := range plan.Entries {
		names[entry.Name] = true
	}
	return names, nil
}
