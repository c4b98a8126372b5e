package github

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
)

// Rules are the rules that protect a branch or tags. They come from rulesets or from
// branch protection.
type Rules struct {
	From        []string // names of rulesets, "branch protection"
	PullRequest bool     // changes need a pull request
	Approvals   int
	CodeOwners  bool // a code owner of the changed files must approve
	Checks      []string
	NoForce     bool // no force pushes
	NoDeletion  bool
	NoUpdate    bool // tags cannot be moved
	All         []Applied
}

// Applied is a rule that applies to a branch.
type Applied struct {
	Type string // as GitHub names it, such as required_signatures
	From string // its ruleset
}

// rule is a rule of a ruleset.
type rule struct {
	Type       string          `json:"type"`
	Source     string          `json:"ruleset_source"`
	ID         int64           `json:"ruleset_id"`
	Parameters json.RawMessage `json:"parameters"`
}

// add merges a rule into the rules.
func (r *Rules) add(one rule) error {
	var p struct {
		Approvals  int  `json:"required_approving_review_count"`
		CodeOwners bool `json:"require_code_owner_review"`
		Checks     []struct {
			Context string `json:"context"`
		} `json:"required_status_checks"`
		Workflows []struct {
			Path string `json:"path"`
		} `json:"workflows"`
	}
	if len(one.Parameters) > 0 {
		if err := json.Unmarshal(one.Parameters, &p); err != nil {
			return fmt.Errorf("cannot read rule %.40q of ruleset %d: %w", one.Type, one.ID, err)
		}
	}
	switch one.Type {
	case "pull_request":
		r.PullRequest, r.Approvals, r.CodeOwners = true, max(r.Approvals, p.Approvals), r.CodeOwners || p.CodeOwners
	case "required_status_checks":
		for _, c := range p.Checks {
			r.Checks = append(r.Checks, bounded(c.Context, 255))
		}
	case "workflows":
		for _, w := range p.Workflows {
			r.Checks = append(r.Checks, bounded(w.Path, 255))
		}
	case "non_fast_forward":
		r.NoForce = true
	case "deletion":
		r.NoDeletion = true
	case "update":
		r.NoUpdate = true
	}
	return nil
}

// BranchRules reads the active rules that rulesets of the repository and of the
// organisation apply to a branch. If the GitHub plan does not include rulesets, the
// error is a *Denied with Plan set.
func (c *Client) BranchRules(ctx context.Context, branch string) (Rules, error) {
	a := request{"read the rules of branch " + bounded(branch, 255), "metadata: read"}
	all, err := list(ctx, c, a, "/rules/branches/"+url.PathEscape(branch), func(p []rule) []rule { return p })
	if err != nil {
		return Rules{}, err
	}
	var r Rules
	for _, one := range all {
		if err := r.add(one); err != nil {
			return Rules{}, fmt.Errorf("cannot %s: %s: run it again", a.what, c.plain(err.Error()))
		}
		from := fmt.Sprintf("ruleset %d of %s", one.ID, bounded(one.Source, 255))
		if !slices.Contains(r.From, from) {
			r.From = append(r.From, from)
		}
		r.All = append(r.All, Applied{bounded(one.Type, 100), from})
	}
	return r, nil
}

// BranchProtection reads the classic protection of a branch. From is empty if the branch
// is not protected. The branch itself can be read by a job's token, but the details of
// its protection cannot; then BranchProtection returns the rules that the branch itself
// shows together with a *Denied.
func (c *Client) BranchProtection(ctx context.Context, branch string) (Rules, error) {
	a := request{"read branch " + bounded(branch, 255), "contents: read"}
	at := "/branches/" + url.PathEscape(branch)
	b, err := get[struct {
		Protection struct {
			Enabled bool `json:"enabled"`
			Checks  struct {
				Contexts []string `json:"contexts"`
			} `json:"required_status_checks"`
		} `json:"protection"`
	}](ctx, c, a, at)
	if err != nil || !b.Protection.Enabled {
		return Rules{}, err
	}
	r := Rules{From: []string{"branch protection"}}
	for _, s := range b.Protection.Checks.Contexts {
		r.Checks = append(r.Checks, bounded(s, 255))
	}
	a = request{"read the protection of branch " + bounded(branch, 255), "administration: read"}
	type allowed struct {
		Enabled bool `json:"enabled"`
	}
	p, err := get[struct {
		Reviews *struct {
			Approvals  int  `json:"required_approving_review_count"`
			CodeOwners bool `json:"require_code_owner_reviews"`
		} `json:"required_pull_request_reviews"`
		Force    allowed `json:"allow_force_pushes"`
		Deletion allowed `json:"allow_deletions"`
	}](ctx, c, a, at+"/protection")
	if err != nil {
		return r, err
	}
	r.NoForce, r.NoDeletion = !p.Force.Enabled, !p.Deletion.Enabled
	if p.Reviews != nil {
		r.PullRequest, r.Approvals, r.CodeOwners = true, p.Reviews.Approvals, p.Reviews.CodeOwners
	}
	return r, nil
}
