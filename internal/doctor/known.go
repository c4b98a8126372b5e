package doctor

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

// contract is what a caller has to know of one of our reusable workflows.
type contract struct {
	Permissions map[string]string `json:"permissions"` // the most that any job of it asks for, at any depth
	Actions     []string          `json:"actions"`     // of ours that it reaches
	Gates       []string          `json:"gates"`       // names of the jobs that gate or grade, as GitHub shows them behind the caller's
}

// workflows.json is made of .github/workflows by go test ./internal/doctor -update:
// a package cannot embed what is not below it.
//
//go:embed workflows.json
var workflowsJSON []byte

func contracts() (map[string]contract, error) {
	var all map[string]contract
	if err := json.Unmarshal(workflowsJSON, &all); err != nil {
		return nil, fmt.Errorf("read the contracts of our workflows: %w", err)
	}
	return all, nil
}
