package inventory

import (
	"encoding/json/jsontext"
	"encoding/json/v2"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// isBazelMaven reports whether a file is one that rules_jvm_external pins.
func isBazelMaven(base, _ string) bool { return strings.HasSuffix(base, "maven_install.json") }

// readBazelMaven reads maven_install.json. Its keys are group:artifact with an optional
// type and classifier.
func readBazelMaven(f file) ([]Package, error) {
	var lock struct {
		Artifacts map[string]struct {
			Version string `json:"version"`
		} `json:"artifacts"`
	}
	if err := json.Unmarshal(f.text, &lock, jsontext.AllowDuplicateNames(true)); err != nil {
		return nil, fmt.Errorf("invalid JSON: %w", err)
	}
	if lock.Artifacts == nil {
		return nil, fmt.Errorf("the file has no artifacts, or is of version 1, which is not read: run bazel run @maven//:pin")
	}
	at := keyLines(f.text)
	var all []Package
	for _, key := range slices.Sorted(maps.Keys(lock.Artifacts)) {
		parts := strings.Split(key, ":")
		if len(parts) < 2 {
			return all, fmt.Errorf("line %d: %q is not group:artifact", at[key], key)
		}
		all = append(all, Package{Name: parts[0] + ":" + parts[1], Version: lock.Artifacts[key].Version, Line: at[key]})
	}
	return all, nil
}
