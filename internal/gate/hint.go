package gate

import (
	"fmt"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// hintLife is the expiry a hint proposes.
const hintLife = 30 * 24 * time.Hour

// waiverHint returns a section with a waiver file for the blocking findings, complete
// except for reasons and owners, and false if nothing blocks. One waiver covers a rule
// in a file.
func waiverHint(findings []report.Finding, now time.Time) (report.Section, bool) {
	const most = 25
	var entries []yaml.MapSlice
	seen := map[string]bool{}
	for _, f := range findings {
		if !f.Blocking {
			continue
		}
		e := yaml.MapSlice{{Key: "rule", Value: f.Rule}, {Key: "path", Value: literal(f.At.Path)}}
		switch {
		case f.Package != "":
			e = yaml.MapSlice{{Key: "id", Value: f.Rule}, {Key: "purl", Value: nameOf(f.Package)}}
		case strings.Contains(f.At.Path, "\r"): // go-yaml v1.19.2 writes it as a block, which is not valid here
			e = yaml.MapSlice{{Key: "fingerprint", Value: f.Fingerprint}}
		case f.At.Path == "":
			e = yaml.MapSlice{{Key: "id", Value: f.Rule}}
		}
		key := fmt.Sprint(e)
		if seen[key] {
			continue
		}
		seen[key] = true
		// The gate refuses this reason and owner: a person must fill them in.
		entries = append(entries, append(e, yaml.MapItem{Key: "reason", Value: "…"}, yaml.MapItem{Key: "owner", Value: ""},
			yaml.MapItem{Key: "expires", Value: now.Add(hintLife).UTC().Format(time.DateOnly)}))
	}
	if len(entries) == 0 {
		return report.Section{}, false
	}
	var b strings.Builder
	b.WriteString("# Fix the findings first. To waive what cannot be fixed now, commit this to the base branch with reasons and owners.\nversion: 1\nwaivers:\n")
	for _, e := range entries[:min(most, len(entries))] {
		line, err := yaml.MarshalWithOptions(e, yaml.Flow(true))
		if err != nil {
			continue // the rule or path is not valid text
		}
		b.WriteString("  - " + string(line))
	}
	if len(entries) > most {
		fmt.Fprintf(&b, "  # and %d more\n", len(entries)-most)
	}
	return report.Section{Title: "how to waive the blocking findings (.goldenpath/waivers.yml)", Open: true, Text: b.String()}, true
}

// literal returns a glob that matches only this path.
func literal(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "]", `\]`, "{", `\{`, "}", `\}`).Replace(path)
}
