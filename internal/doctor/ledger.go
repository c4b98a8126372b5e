package doctor

import (
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Rules by what they do to a push to the ledger, as GitHub names them. The push is a commit by
// goldenpath that no pull request, check or deployment belongs to.
var (
	refusing = []string{"update", "pull_request", "required_status_checks", "required_deployments", "workflows", "merge_queue", "code_scanning"}
	perhaps  = []string{
		"creation", "branch_name_pattern", "commit_message_pattern", "commit_author_email_pattern", "committer_email_pattern",
		"file_path_restriction", "max_file_path_length", "file_extension_restriction", "max_file_size",
	}
)

// ledgerRules checks that no rule refuses the ledger's branch, which need not exist yet: rules
// for all branches apply to it too, and a bypass list cannot name the token of a run.
func ledgerRules(r *repo) finding {
	switch h := r.hub; {
	case !r.releases(): // previews are recorded where they run
		return notApplicable(nothingDeploys)
	case planned(h.ledger.err):
		return finding{state: report.OK, found: "the plan has no rulesets for this repository"}
	case h.ledger.err != nil:
		return unseen(h.ledger.err)
	}
	var refused, unsure, from []string
	signed := false
	for _, rule := range r.hub.ledger.value.All {
		switch {
		case slices.Contains(refusing, rule.Type):
			refused = append(refused, rule.Type)
		case slices.Contains(perhaps, rule.Type):
			unsure = append(unsure, rule.Type)
		default:
			signed = signed || rule.Type == "required_signatures"
			continue
		}
		if !slices.Contains(from, rule.From) {
			from = append(from, rule.From)
		}
	}
	fix := []string{"exclude refs/heads/" + ledger.Branch + " from " + strings.Join(from, ", ") + " (Settings → Rules → Rulesets → Target branches)"}
	switch {
	case len(refused) > 0:
		return finding{report.Failed, "rules refuse pushes to " + ledger.Branch + ": " + strings.Join(append(refused, unsure...), ", "), "nothing can be released", fix}
	case len(unsure) > 0:
		return finding{report.Warned, "rules may refuse pushes to " + ledger.Branch + ": " + strings.Join(unsure, ", "), "then nothing can be released", fix}
	case signed:
		return finding{state: report.OK, found: ledger.Branch + " requires signed commits; in a workflow GitHub makes and signs them"}
	}
	return finding{state: report.OK, found: "no rule refuses " + ledger.Branch}
}
