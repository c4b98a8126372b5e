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
	// logVulnerable is how many vulnerabilities of a package the log shows.
	logVulnerable = 6
)

// findingLog lists the findings that block and those that are new, grouped by rule. The
// JSON report and the page list all of them.
func (r *Report) findingLog() string {
	var must, others []Finding
	for _, f := range r.Findings {
		switch {
		case f.Blocking:
			must = append(must, f)
		case f.brought():
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
			fmt.Fprintf(&b, "  and %d more of %s%s: see %s\n", n, english.Plural(len(groups)-i, "other cause", ""), which, r.file())
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

// log returns the lines of one cause: the first places, what is known, and the fix once.
func (g Group) log(file string) string {
	f := g.First()
	sign := "!"
	if f.Blocking {
		sign = "✗"
	}
	what := f.Message
	switch {
	case !g.One():
		what = ""
	case f.Package != "":
		what = PackageName(f.Package) + ": " + f.Message
	}
	out := fmt.Sprintf("  %s %s %s (%s) %s", sign, logText(f.At.String()), logText(g.Cause()), logText(string(f.Severity)), LogLine(cut(what, 300)))
	out = strings.TrimRight(out, " ") + "\n"
	if f.Blocking {
		for i, fix := range g.Fixes() {
			if i == logPlaces {
				out += "      fix: the others are in " + file + "\n"
				break
			}
			out += logFix(strings.TrimSpace(cut(fix, 500)))
		}
	}
	if !g.One() {
		out += g.logVulnerabilities(file)
	} else {
		out += g.logPlaces(file)
	}
	if facts := f.Facts(); facts != "" && g.One() {
		out += "      " + LogLine(cut(facts, 500)) + "\n"
	}
	if link := SafeLink(f.Link); link != "" && f.Blocking && g.One() {
		out += "      about: " + link + "\n"
	}
	if f.Waiver != "" {
		out += "      waiver: " + LogLine(cut(f.Waiver, 300)) + "\n"
	}
	return out
}

// logPlaces lists the other places of a rule.
func (g Group) logPlaces(file string) string {
	var out string
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
	return out
}

// logVulnerabilities lists what one update of a package fixes.
func (g Group) logVulnerabilities(file string) string {
	var out string
	for _, f := range g.Findings[:min(len(g.Findings), logVulnerable)] {
		line := "      " + logText(f.Rule) + " (" + logText(string(f.Severity)) + ") " + LogLine(cut(f.Message, 200))
		if link := SafeLink(f.Link); link != "" && f.Blocking {
			line += " " + link
		}
		out += strings.TrimRight(line, " ") + "\n"
	}
	if n := len(g.Findings) - logVulnerable; n > 0 {
		out += fmt.Sprintf("      and %d more: see %s\n", n, file)
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
