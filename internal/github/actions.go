package github

import "context"

// ActionsPolicy is what the repository lets its workflows do.
type ActionsPolicy struct {
	Enabled  bool
	Allowed  string   // all, local_only, selected
	GitHub   bool     // of selected: GitHub's own actions
	Patterns []string // of selected: owner/name/*, owner/name@ref
	Pinned   bool     // uses: must name a full commit id
}

// ActionsPolicy reads it. What is not selected has no patterns.
func (c *Client) ActionsPolicy(ctx context.Context) (ActionsPolicy, error) {
	a := asked{"read the Actions policy", "administration: read"}
	p, err := get[struct {
		Enabled bool   `json:"enabled"`
		Allowed string `json:"allowed_actions"`
		Pinned  bool   `json:"sha_pinning_required"`
	}](ctx, c, a, "/actions/permissions")
	if err != nil {
		return ActionsPolicy{}, err
	}
	o := ActionsPolicy{Enabled: p.Enabled, Allowed: text(p.Allowed, 20), Pinned: p.Pinned}
	if o.Allowed != "selected" {
		return o, nil
	}
	s, err := get[struct {
		GitHub   bool     `json:"github_owned_allowed"`
		Patterns []string `json:"patterns_allowed"`
	}](ctx, c, a, "/actions/permissions/selected-actions")
	o.GitHub, o.Patterns = s.GitHub, texts(s.Patterns)
	return o, err
}

// JobToken is what a job's token may do where a workflow does not say.
type JobToken struct {
	Writes   bool // everything; else it reads
	Approves bool // pull requests
}

// JobToken reads it.
func (c *Client) JobToken(ctx context.Context) (JobToken, error) {
	a := asked{"read the default permissions of jobs", "administration: read"}
	p, err := get[struct {
		Default  string `json:"default_workflow_permissions"`
		Approves bool   `json:"can_approve_pull_request_reviews"`
	}](ctx, c, a, "/actions/permissions/workflow")
	return JobToken{Writes: p.Default != "read", Approves: p.Approves}, err
}

// Subject is the form of sub in the tokens that clouds trust.
type Subject struct {
	Claims    []string // that make it up; none: GitHub's own form
	Immutable bool     // it holds the ids of owner and repository, which no other ever gets
	Prefix    string   // "": GitHub does not say
}

// Subject reads it.
func (c *Client) Subject(ctx context.Context) (Subject, error) {
	a := asked{"read the form of the OIDC subject", "actions: read"}
	p, err := get[struct {
		Default   bool     `json:"use_default"`
		Claims    []string `json:"include_claim_keys"`
		Immutable bool     `json:"use_immutable_subject"`
		Prefix    string   `json:"sub_claim_prefix"`
	}](ctx, c, a, "/actions/oidc/customization/sub")
	o := Subject{Immutable: p.Immutable, Prefix: text(p.Prefix, 500)}
	if !p.Default {
		o.Claims = texts(p.Claims)
	}
	return o, err
}
