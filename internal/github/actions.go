package github

import "context"

// ActionsPolicy describes which actions the workflows of a repository may use.
type ActionsPolicy struct {
	Enabled  bool
	Allowed  string   // all, local_only, selected
	GitHub   bool     // if selected: actions of GitHub itself
	Patterns []string // if selected: owner/name/*, owner/name@ref
	Pinned   bool     // uses: must name a full commit id
}

// ActionsPolicy reads which actions workflows may use. Patterns is empty unless Allowed
// is "selected".
func (c *Client) ActionsPolicy(ctx context.Context) (ActionsPolicy, error) {
	a := request{"read the Actions policy", "administration: read"}
	p, err := get[struct {
		Enabled bool   `json:"enabled"`
		Allowed string `json:"allowed_actions"`
		Pinned  bool   `json:"sha_pinning_required"`
	}](ctx, c, a, "/actions/permissions")
	if err != nil {
		return ActionsPolicy{}, err
	}
	o := ActionsPolicy{Enabled: p.Enabled, Allowed: bounded(p.Allowed, 20), Pinned: p.Pinned}
	if o.Allowed != "selected" {
		return o, nil
	}
	s, err := get[struct {
		GitHub   bool     `json:"github_owned_allowed"`
		Patterns []string `json:"patterns_allowed"`
	}](ctx, c, a, "/actions/permissions/selected-actions")
	o.GitHub, o.Patterns = s.GitHub, boundedAll(s.Patterns)
	return o, err
}

// JobToken is the default permission of GITHUB_TOKEN in workflows that set no
// permissions.
type JobToken struct {
	Writes   bool // it may write everything; false: it may only read
	Approves bool // it may approve pull requests
}

// JobToken reads the default permission of GITHUB_TOKEN.
func (c *Client) JobToken(ctx context.Context) (JobToken, error) {
	a := request{"read the default permissions of jobs", "administration: read"}
	p, err := get[struct {
		Default  string `json:"default_workflow_permissions"`
		Approves bool   `json:"can_approve_pull_request_reviews"`
	}](ctx, c, a, "/actions/permissions/workflow")
	return JobToken{Writes: p.Default != "read", Approves: p.Approves}, err
}

// Subject is the form of the `sub` claim in the repository's OIDC tokens, which cloud
// providers check.
type Subject struct {
	Claims    []string // that it consists of; none: GitHub's default
	Immutable bool     // it contains the ids of owner and repository, which are never reused
	Prefix    string   // "": not known
}

// Subject reads the form of the `sub` claim.
func (c *Client) Subject(ctx context.Context) (Subject, error) {
	a := request{"read the form of the OIDC subject", "actions: read"}
	p, err := get[struct {
		Default   bool     `json:"use_default"`
		Claims    []string `json:"include_claim_keys"`
		Immutable bool     `json:"use_immutable_subject"`
		Prefix    string   `json:"sub_claim_prefix"`
	}](ctx, c, a, "/actions/oidc/customization/sub")
	o := Subject{Immutable: p.Immutable, Prefix: bounded(p.Prefix, 500)}
	if !p.Default {
		o.Claims = boundedAll(p.Claims)
	}
	return o, err
}
