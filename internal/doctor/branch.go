package doctor

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// defaultBranch: policy, waivers and key are read from it, so who can push to it
// unseen decides everything (GP-GATE-6).
func defaultBranch(p *patient) finding {
	h := p.hub
	if h.free() {
		return finding{report.Warned, "the plan has no rulesets and no branch protection here", "who may write may push to " + h.repository.Branch + ", past every check", []string{
			"make the repository public, or take a plan that has rulesets; until then let few people write",
		}}
	}
	rules, hidden := union(h.rules, h.protection)
	if len(rules.From) == 0 {
		if hidden != nil {
			return unseen(hidden)
		}
		return finding{report.Failed, "nothing guards " + h.repository.Branch, "who may write may push to it, past every check", p.ruleset()}
	}
	var lacks []string
	for _, l := range []struct {
		has  bool
		what string
	}{
		{rules.PullRequest, "changes need no pull request"},
		{p.requires(rules.Checks), "no check of goldenpath is required"},
		{rules.NoForce, "history may be rewritten"},
		{rules.NoDeletion, "it may be deleted"},
		{rules.CodeOwners, "code owners need not approve"},
	} {
		if !l.has {
			lacks = append(lacks, l.what)
		}
	}
	from := strings.Join(rules.From, " and ")
	switch {
	case len(lacks) > 0 && hidden != nil:
		return finding{report.Missing, fmt.Sprintf("%s guards %s; not seen in it: %s", from, h.repository.Branch, strings.Join(lacks, ", ")), unseen(hidden).then, nil}
	case len(lacks) > 0:
		return finding{report.Warned, fmt.Sprintf("%s guards %s, but %s", from, h.repository.Branch, strings.Join(lacks, ", ")), "", p.ruleset()}
	}
	return finding{state: report.OK, seen: fmt.Sprintf("%s guards %s: pull request, checks, owners", from, h.repository.Branch)}
}

// union is what both of GitHub's ways ask for. hidden is why more may be asked for
// than is seen.
func union(a, b seen[github.Rules]) (all github.Rules, hidden error) {
	for _, s := range []seen[github.Rules]{a, b} {
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

// gates are the names under which GitHub shows the jobs of the gate and the
// scorecard on a pull request: that of the caller's job, then those of the called.
func (p *patient) gates() []string {
	var all []string
	for _, w := range p.workflows {
		if !w.on("pull_request") {
			continue
		}
		for _, j := range w.jobs {
			if j.event != "" && j.event != "pull_request" {
				continue
			}
			for _, r := range j.uses {
				name, _, is := r.parse()
				if !is || !r.job {
					continue
				}
				for _, inner := range p.known[name].Gates {
					all = append(all, j.shown+" / "+inner)
				}
			}
		}
	}
	return all
}

func (p *patient) requires(checks []string) bool {
	gates := p.gates()
	return slices.ContainsFunc(checks, func(c string) bool { return slices.Contains(gates, c) })
}

// ruleset is the command that sets up what is asked for.
func (p *patient) ruleset() []string {
	type check struct {
		Context string `json:"context"`
	}
	required := []check{}
	for _, g := range p.gates() {
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
			// A name of somebody else's must not end the quotes of the shell.
			`   "required_status_checks": `+strings.ReplaceAll(string(checks), "'", `\u0027`)+`}}`)
	}
	return append(lines, "]}' | "+p.api("POST", "/rulesets", "--input -"), "somebody who works alone sets required_approving_review_count to 0")
}

// tags: a version that can be moved is no version.
func tags(p *patient) finding {
	h := p.hub
	mend := []string{
		p.api("PUT", "/immutable-releases"),
		`printf '%s' '{"name": "tags", "target": "tag", "enforcement": "active", "conditions": {"ref_name": {"include": ["refs/tags/v*"], "exclude": []}},`,
		` "rules": [{"type": "update"}, {"type": "deletion"}]}' | ` + p.api("POST", "/rulesets", "--input -"),
	}
	if h.immutable.err == nil && h.immutable.value {
		return finding{state: report.OK, seen: "releases are immutable, with their tags"}
	}
	for _, t := range h.tags.value {
		if t.NoUpdate && t.NoDeletion && len(t.Exclude) == 0 && slices.ContainsFunc(t.Include, versions) {
			return finding{state: report.OK, seen: fmt.Sprintf("ruleset %s keeps tags from being moved and deleted", t.Name)}
		}
	}
	switch {
	case planned(h.tags.err):
		return finding{report.Warned, "the plan has no rulesets for tags here", "promote names a digest, and never a tag", mend[:1]}
	case h.tags.err != nil:
		return unseen(h.tags.err)
	case h.immutable.err != nil:
		return finding{report.Missing, "no ruleset guards tags; whether releases are immutable is not seen", unseen(h.immutable.err).then, nil}
	}
	return finding{report.Warned, "a tag of a release can be moved or deleted", "", mend}
}

// versions are patterns that hold the tags of versions.
func versions(pattern string) bool {
	return slices.Contains([]string{"~ALL", "refs/tags/*", "refs/tags/**", "refs/tags/**/*", "refs/tags/v*"}, pattern)
}
