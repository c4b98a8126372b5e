package doctor

import (
	"regexp"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/workflows"
)

// actionsPolicy checks that GitHub is allowed to run goldenpath's workflows.
func actionsPolicy(r *repo) finding {
	a := r.hub.policy
	fix := []string{r.api("PUT", "/actions/permissions", "-F enabled=true -f allowed_actions=selected -F sha_pinning_required=true"),
		r.api("PUT", "/actions/permissions/selected-actions", "-F github_owned_allowed=true -F verified_allowed=false "+workflows.Own("-f 'patterns_allowed[]=seed-b235b314/goldenpath/*' -f 'patterns_allowed[]=seed-b235b314/goldenpath@*'"))}
	switch {
	case a.err != nil:
		return unseen(a.err)
	case !a.value.Enabled:
		return finding{report.Failed, "GitHub Actions is disabled", "no workflow runs", fix}
	case a.value.Allowed == "local_only":
		return finding{report.Failed, "only actions from the repository's own owner are allowed", "GitHub rejects goldenpath's workflows", fix}
	case a.value.Allowed != "selected":
		return finding{state: report.OK, found: "all actions are allowed"}
	}
	var refused []string
	if !allowed(a.value.Patterns, workflows.Repository()+"/actions/scorecard@x") {
		refused = append(refused, workflows.Repository())
	}
	if !a.value.GitHub && !allowed(a.value.Patterns, "actions/checkout@x") {
		refused = append(refused, "GitHub's own actions")
	}
	if len(refused) > 0 {
		return finding{report.Failed, "not in the list of allowed actions: " + strings.Join(refused, ", "), "GitHub rejects the whole run", fix[1:]}
	}
	return finding{state: report.OK, found: "goldenpath is an allowed action"}
}

// allowed reports whether the patterns allow an action. A pattern is owner/name/* or
// owner/name@ref, where * matches anything; a leading ! blocks the action.
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

// requiredPins checks that GitHub itself rejects actions without a full commit SHA.
func requiredPins(r *repo) finding {
	a := r.hub.policy
	switch {
	case a.err != nil:
		return unseen(a.err)
	case !a.value.Enabled:
		return notApplicable("GitHub Actions is disabled")
	case !a.value.Pinned:
		set := a.value.Allowed
		if set == "" {
			set = "all"
		}
		return finding{report.Warned, "GitHub runs actions that are not pinned to a full commit", "a tag can be moved to different code", []string{
			r.api("PUT", "/actions/permissions", "-F enabled=true -f allowed_actions="+set+" -F sha_pinning_required=true"),
		}}
	}
	return finding{state: report.OK, found: "GitHub rejects actions that are not pinned to a full commit"}
}

func jobToken(r *repo) finding {
	t := r.hub.token
	if t.err != nil {
		return unseen(t.err)
	}
	var open []string
	if t.value.Writes {
		open = append(open, "can write when a workflow declares no permissions")
	}
	if t.value.Approves {
		open = append(open, "can approve pull requests")
	}
	if len(open) > 0 {
		return finding{report.Warned, "the job token " + strings.Join(open, " and "), "", []string{
			r.api("PUT", "/actions/permissions/workflow", "-f default_workflow_permissions=read -F can_approve_pull_request_reviews=false"),
		}}
	}
	return finding{state: report.OK, found: "read-only by default; cannot approve pull requests"}
}

// oidcSubject checks that the OIDC subject contains ids. A name can be registered by
// someone else after a rename, and a cloud that trusts the name then trusts them.
func oidcSubject(r *repo) finding {
	s := r.hub.subject
	ids := func(c string) bool { return strings.HasSuffix(c, "repository_id") || c == "repository_owner_id" }
	switch {
	case s.err != nil:
		return unseen(s.err)
	case s.value.Immutable:
		return finding{state: report.OK, found: strings.TrimSpace("contains the ids of the owner and the repository " + s.value.Prefix)}
	case slices.ContainsFunc(s.value.Claims, ids):
		return finding{state: report.OK, found: "consists of " + strings.Join(s.value.Claims, ", ")}
	}
	return finding{report.Warned, "contains only names, which someone else can register after a rename", "", []string{
		"first make your cloud trust policies accept the new subject too (shown in Settings → Actions → OIDC), then:",
		r.api("PUT", "/actions/oidc/customization/sub", "-F use_default=true -F use_immutable_subject=true"),
	}}
}
