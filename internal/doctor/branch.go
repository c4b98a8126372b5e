package doctor

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// defaultBranch checks that pushes to the default branch are reviewed (GP-GATE-6): the
// gate reads policy, waivers and key from it.
func defaultBranch(r *repo) finding {
	h := r.hub
	if h.free() {
		return finding{report.Warned, "the plan has no rulesets and no branch protection for this repository", "anyone with write access can push to " + h.repository.Branch + " without any check", []string{
			"make the repository public or choose a plan with rulesets; until then, give write access to few people",
		}}
	}
	rules, hidden := union(h.rules, h.protection)
	if len(rules.From) == 0 {
		if hidden != nil {
			return unseen(hidden)
		}
		return finding{report.Failed, h.repository.Branch + " is not protected", "anyone with write access can push to it without any check", r.ruleset()}
	}
	var lacks []string
	for _, l := range []struct {
		has  bool
		what string
	}{
		{rules.PullRequest, "no pull request is required"},
		{r.requires(rules.Checks), "no goldenpath check is required"},
		{rules.NoForce, "force pushes are allowed"},
		{rules.NoDeletion, "deletion is allowed"},
		{rules.CodeOwners, "code owner approval is not required"},
	} {
		if !l.has {
			lacks = append(lacks, l.what)
		}
	}
	from := strings.Join(rules.From, " and ")
	switch {
	case len(lacks) > 0 && hidden != nil:
		return finding{report.Missing, fmt.Sprintf("%s protects %s; could not be seen in it: %s", from, h.repository.Branch, strings.Join(lacks, ", ")), unseen(hidden).next, nil}
	case len(lacks) > 0:
		return finding{report.Warned, fmt.Sprintf("%s protects %s, but %s", from, h.repository.Branch, strings.Join(lacks, ", ")), "", r.ruleset()}
	}
	return finding{state: report.OK, found: fmt.Sprintf("%s protects %s: pull request, checks, code owners", from, h.repository.Branch)}
}

// union combines the requirements of rulesets and branch protection. hidden is the
// reason why there may be requirements that the token cannot see, or nil.
func union(a, b result[github.Rules]) (all github.Rules, hidden error) {
	for _, s := range []result[github.Rules]{a, b} {
		if s.err != nil {
			hidden = s.err
		}
		v := s.value
		all.From, all.Checks = append(all.From, v.From...), append(all.Checks, v.Checks...)
		all.PullRequest, all.CodeOwners = all.PullRequest || v.PullRequest, all.CodeOwners || v.CodeOwners
		all.NoForce, all.NoDeletion = all.NoForce || v.NoForce, all.NoDeletion || v.NoDeletion
		all.Approvals = max(all.Approvals, v.Approvals)
	}
	return all, hidden
}

// gates returns the check names of the gate and the scorecard on a pull request. GitHub
// composes them of the calling job's name and the names of the called jobs.
func (r *repo) gates() []string {
	var all []string
	for _, w := range r.workflows {
		if !w.on("pull_request") {
			continue
		}
		for _, j := range w.jobs {
			if j.event != "" && j.event != "pull_request" {
				continue
			}
			for _, ref := range j.uses {
				name, _, is := ref.parse()
				if !is || !ref.job {
					continue
				}
				for _, inner := range r.known[name].Gates {
					all = append(all, j.shown+" / "+inner)
				}
			}
		}
	}
	return all
}

func (r *repo) requires(checks []string) bool {
	gates := r.gates()
	return slices.ContainsFunc(checks, func(c string) bool { return slices.Contains(gates, c) })
}

// ruleset returns the command that creates the ruleset defaultBranch expects.
func (r *repo) ruleset() []string {
	type check struct {
		Context string `json:"context"`
	}
	required := []check{}
	for _, g := range r.gates() {
		required = append(required, check{g})
	}
	checks, err := json.Marshal(required)
	if err != nil {
		checks = []byte("[]")
	}
	lines := []string{
		`printf '%s' '{"name": "goldenpath", "target": "branch", "enforcement": "active",`,
		` "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},`,
		` "rules": [{"type": "deletion"}, {"type": "non_fast_forward"},`,
		`  {"type": "pull_request", "parameters": {"required_approving_review_count": 1, "require_code_owner_review": true,`,
		`   "dismiss_stale_reviews_on_push": true, "require_last_push_approval": true, "required_review_thread_resolution": false}}`,
	}
	if len(required) > 0 {
		lines[len(lines)-1] += ","
		lines = append(lines, `  {"type": "required_status_checks", "parameters": {"strict_required_status_checks_policy": false,`,
			// A name is untrusted and must not close the shell's quotes.
			`   "required_status_checks": `+strings.ReplaceAll(string(checks), "'", `\u0027`)+`}}`)
	}
	return append(lines, "]}' | "+r.api("POST", "/rulesets", "--input -"), "if you work alone, set required_approving_review_count to 0")
}

// tags checks that release tags cannot be moved or deleted.
func tags(r *repo) finding {
	h := r.hub
	fix := []string{
		r.api("PUT", "/immutable-releases"),
		`printf '%s' '{"name": "tags", "target": "tag", "enforcement": "active", "conditions": {"ref_name": {"include": ["refs/tags/v*"], "exclude": []}},`,
		` "rules": [{"type": "update"}, {"type": "deletion"}]}' | ` + r.api("POST", "/rulesets", "--input -"),
	}
	if h.immutable.err == nil && h.immutable.value {
		return finding{state: report.OK, found: "releases and their tags are immutable"}
	}
	for _, t := range h.tags.value {
		if t.NoUpdate && t.NoDeletion && len(t.Exclude) == 0 && slices.ContainsFunc(t.Include, versions) {
			return finding{state: report.OK, found: fmt.Sprintf("ruleset %s prevents moving and deleting tags", t.Name)}
		}
	}
	switch {
	case planned(h.tags.err):
		return finding{report.Warned, "the plan has no tag rulesets for this repository", "promote uses digests, never tags", fix[:1]}
	case h.tags.err != nil:
		return unseen(h.tags.err)
	case h.immutable.err != nil:
		return finding{report.Missing, "no ruleset protects tags; could not see whether releases are immutable", unseen(h.immutable.err).next, nil}
	}
	return finding{report.Warned, "a tag of a release can be moved or deleted", "", fix}
}

// versions reports whether a pattern covers version tags.
func versions(pattern string) bool {
	return slices.Contains([]string{"~ALL", "refs/tags/*", "refs/tags/**", "refs/tags/**/*", "refs/tags/v*"}, pattern)
}
