package doctor

import "github.com/seed-b235b314/goldenpath/internal/report"

// plan checks whether GitHub offers its protections for this repository. It infers the
// plan, which only the owner can read.
func plan(r *repo) finding {
	on := r.hub.repository
	owner := "its owner"
	if on.Organization {
		owner = "its organisation"
	}
	switch {
	case on.Archived:
		return finding{report.Warned, "the repository is archived", "no workflow runs", []string{r.api("PATCH", "", "-F archived=false")}}
	case on.Public():
		return finding{state: report.OK, found: "public: every GitHub protection is available"}
	case on.Visibility == "internal":
		return finding{state: report.OK, found: "internal: every GitHub protection is available (Enterprise)"}
	case r.hub.free():
		return finding{report.Warned, "private, and " + owner + " is on GitHub Free", "the missing protections, and what goldenpath does instead, are listed below", []string{
			"GitHub Pro (personal) or Team (organisation) adds rulesets, environments and environment secrets for private repositories; reviewers need Enterprise",
		}}
	case r.hub.rules.err != nil:
		return unseen(r.hub.rules.err)
	}
	return finding{state: report.OK, found: "private, with rulesets: Pro, Team or Enterprise"}
}

// without lists the protections that the plan lacks, and what replaces each.
func (r *repo) without() []report.Section {
	if r.hub == nil || r.hub.repository.Public() || r.hub.repository.Visibility == "internal" {
		return nil
	}
	s := report.Section{Title: "protections that private repositories have only with GitHub Enterprise", Open: true, Head: []string{"protection", "instead"}}
	if r.hub.free() {
		s.Title = "protections that GitHub Free lacks for a private repository"
		s.Rows = append(s.Rows,
			[]string{"rulesets, branch protection", "anyone with write access can push to the default branch; the gate also runs on pushes, with the policy of the previous commit"},
			[]string{"environments with secrets and branches", "secrets belong to the repository, so anyone with write access can add a workflow that reads them"},
		)
	}
	s.Rows = append(s.Rows,
		[]string{"required reviewers, wait timers", "promote accepts only an image that runs in the previous environment and has evidence signed by the trusted key; the ledger records who started it"},
		[]string{"artifact attestations", "evidence signed with the repository's own key, stored next to the image"},
		[]string{"code scanning, dependency review", "the gate compares with the base commit itself; findings appear as annotations, in the summary, and as SARIF in the run's artifact"},
	)
	return []report.Section{s}
}
