package path

import (
	"context"
	"fmt"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// tell puts reports into the comment of a pull request, all of them in one edit.
// A refusal is said in rep, and how many were not told.
func tell(ctx context.Context, hub *github.Client, p github.PullRequest, t told, all []*report.Report, rep *report.Report) (untold int, err error) {
	var parts []part
	var checks []report.Check
	for _, one := range all {
		if c := one.Commit; c != "" && c != p.Head && c != p.Merge && c != t.merge {
			checks = append(checks, report.Check{
				Name: one.Name, State: report.Skipped, Result: fmt.Sprintf("not told: it is of %.7s, which is neither the head of pull request %d nor its merge with the base", c, p.Number),
				Note: "the base may have moved on: run the checks again",
			})
			continue
		}
		pt := part{name: one.Name, rep: shown(one, p, t), run: t.url}
		if !t.trusted() {
			pt.above = notice(p, t)
		}
		parts = append(parts, pt)
		checks = append(checks, report.Check{Name: one.Name, State: report.OK, Result: fmt.Sprintf("told on pull request %d", p.Number), Note: "it says " + verdict(one.Verdict)})
	}
	if len(parts) > 0 {
		done, err := hub.Comment(ctx, p.Number, fmt.Sprintf("pr-%d", p.Number), func(old string) string {
			for _, one := range parts {
				old = strings.TrimSpace(section(old, one))
			}
			return arranged(old)
		})
		if err != nil {
			return 0, fmt.Errorf("tell pull request %d: %w", p.Number, err)
		}
		for i, c := range checks {
			if c.State == report.OK {
				checks[i].Link = done.Link
			}
			if c.State == report.OK && !done.Done {
				checks[i].State, checks[i].Result = report.Skipped, "not told: "+done.Why
			}
		}
	}
	for _, c := range checks {
		if c.State != report.OK {
			untold++
		}
	}
	rep.Checks = append(rep.Checks, checks...)
	return untold, nil
}

func notice(p github.PullRequest, t told) string {
	if !p.Fork {
		return notTrusted + "that follows the code of this pull request. What it says was made with that code, not with trusted code; addresses in it are no links.\n\n"
	}
	return notTrusted + "of the fork `" + t.from + "`. What it says was made with the fork's code, not with trusted code; addresses in it are no links.\n\n"
}

func verdict(v report.Verdict) string {
	switch v {
	case report.Pass, report.Warn, report.Fail, report.Skip:
		return string(v)
	}
	return "no verdict"
}

// shown is what a comment shows of a report. What is not trusted keeps its words,
// which the renderer takes for hostile anyhow, and loses whatever would be more
// than words: links, pictures, and what it says it is about.
func shown(r *report.Report, p github.PullRequest, t told) *report.Report {
	out := *r
	out.Commit = p.Head
	if t.trusted() {
		return &out
	}
	out.Subject, out.Digest, out.Outputs, out.Data = "", "", nil, nil
	out.Checks = append([]report.Check{}, r.Checks...)
	var addresses []string
	for i, c := range out.Checks {
		if c.Link != "" && len(addresses) < 20 {
			addresses = append(addresses, report.Clean(c.Name)+": "+report.Clean(c.Link))
		}
		out.Checks[i].Link = ""
	}
	out.Sections = append([]report.Section{}, r.Sections...)
	for i, s := range out.Sections {
		if s.Mermaid != "" {
			out.Sections[i].Text, out.Sections[i].Mermaid = s.Mermaid, ""
		}
	}
	if len(addresses) > 0 {
		out.Sections = append(out.Sections, report.Section{Title: "addresses it names", Text: strings.Join(addresses, "\n")})
	}
	return &out
}
