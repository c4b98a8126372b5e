package doctor

import (
	"regexp"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// actionsPolicy: whether GitHub runs the path at all.
func actionsPolicy(p *patient) finding {
	a := p.hub.policy
	mend := []string{p.api("PUT", "/actions/permissions", "-F enabled=true -f allowed_actions=selected -F sha_pinning_required=true"),
		p.api("PUT", "/actions/permissions/selected-actions", "-F github_owned_allowed=true -F verified_allowed=false -f 'patterns_allowed[]=seed-b235b314/goldenpath/*'")}
	switch {
	case a.err != nil:
		return unseen(a.err)
	case !a.value.Enabled:
		return finding{report.Failed, "Actions are switched off", "nothing of the path runs", mend}
	case a.value.Allowed == "local_only":
		return finding{report.Failed, "only actions of the repository's own owner may run", "GitHub refuses goldenpath's workflows", mend}
	case a.value.Allowed != "selected":
		return finding{state: report.OK, seen: "every action may run"}
	}
	var refused []string
	if !allowed(a.value.Patterns, "seed-b235b314/goldenpath/actions/scorecard@x") {
		refused = append(refused, "seed-b235b314/goldenpath")
	}
	if !a.value.GitHub && !allowed(a.value.Patterns, "actions/checkout@x") {
		refused = append(refused, "GitHub's own actions")
	}
	if len(refused) > 0 {
		return finding{report.Failed, "not among the actions that may run: " + strings.Join(refused, ", "), "GitHub refuses the whole run", mend[1:]}
	}
	return finding{state: report.OK, seen: "goldenpath is among the actions that may run"}
}

// allowed: patterns name owner/name/*, owner/name@ref, with * for anything; one
// that begins with ! blocks.
func allowed(patterns []string, action string) bool {
	is := func(pattern string) bool {
		re, err := regexp.Compile("(?i)^" + strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSpace(pattern)), `\*`, ".*") + "$")
		return err == nil && re.MatchString(action)
	}
	if slices.ContainsFunc(patterns, func(s string) bool { return strings.HasPrefix(s, "!") && is(s[1:]) }) {
		return false
	}
	return slices.ContainsFunc(patterns, is)
}

// requiredPins: GitHub itself refuses what is not pinned.
func requiredPins(p *patient) finding {
	a := p.hub.policy
	switch {
	case a.err != nil:
		return unseen(a.err)
	case !a.value.Enabled:
		return notApplicable("Actions are switched off")
	case !a.value.Pinned:
		set := a.value.Allowed
		if set == "" {
			set = "all"
		}
		return finding{report.Warned, "GitHub runs actions that no full commit pins", "a tag can be moved to other code", []string{
			p.api("PUT", "/actions/permissions", "-F enabled=true -f allowed_actions="+set+" -F sha_pinning_required=true"),
		}}
	}
	return finding{state: report.OK, seen: "GitHub refuses an action that no full commit pins"}
}

func jobToken(p *patient) finding {
	t := p.hub.token
	if t.err != nil {
		return unseen(t.err)
	}
	var open []string
	if t.value.Writes {
		open = append(open, "may write where a workflow states no permissions")
	}
	if t.value.Approves {
		open = append(open, "may approve pull requests")
	}
	if len(open) > 0 {
		return finding{report.Warned, "a job's token " + strings.Join(open, ", and "), "", []string{
			p.api("PUT", "/actions/permissions/workflow", "-f default_workflow_permissions=read -F can_approve_pull_request_reviews=false"),
		}}
	}
	return finding{state: report.OK, seen: "reads unless a workflow says more; approves nothing"}
}

// oidcSubject: a cloud that trusts names trusts whoever has them next.
func oidcSubject(p *patient) finding {
	s := p.hub.subject
	ids := func(c string) bool { return strings.HasSuffix(c, "repository_id") || c == "repository_owner_id" }
	switch {
	case s.err != nil:
		return unseen(s.err)
	case s.value.Immutable:
		return finding{state: report.OK, seen: strings.TrimSpace("holds the ids of owner and repository " + s.value.Prefix)}
	case slices.ContainsFunc(s.value.Claims, ids):
		return finding{state: report.OK, seen: "is made of " + strings.Join(s.value.Claims, ", ")}
	}
	return finding{report.Warned, "holds names alone, which somebody else can have after a rename", "", []string{
		"first let the trust policies of your clouds accept the new form as well (Settings → Actions → OIDC shows it), then:",
		p.api("PUT", "/actions/oidc/customization/sub", "-F use_default=true -F use_immutable_subject=true"),
	}}
}
