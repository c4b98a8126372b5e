package report

import (
	"fmt"
	"strings"

	"github.com/dustin/go-humanize/english"
)

const (
	logGroups = 20 // rules with findings that block that the log shows
	logOthers = 5  // other rules that it shows
	logPlaces = 4  // findings of one rule that it shows
)

// findingLog lists the findings that block and those that are new, grouped by rule. The
// JSON report and the page list all of them.
func (r *Report) findingLog() string {
	var must, others []Finding
	for _, f := range r.Findings {
		switch {
		case f.Blocking:
			must = append(must, f)
		case f.Status != Waived && f.Status != Known && f.Status != Disclosed:
			others = append(others, f)
		}
	}
	return r.groupLog(must, logGroups, "") + r.groupLog(others, logOthers, " that do not block")
}

// groupLog lists at most most groups. which names the findings that are left out.
func (r *Report) groupLog(all []Finding, most int, which string) string {
	var b strings.Builder
	groups := GroupFindings(all)
	for i, g := range groups {
		if i == most {
			n := 0
			for _, rest := range groups[i:] {
				n += len(rest.Findings)
			}
			fmt.Fprintf(&b, "  and %d more of %s%s: see %s\n", n, english.Plural(len(groups)-i, "other rule", ""), which, r.file())
			break
		}
		b.WriteString(g.log(r.file()))
	}
	return b.String()
}

// file names the report that lists every finding. goldenpath run keeps the gate's.
func (r *Report) file() string {
	if r.Name == "run" {
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
		if !f.Blocking {
			break
		}
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
