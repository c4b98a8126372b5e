package doctor

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

// contract is what a caller must know about one of our reusable workflows.
type contract struct {
	Permissions map[string]string `json:"permissions"` // the highest level that any of its jobs requests, at any depth
	Actions     []string          `json:"actions"`     // our actions that it runs
	Gates       []string          `json:"gates"`       // names of the gate and scorecard jobs, as GitHub shows them after the caller's
}

// workflows.json is generated from .github/workflows by go test ./internal/doctor
// -update, because a package cannot embed files outside its own folder.
//
//go:embed workflows.json
var workflowsJSON []byte

func contracts() (map[string]contract, error) {
	var all map[string]contract
	if err := json.Unmarshal(workflowsJSON, &all); err != nil {
		return nil, fmt.Errorf("read the embedded workflow contracts: %w", err)
	}
	return all, nil
}
