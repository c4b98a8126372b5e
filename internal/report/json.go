package report

import (
	"encoding/json"
	"io"
)

// WriteJSON writes the versioned JSON report. Its schema is
// docs/schema/report.v1.json.
func (r *Report) WriteJSON(w io.Writer) error {
	out := *r
	out.Schema = "goldenpath." + r.Name + "/v1"
	// A consumer iterates over these without asking whether they are there.
	if out.Checks == nil {
		out.Checks = []Check{}
	}
	if out.Findings == nil {
		out.Findings = []Finding{}
	}
	if out.Outputs == nil {
		out.Outputs = []Output{}
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(&out)
}

// Read reads a report that WriteJSON wrote.
func Read(from io.Reader) (*Report, error) {
	var r Report
	if err := json.NewDecoder(from).Decode(&r); err != nil {
		return nil, err
	}
	return &r, nil
}
