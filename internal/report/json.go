package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// WriteJSON writes the versioned JSON report. Its schema is
// docs/schema/report.v1.json.
func (r *Report) WriteJSON(w io.Writer) error {
	out := *r
	out.Schema = "goldenpath." + r.Name + "/v1"
	// Consumers iterate over these without checking for null.
	if out.Checks == nil {
		out.Checks = []Check{}
	}
	if out.Findings == nil {
		out.Findings = []Finding{}
	}
	out.Outputs = r.AllOutputs()
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(&out)
}

// Read reads a report that WriteJSON wrote. Anything else is an error, because an empty
// report would look like one without findings.
func Read(from io.Reader) (*Report, error) {
	var r Report
	d := json.NewDecoder(from)
	if err := d.Decode(&r); err != nil {
		return nil, err
	}
	if !strings.HasPrefix(r.Schema, "goldenpath.") || !strings.HasSuffix(r.Schema, "/v1") {
		return nil, fmt.Errorf("not a goldenpath report: schema is %q, want goldenpath.NAME/v1", cut(r.Schema, 100))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("not a goldenpath report: data follows the JSON")
	}
	return &r, nil
}
