package github_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
)

// guarded is a repository whose settings are all set.
func guarded(now time.Time) githubtest.Settings {
	return githubtest.Settings{
		Branch: "release/main", Organization: true,
		Rules: []githubtest.Rule{
			{Type: "deletion"}, {Type: "non_fast_forward"},
			{Type: "pull_request", Parameters: map[string]any{"required_approving_review_count": 1, "require_code_owner_review": true}},
			{Type: "required_status_checks", Parameters: map[string]any{"required_status_checks": []map[string]any{{"context": "goldenpath / security / scan"}}}},
		},
		Protection: &githubtest.Protector{Checks: []string{"old"}, Approvals: 2},
		TagRules: []githubtest.Ruleset{
			{ID: 5, Name: "releases", Include: []string{"refs/tags/v*"}, Rules: []string{"update", "deletion"}},
			{ID: 6, Name: "trial", Enforcement: "evaluate", Include: []string{"~ALL"}, Rules: []string{"update"}},
		},
		Environments: []githubtest.Environment{
			{Name: "staging", Branches: []string{}},
			{Name: "production eu/1", Reviewers: []string{"ann", "bob"}, NoSelfReview: true, Wait: 5, Branches: []string{"main", "release/*"}, Secrets: []string{"KUBECONFIG"}},
		},
		Actions: githubtest.Policy{Allowed: "selected", Patterns: []string{"seed-b235b314/goldenpath/*"}, Pinned: true, Writes: true, Approves: true},
		Subject: githubtest.Subject{Claims: []string{"repository_id", "context"}, Immutable: true},
		Secrets: []string{"GOLDENPATH_KEY"}, OrganizationSecrets: []string{"SHARED"},
		Workflows: []githubtest.Workflow{{File: "sweep.yml", State: "disabled_inactivity", Runs: []githubtest.Run{
			{Event: "workflow_dispatch", Created: now}, {Event: "schedule", Conclusion: "success", Created: now.Add(-time.Hour)},
		}}},
	}
}

// owner is a person who administers the repository.
var owner = githubtest.Token{Account: githubtest.Account{ID: 9, Login: "ann"}}

// TestSettings: GP-GOV-3: every read, as somebody who administers the repository.
func TestSettings(t *testing.T) {
	s, _, c := start(t, "job")
	s.Private, s.Settings = true, guarded(c.Now())
	s.Tokens["ann"] = owner
	g, ctx := client(t, s, "ann", c), t.Context()
	got := map[string]any{}
	take := func(name string, value any, err error) {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		got[name] = value
	}
	r, err := g.Repository(ctx)
	take("repository", r, err)
	rules, err := g.BranchRules(ctx, r.Branch)
	take("rules", rules, err)
	rules, err = g.BranchProtection(ctx, r.Branch)
	take("protection", rules, err)
	tags, err := g.TagRules(ctx)
	take("tags", tags, err)
	immutable, err := g.ImmutableReleases(ctx)
	take("immutable", immutable, err)
	environments, err := g.Environments(ctx)
	take("environments", environments, err)
	branches, err := g.DeploymentBranches(ctx, "production eu/1")
	take("branches", branches, err)
	policy, err := g.ActionsPolicy(ctx)
	take("policy", policy, err)
	token, err := g.JobToken(ctx)
	take("token", token, err)
	subject, err := g.Subject(ctx)
	take("subject", subject, err)
	secrets, err := g.Secrets(ctx)
	take("secrets", secrets, err)
	secrets, err = g.EnvironmentSecrets(ctx, "production eu/1")
	take("environment's secrets", secrets, err)
	workflow, err := g.Workflow(ctx, "sweep.yml")
	take("workflow", workflow, err)
	runs, err := g.Runs(ctx, "sweep.yml", "schedule")
	take("runs", runs, err)
	want := map[string]any{
		"repository": github.Repository{Visibility: "private", Branch: "release/main", Organization: true, Admin: true},
		"rules": github.Rules{
			From: []string{"ruleset 41 of o/where2eat"}, PullRequest: true, Approvals: 1, CodeOwners: true,
			Checks: []string{"goldenpath / security / scan"}, NoForce: true, NoDeletion: true,
			All: []github.Applied{
				{Type: "deletion", From: "ruleset 41 of o/where2eat"}, {Type: "non_fast_forward", From: "ruleset 41 of o/where2eat"},
				{Type: "pull_request", From: "ruleset 41 of o/where2eat"}, {Type: "required_status_checks", From: "ruleset 41 of o/where2eat"},
			},
		},
		"protection": github.Rules{From: []string{"branch protection"}, PullRequest: true, Approvals: 2, Checks: []string{"old"}, NoForce: true, NoDeletion: true},
		"tags":       []github.TagRules{{Name: "releases", Include: []string{"refs/tags/v*"}, Rules: github.Rules{NoUpdate: true, NoDeletion: true}}},
		"immutable":  false,
		"environments": []github.Environment{
			{Name: "staging", AdminsBypass: true, Branches: "patterns"},
			{Name: "production eu/1", Reviewers: 2, NoSelfReview: true, AdminsBypass: true, Wait: 5, Branches: "patterns"},
		},
		"branches":              []string{"main", "release/*"},
		"policy":                github.ActionsPolicy{Enabled: true, Allowed: "selected", GitHub: true, Patterns: []string{"seed-b235b314/goldenpath/*"}, Pinned: true},
		"token":                 github.JobToken{Writes: true, Approves: true},
		"subject":               github.Subject{Claims: []string{"repository_id", "context"}, Immutable: true, Prefix: "repo:o@7/where2eat@1"},
		"secrets":               []string{"GOLDENPATH_KEY", "SHARED"},
		"environment's secrets": []string{"KUBECONFIG"},
		"workflow":              github.Workflow{State: "disabled_inactivity"},
		"runs":                  []github.Run{{Created: c.Now().Add(-time.Hour), Status: "completed", Conclusion: "success", Link: "https://github.com/o/where2eat/actions/runs/1001"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestSettingsOfAJob: GP-GOV-3: what a job's token may not see is a refusal that
// is reported as such, never as a result or another error.
func TestSettingsOfAJob(t *testing.T) {
	s, _, c := start(t, "job")
	s.Settings = guarded(c.Now())
	s.Tokens["narrow"] = githubtest.Token{Account: githubtest.Actions, May: []string{"contents: read"}}
	s.Tokens["member"] = githubtest.Token{Account: githubtest.Account{ID: 10, Login: "eve"}, May: []string{"contents: read"}}
	for _, tt := range []struct {
		token   string
		private bool
		refused []string // calls
	}{
		{"job", false, []string{"protection", "immutable", "policy", "token", "secrets", "environment"}},
		{"narrow", true, []string{"protection", "immutable", "policy", "token", "secrets", "environment", "environments", "branches", "subject", "workflow", "runs"}},
		{"member", true, []string{"protection", "immutable", "policy", "token", "secrets", "environment", "environments", "branches", "subject", "workflow", "runs"}},
	} {
		t.Run(tt.token, func(t *testing.T) {
			s.Private = tt.private
			for name, err := range calls(t, client(t, s, tt.token, c)) {
				if !slices.Contains(tt.refused, name) {
					if err != nil {
						t.Errorf("%s: %v", name, err)
					}
					continue
				}
				var d *github.Denied
				if !errors.As(err, &d) || d.Status != http.StatusForbidden || d.Plan || d.Remedy == "" {
					t.Errorf("%s: %v, want a refusal", name, err)
				}
				if strings.Contains(err.Error(), "administration: read") && !strings.Contains(err.Error(), "a job's token cannot have") {
					t.Errorf("%s: %v: that permission cannot be granted", name, err)
				}
			}
		})
	}
}

// calls makes every read.
func calls(t *testing.T, g *github.Client) map[string]error {
	all, ctx := map[string]error{}, t.Context()
	_, all["repository"] = g.Repository(ctx)
	_, all["rules"] = g.BranchRules(ctx, "release/main")
	_, all["protection"] = g.BranchProtection(ctx, "release/main")
	_, all["tags"] = g.TagRules(ctx)
	_, all["immutable"] = g.ImmutableReleases(ctx)
	_, all["environments"] = g.Environments(ctx)
	_, all["branches"] = g.DeploymentBranches(ctx, "staging")
	_, all["policy"] = g.ActionsPolicy(ctx)
	_, all["token"] = g.JobToken(ctx)
	_, all["subject"] = g.Subject(ctx)
	_, all["secrets"] = g.Secrets(ctx)
	_, all["environment"] = g.EnvironmentSecrets(ctx, "staging")
	_, all["workflow"] = g.Workflow(ctx, "sweep.yml")
	_, all["runs"] = g.Runs(ctx, "sweep.yml", "schedule")
	return all
}

// TestSettingsOfThePlan: a private repository on GitHub Free has no rulesets, and
// the error reports that the plan is the reason.
func TestSettingsOfThePlan(t *testing.T) {
	s, _, c := start(t, "job")
	s.Private, s.Settings = true, guarded(c.Now())
	s.Settings.Free, s.Tokens["ann"] = true, owner
	for name, err := range calls(t, client(t, s, "ann", c)) {
		var d *github.Denied
		switch planned := name == "rules" || name == "tags" || name == "protection"; {
		case planned && (!errors.As(err, &d) || !d.Plan || !strings.Contains(err.Error(), "the plan does not include it")):
			t.Errorf("%s: %v, want a refusal for the plan", name, err)
		case !planned && err != nil:
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSettingsBroken: what GitHub does not answer in full is an error.
func TestSettingsBroken(t *testing.T) {
	s, g, _ := start(t, "job")
	for name, body := range map[string]string{"cut": `{"default_branch": "ma`, "another kind": `[1, 2]`, "nothing": ``, "no branch": `{"default_branch": ""}`} {
		s.Break(always(200, nil, body))
		r, err := g.Repository(t.Context())
		if err == nil || r.Branch != "" {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
		var d *github.Denied
		if errors.As(err, &d) {
			t.Errorf("%s: %v is taken for a refusal", name, err)
		}
	}
	s.Break(always(200, nil, `[{"type": "pull_request", "parameters": []}]`))
	if r, err := g.BranchRules(t.Context(), "main"); err == nil {
		t.Errorf("rules %+v of parameters that are none", r)
	}
}

func TestSecretsOverPages(t *testing.T) {
	s, _, c := start(t, "job")
	s.Tokens["ann"] = owner
	for range 250 {
		s.Settings.Secrets = append(s.Settings.Secrets, "A")
	}
	all, err := client(t, s, "ann", c).Secrets(t.Context())
	if err != nil || len(all) != 250 {
		t.Errorf("%d names, %v", len(all), err)
	}
	if n := sent(s, "GET", "/actions/secrets"); n != 3 {
		t.Errorf("%d requests, want 3", n)
	}
}

// TestConditional: a call that is repeated asks whether something has changed, and
// an answer that is kept is never served without asking.
func TestConditional(t *testing.T) {
	s, g, _ := start(t, "job")
	s.SetPull(pull())
	for range 2 {
		if p, err := g.PullRequest(t.Context(), 12); err != nil || p.State != "open" {
			t.Fatalf("%+v, %v", p, err)
		}
	}
	p := pull()
	p.State = "closed"
	s.SetPull(p)
	if p, err := g.PullRequest(t.Context(), 12); err != nil || p.State != "closed" {
		t.Errorf("GP-PREV-5 after it was closed: %+v, %v", p, err)
	}
	var tags []string
	for _, r := range s.Requests() {
		tags = append(tags, r.Header.Get("If-None-Match"))
	}
	if len(tags) != 3 || tags[0] != "" || tags[1] == "" || tags[2] != tags[1] {
		t.Errorf("tags that were sent: %q", tags)
	}
	s.Break(always(http.StatusNotModified, nil, ""))
	if one, err := g.PullRequest(t.Context(), 13); err == nil {
		t.Errorf("%+v: nothing has changed of what was never read", one)
	}
}
