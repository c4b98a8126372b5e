package report

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize/english"
)

const (
	logGroups = 20 // rules that the log shows
	logPlaces = 4  // findings of one rule that the log shows
)

// findingLog lists the findings that block and those that are new, grouped by rule. The
// JSON report and the page list all of them.
func (r *Report) findingLog() string {
	var shown []Finding
	for _, f := range r.Findings {
		if f.Blocking || f.Status != Waived && f.Status != Known && f.Status != Disclosed {
			shown = append(shown, f)
		}
	}
	var b strings.Builder
	groups := GroupFindings(shown)
	for i, g := range groups {
		if i == logGroups {
			n := 0
			for _, rest := range groups[i:] {
				n += len(rest.Findings)
			}
			fmt.Fprintf(&b, "  and %d more of %s: see %s\n", n, english.Plural(len(groups)-i, "other rule", ""), r.file())
			break
		}
		b.WriteString(g.log(r.file()))
	}
	return b.String()
}

// file names the report that lists every finding.
func (r *Report) file() string {
	if r.Name == "security-gate" || r.Name == "run" {
		return "security-gate.json"
	}
	return "the JSON report"
}

// log returns the lines of one rule: the first places, what is known, and the fix once.
func (g Group) log(file string) string {
	f := g.First()
	sign := "!"
	if f.Blocking {
		sign = "✗"
	}
	out := fmt.Sprintf("  %s %s %s (%s) %s", sign, logText(f.At.String()), logText(f.Rule), logText(string(f.Severity)), LogLine(cut(f.Message, 300)))
	out = strings.TrimRight(out, " ") + "\n"
	rest, same := g.Rest(), g.sameMessage()
	for _, other := range rest[:min(len(rest), logPlaces-1)] {
		line := "      also " + logText(other.At.String())
		if !same {
			line += " " + LogLine(cut(other.Message, 300))
		}
		out += strings.TrimRight(line, " ") + "\n"
	}
	if n := len(rest) - (logPlaces - 1); n > 0 {
		out += fmt.Sprintf("      and %d more of this rule: see %s\n", n, file)
	}
	if facts := f.Facts(); facts != "" {
		out += "      " + LogLine(cut(facts, 500)) + "\n"
	}
	for i, fix := range g.Fixes() {
		if i == logPlaces {
			out += "      fix: the others are in " + file + "\n"
			break
		}
		out += logFix(strings.TrimSpace(cut(fix, 500)))
	}
	if f.Waiver != "" {
		out += "      waiver: " + LogLine(cut(f.Waiver, 300)) + "\n"
	}
	return out
}

func logFix(fix string) string {
	out := "      fix: "
	for i, line := range splitLines(fix) {
		if i > 0 {
			out += "           "
		}
		out += LogLine(line) + "\n"
	}
	return out
}
