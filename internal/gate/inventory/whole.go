package inventory

import (
	"cmp"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/lockfile"
)

// errNotWhole is the end of every message about a file that lost a part of its content.
var errNotWhole = errors.New("the file is not complete")

// links finds the entries that a lock file has lost. A lock file without an end mark that
// was cut between two entries would otherwise be a smaller lock file.
type links struct {
	has   map[string]bool
	needs []need
}

// need is a name that an entry requires. One of its spellings must be in the file.
type need struct {
	names []string
	line  int
}

func newLinks() *links { return &links{has: map[string]bool{}} }

func (l *links) add(name string) { l.has[name] = true }

func (l *links) need(line int, names ...string) { l.needs = append(l.needs, need{names, line}) }

// whole returns an error if the file lacks an entry that another one requires.
func (l *links) whole() error {
	for _, n := range l.needs {
		if !slices.ContainsFunc(n.names, func(name string) bool { return l.has[name] }) {
			return fmt.Errorf("line %d requires %q, which is not in the file: %w", n.line, n.names[0], errNotWhole)
		}
	}
	return nil
}

// versioned returns an error if an entry of a lock file has no version.
func versioned(all []Package) error {
	for _, p := range all {
		if p.Origin == Registry && p.Version == "" && p.Range == "" && p.Ecosystem != "conda" {
			return fmt.Errorf("line %d: %q has no version: %w", p.Line, p.Name, errNotWhole)
		}
	}
	return nil
}

// unknownKeys returns an error if the file has a list or a table of an unknown name, which
// may have packages. A new key with a plain value is accepted.
func unknownKeys[V any](all map[string]V, holds func(V) bool, known ...string) error {
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if !slices.Contains(known, key) && holds(all[key]) {
			return fmt.Errorf("the key %q is unknown, and may have packages: %w", key, errNotWhole)
		}
	}
	return nil
}

// jsonKeys does this for the keys of a JSON object.
func jsonKeys(text []byte, known ...string) error {
	var all map[string]jsontext.Value
	if err := json.Unmarshal(text, &all, jsontext.AllowDuplicateNames(true)); err != nil {
		return fmt.Errorf("invalid JSON: %w", err)
	}
	return unknownKeys(all, func(v jsontext.Value) bool { return (v.Kind() == '{' || v.Kind() == '[') && len(v) > 2 }, known...)
}

// tomlKeys does this for the keys of a TOML document.
func tomlKeys(text []byte, known ...string) error {
	var all map[string]any
	if err := decodeTOML(text, &all); err != nil {
		return err
	}
	return unknownKeys(all, func(v any) bool {
		switch v := v.(type) {
		case []map[string]any:
			return true
		case []any:
			return len(v) > 0
		case map[string]any:
			return len(v) > 0
		}
		return false
	}, known...)
}

// pythonRequirement returns the normalized name at the beginning of a requirement, and
// whether the requirement holds on every machine.
func pythonRequirement(text string) (name string, always bool) {
	m := requirement.FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	return lockfile.PyPIName(m[1]), !strings.Contains(text, ";")
}

// first returns the first error.
func first(errs ...error) error { return cmp.Or(errs...) }
