package githubtest

import (
	"net/http"
	"slices"
	"time"
)

// Settings are the settings that administrators of a repository can change.
type Settings struct {
	Branch       string // default branch; "": main
	Organization bool
	Internal     bool // a private repository that is visible in the enterprise
	Free         bool // a private repository on GitHub Free, without rulesets and protection
	Archived     bool

	Rules             []Rule
	Protection        *Protector // classic branch protection
	TagRules          []Ruleset
	ImmutableReleases bool

	Environments []Environment

	Actions Policy
	Subject Subject

	Secrets, OrganizationSecrets []string
	Workflows                    []Workflow
}

// Rule is a rule of a ruleset.
type Rule struct {
	Branch     string // that it applies to; "": the default branch
	Type       string
	Parameters map[string]any // in addition to its defaults
}

// Protector is classic branch protection.
type Protector struct {
	Checks          []string
	Approvals       int // -1: no pull request is required
	CodeOwners      bool
	Force, Deletion bool // are allowed
}

// Ruleset is a ruleset for tags.
type Ruleset struct {
	ID               int64
	Name             string
	Enforcement      string // "": active
	Include, Exclude []string
	Rules            []string // types
}

// Environment is a deployment environment.
type Environment struct {
	Name         string
	Reviewers    []string
	NoSelfReview bool
	Wait         int
	Protected    bool     // only protected branches may deploy
	Branches     []string // patterns
	Secrets      []string
}

// Policy describes which actions workflows may use.
type Policy struct {
	Off      bool
	Allowed  string // "": all
	Patterns []string
	Pinned   bool
	Writes   bool
	Approves bool
}

// Subject is the form of the OIDC subject.
type Subject struct {
	Claims    []string
	Immutable bool
}

// Workflow is a file on the default branch.
type Workflow struct {
	File  string
	State string // "": active
	Runs  []Run  // the newest first
}

// Run is a run of a workflow.
type Run struct {
	Event      string
	Conclusion string // "": still running
	Created    time.Time
}

// administered lists the permissions that a job's token cannot have, and that read
// access to a public repository does not include.
var administered = []string{"administration: read", "environments: read", "secrets: read"}

func (s *Server) settingsEndpoints() []endpoint {
	return []endpoint{
		{"GET ", "metadata: read", s.getRepository},
		{"GET rules/branches/*", "metadata: read", s.branchRules},
		{"GET branches/*", "contents: read", s.getBranch},
		{"GET branches/*/protection", "administration: read", s.getProtection},
		{"GET rulesets", "metadata: read", s.listRulesets},
		{"GET rulesets/#", "metadata: read", s.getRuleset},
		{"GET immutable-releases", "administration: read", s.immutableReleases},
		{"GET environments", "actions: read", s.listEnvironments},
		{"GET environments/*/deployment-branch-policies", "actions: read", s.listBranchPolicies},
		{"GET environments/*/secrets", "environments: read", s.listEnvironmentSecrets},
		{"GET actions/permissions", "administration: read", s.actionsPermissions},
		{"GET actions/permissions/selected-actions", "administration: read", s.selectedActions},
		{"GET actions/permissions/workflow", "administration: read", s.workflowPermissions},
		{"GET actions/oidc/customization/sub", "actions: read", s.oidcSubject},
		{"GET actions/secrets", "secrets: read", func(c call) answer { return s.secrets(c, s.Settings.Secrets) }},
		{"GET actions/organization-secrets", "secrets: read", func(c call) answer { return s.secrets(c, s.Settings.OrganizationSecrets) }},
		{"GET actions/workflows/*", "actions: read", s.getWorkflow},
		{"GET actions/workflows/*/runs", "actions: read", s.listRuns},
	}
}

// administers checks a token's permission for an endpoint in administered; if the
// permission is missing, no is true and refused is the response. A person's token
// without a list of permissions has all of them, a job's token has none, an app's token
// has those in its list.
func administers(e endpoint, who Token, known bool) (refused answer, no bool) {
	switch {
	case !known:
		return refuse(http.StatusUnauthorized, "Requires authentication"), true
	case slices.Contains(who.May, e.permission), who.May == nil && !who.Account.Bot:
		return answer{}, false
	case who.Account.Bot:
		return refuse(http.StatusForbidden, "Resource not accessible by integration"), true
	}
	return refuse(http.StatusForbidden, "Must have admin rights to Repository."), true
}

func (s *Server) getRepository(c call) answer {
	j := s.repositoryJSON(1, s.Repository, false)
	if owner := j["owner"].(map[string]any); s.Settings.Organization {
		owner["type"] = "Organization"
	}
	if s.Private && s.Settings.Internal {
		j["visibility"] = "internal"
	}
	admin := c.who.May == nil && !c.who.Account.Bot || slices.Contains(c.who.May, "administration: read")
	j["default_branch"], j["archived"] = s.branch(), s.Settings.Archived
	j["permissions"] = map[string]bool{"admin": admin, "push": admin, "pull": true}
	j["network_count"], j["subscribers_count"], j["has_discussions"] = 0, 0, false
	return ok(j)
}

func (s *Server) branch() string {
	if s.Settings.Branch == "" {
		return "main"
	}
	return s.Settings.Branch
}
