package doctor

import "github.com/seed-b235b314/goldenpath/internal/report"

// plan says whether GitHub has its guard rails for this repository. Which plan it
// is, GitHub tells only its owners.
func plan(p *patient) finding {
	r := p.hub.repository
	owner := "its owner"
	if r.Organization {
		owner = "its organisation"
	}
	switch {
	case r.Archived:
		return finding{report.Warned, "the repository is archived", "nothing runs in it", []string{p.api("PATCH", "", "-F archived=false")}}
	case r.Public():
		return finding{state: report.OK, seen: "public: GitHub has every guard rail here"}
	case r.Visibility == "internal":
		return finding{state: report.OK, seen: "internal: GitHub Enterprise has every guard rail here"}
	case p.hub.free():
		return finding{report.Warned, "private, and " + owner + " is on GitHub Free", "what GitHub lacks there is listed below, with what goldenpath does instead", []string{
			"GitHub Pro (a person) or Team (an organisation) has rulesets, environments and their secrets for private repositories; reviewers need Enterprise",
		}}
	case p.hub.rules.err != nil:
		return unseen(p.hub.rules.err)
	}
	return finding{state: report.OK, seen: "private, with rulesets: Pro, Team or Enterprise"}
}

// without lists what the plan does not have, and what holds in its place.
func (p *patient) without() []report.Section {
	if p.hub == nil || p.hub.repository.Public() || p.hub.repository.Visibility == "internal" {
		return nil
	}
	s := report.Section{Title: "what GitHub has for private repositories on Enterprise alone", Open: true, Head: []string{"guard rail", "instead"}}
	if p.hub.free() {
		s.Title = "what GitHub Free does not have for a private repository"
		s.Rows = append(s.Rows,
			[]string{"rulesets, branch protection", "nothing keeps a push from the default branch: the gate runs on it too, and its policy is that of the commit before"},
			[]string{"environments with secrets and branches", "a secret is the repository's: any workflow that somebody with write access adds can read it"},
		)
	}
	s.Rows = append(s.Rows,
		[]string{"required reviewers, wait timers", "promote takes only what runs in the environment before, with evidence that the trusted key has signed; the ledger says who started it"},
		[]string{"artifact attestations", "evidence signed with the repository's own key, beside the image"},
		[]string{"code scanning, dependency review", "the gate compares with the base by itself; findings are annotations, the summary, and SARIF in the run's artifact"},
	)
	return []report.Section{s}
}
