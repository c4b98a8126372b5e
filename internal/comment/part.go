package comment

import (
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// maxAddresses bounds the list of addresses that an untrusted report names.
const maxAddresses = 20

// part returns the section for a report. The section names the head of the pull request,
// even if the report is about the merge of that head with the base.
func (r Run) part(rep *report.Report, p github.PullRequest) Part {
	shown := *rep
	shown.Commit = p.Head
	part := Part{Section: rep.Name, App: r.App, Report: &shown, Run: r.URL, Trusted: r.trusted()}
	if !part.Trusted {
		withoutPowers(&shown)
		part.Notice = r.notice(p)
	}
	return part
}

// notice returns the line above an untrusted report that names the author of the run.
func (r Run) notice(p github.PullRequest) string {
	by := "> Reported by a run of this pull request's own code, not by trusted code. "
	if p.Fork {
		by = "> Reported by a run of the fork `" + r.Repository + "`, not by trusted code. "
	}
	return by + "Addresses in it are shown as text, not as links.\n\n"
}

// withoutPowers reduces an untrusted report to plain text, which the renderer escapes. It
// removes links, diagrams, outputs, and the commit and digest that the report claims to be
// about.
func withoutPowers(r *report.Report) {
	r.Subject, r.Digest, r.Outputs, r.Data = "", "", nil, nil
	var addresses []string
	checks := append([]report.Check{}, r.Checks...)
	for i, c := range checks {
		if c.Link != "" && len(addresses) < maxAddresses {
			addresses = append(addresses, report.LogLine(c.Name)+": "+report.LogLine(c.Link))
		}
		checks[i].Link = ""
	}
	sections := append([]report.Section{}, r.Sections...)
	for i, s := range sections {
		if s.Mermaid != "" {
			sections[i].Text, sections[i].Mermaid = s.Mermaid, ""
		}
	}
	if len(addresses) > 0 {
		sections = append(sections, report.Section{Title: "addresses in this report", Text: strings.Join(addresses, "\n")})
	}
	r.Checks, r.Sections = checks, sections
}
