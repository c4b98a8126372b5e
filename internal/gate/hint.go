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

// waiverHint is a file of waivers for what blocks, ready but for its reasons: a
// refusal comes with the way forward. Of the same rule in the same place one
// waiver is enough.
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
		case strings.Contains(f.At.Path, "\r"): // go-yaml v1.19.2 writes it as a block, which no flow holds
			e = yaml.MapSlice{{Key: "fingerprint", Value: f.Fingerprint}}
		case f.At.Path == "":
			e = yaml.MapSlice{{Key: "id", Value: f.Rule}}
		}
		key := fmt.Sprint(e)
		if seen[key] {
			continue
		}
		seen[key] = true
		// As they stand, reason and owner are refused: they are for a person to fill.
		entries = append(entries, append(e, yaml.MapItem{Key: "reason", Value: "…"}, yaml.MapItem{Key: "owner", Value: ""},
			yaml.MapItem{Key: "expires", Value: now.Add(hintLife).UTC().Format(time.DateOnly)}))
	}
	if len(entries) == 0 {
		return report.Section{}, false
	}
	var b strings.Builder
	b.WriteString("# fix it first; what cannot be fixed now: commit this to the base branch, with reasons\nversion: 1\nwaivers:\n")
	for _, e := range entries[:min(most, len(entries))] {
		line, err := yaml.MarshalWithOptions(e, yaml.Flow(true))
		if err != nil {
			continue // a rule or path that is no text: it has no hint
		}
		b.WriteString("  - " + string(line))
	}
	if len(entries) > most {
		fmt.Fprintf(&b, "  # and %d more\n", len(entries)-most)
	}
	return report.Section{Title: "how to waive what blocks (.goldenpath/waivers.yml)", Open: true, Text: b.String()}, true
}

// literal is a path as a glob that matches nothing else.
func literal(path string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "]", `\]`, "{", `\{`, "}", `\}`).Replace(path)
}
