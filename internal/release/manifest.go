package release

import (
	"encoding/json"
	"fmt"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
)

// Manifest lists the contents of a release (GP-PROM-4). It is stored as the data of the
// release's ledger entry.
type Manifest struct {
	Version   string            `json:"version"` // git describe, or the short commit
	Migration string            `json:"migration,omitempty"`
	Prompts   map[string]string `json:"prompts,omitempty"`  // file → sha256
	Models    map[string]string `json:"models,omitempty"`   // prompt's file → the model it names
	Flags     map[string]string `json:"flags,omitempty"`    // file → sha256
	Env       []string          `json:"env,omitempty"`      // names only
	Config    string            `json:"config"`             // sha256 of .goldenpath.yml
	From      string            `json:"from,omitempty"`     // the release it was staged as: staging 2026.11.21-1
	Rollback  string            `json:"rollback,omitempty"` // the release it replaced, and its digest
	Evidence  []EvidenceLink    `json:"evidence"`
	URL       string            `json:"url"`
}

// EvidenceLink is the verdict that one piece of evidence had at the time of the release.
type EvidenceLink struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Verdict string `json:"verdict"`
}

// manifestOf returns the manifest of an entry, or an empty manifest if the entry has no
// data.
func manifestOf(e ledger.Entry) (Manifest, error) {
	var m Manifest
	if len(e.Data) == 0 {
		return m, nil
	}
	if err := json.Unmarshal(e.Data, &m); err != nil {
		return m, fmt.Errorf("cannot read the manifest of %s: %w: revert the commit of branch %s that changed it", e.ID, err, ledger.Branch)
	}
	return m, nil
}
