// Package flags reads a file of feature flags in flagd's format.
package flags

import (
	"encoding/json"
	"fmt"
	"os"
)

// Set reports which boolean flags are on. A flag that is not in the set is off.
type Set map[string]bool

// Load reads a file; an empty path returns the empty set. It supports only flags with boolean variants and
// without targeting rules, which is all this service needs.
func Load(path string) (Set, error) {
	if path == "" {
		return nil, nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read flags: %w", err)
	}
	var file struct {
		Flags map[string]struct {
			State          string
			Variants       map[string]bool
			DefaultVariant string
		}
	}
	if err := json.Unmarshal(content, &file); err != nil {
		return nil, fmt.Errorf("read flags %s: %w", path, err)
	}
	set := Set{}
	for name, flag := range file.Flags {
		on, ok := flag.Variants[flag.DefaultVariant]
		if !ok {
			return nil, fmt.Errorf("read flags %s: %s: defaultVariant %q is not one of its variants", path, name, flag.DefaultVariant)
		}
		set[name] = on && flag.State == "ENABLED"
	}
	return set, nil
}
