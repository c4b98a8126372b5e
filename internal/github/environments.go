package github

import (
	"context"
	"net/url"
)

// Environment is a deployment environment of GitHub, with its protection.
type Environment struct {
	Name         string
	Reviewers    int // people and teams; one of them must approve
	NoSelfReview bool
	AdminsBypass bool
	Wait         int // minutes
	// Branches that may deploy: "" is every branch, protected, or patterns, which
	// DeploymentBranches reads.
	Branches string
}

// Environments reads all environments. When a job names an environment for the first
// time, GitHub creates the environment without protection rules.
func (c *Client) Environments(ctx context.Context) ([]Environment, error) {
	a := request{"read the environments", "actions: read"}
	type environment struct {
		Name   string `json:"name"`
		Bypass bool   `json:"can_admins_bypass"`
		Rules  []struct {
			Type         string     `json:"type"`
			Wait         int        `json:"wait_timer"`
			NoSelfReview bool       `json:"prevent_self_review"`
			Reviewers    []struct{} `json:"reviewers"`
		} `json:"protection_rules"`
		Policy *struct {
			Protected bool `json:"protected_branches"`
		} `json:"deployment_branch_policy"`
	}
	type page struct {
		Environments []environment `json:"environments"`
	}
	all, err := list(ctx, c, a, "/environments", func(p page) []environment { return p.Environments })
	if err != nil {
		return nil, err
	}
	var out []Environment
	for _, e := range all {
		one := Environment{Name: bounded(e.Name, 255), AdminsBypass: e.Bypass}
		for _, r := range e.Rules {
			one.Wait += r.Wait
			one.Reviewers += len(r.Reviewers)
			one.NoSelfReview = one.NoSelfReview || r.NoSelfReview
		}
		switch {
		case e.Policy != nil && e.Policy.Protected:
			one.Branches = "protected"
		case e.Policy != nil:
			one.Branches = "patterns"
		}
		out = append(out, one)
	}
	return out, nil
}

// DeploymentBranches reads the patterns of branches and tags that may deploy to an
// environment.
func (c *Client) DeploymentBranches(ctx context.Context, environment string) ([]string, error) {
	a := request{"read which branches may deploy to " + bounded(environment, 255), "actions: read"}
	type policy struct {
		Name string `json:"name"`
	}
	type page struct {
		Policies []policy `json:"branch_policies"`
	}
	all, err := list(ctx, c, a, "/environments/"+url.PathEscape(environment)+"/deployment-branch-policies", func(p page) []policy { return p.Policies })
	var out []string
	for _, p := range all {
		out = append(out, bounded(p.Name, 255))
	}
	return out, err
}
