package doctor_test

import (
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestHealthy: GP-GOV-3: a repository that has everything passes in everything.
func TestHealthy(t *testing.T) {
	p := healthy(t)
	r, err := p.examine(p.dir())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Checks {
		if c.State != report.OK && c.Name != "server" { // it deploys to a cluster
			t.Errorf("%s: %s %s (%s)", c.Name, c.State, c.Result, c.Note)
		}
	}
	if r.Verdict != report.Pass || r.Reason != "passed" || r.Title != "29 of 29 checks passed" {
		t.Errorf("%s %s %q", r.Verdict, r.Reason, r.Title)
	}
}

// TestOffline: a check that needs GitHub is skipped, and does not pass.
func TestOffline(t *testing.T) {
	p := healthy(t)
	p.token = ""
	r, err := p.examine(p.dir())
	if err != nil {
		t.Fatal(err)
	}
	skipped := 0
	for _, c := range r.Checks {
		switch c.State {
		case report.OK, report.NotApplicable:
		case report.Skipped:
			skipped++
		default:
			t.Errorf("%s: %s %s", c.Name, c.State, c.Result)
		}
	}
	if skipped != 14 || r.Verdict != report.Warn || r.Reason != "not-everything-checked" || len(p.hub.Requests()) > 0 {
		t.Errorf("%d skipped, %s %s, %d requests", skipped, r.Verdict, r.Reason, len(p.hub.Requests()))
	}
}

// TestCheckout: each problem in the checkout, and how it is reported.
func TestCheckout(t *testing.T) {
	const sweepFile, own = ".github/workflows/goldenpath-sweep.yml", ".github/workflows/goldenpath.yml"
	replace := func(file, old, with string) func(*repo) {
		return func(p *repo) {
			if !strings.Contains(p.files[file], old) {
				p.t.Fatalf("%s has no %q", file, old)
			}
			p.files[file] = strings.ReplaceAll(p.files[file], old, with)
		}
	}
	without := func(names ...string) func(*repo) {
		return func(p *repo) {
			for _, n := range names {
				delete(p.files, n)
			}
		}
	}
	with := func(name, content string) func(*repo) { return func(p *repo) { p.files[name] = content } }
	loose := func(name string) func(*repo) { return func(p *repo) { p.loose = []string{name} } }
	for name, tt := range map[string]struct {
		alter func(*repo)
		check string
		state report.State
		want  string // in the result or the note
		fix   string
	}{
		"no configuration":           {without(".goldenpath.yml"), "configuration", report.Warned, "no .goldenpath.yml", "goldenpath init"},
		"a mistake in it":            {with(".goldenpath.yml", "version: 1\nap: x\n"), "configuration", report.Failed, `.goldenpath.yml:2:1 unknown key "ap"`, `did you mean "app"?`},
		"it is not committed":        {loose(".goldenpath.yml"), "configuration", report.Warned, "not committed", "git add --force .goldenpath.yml"},
		"no starter":                 {without(sweepFile, own, ".github/workflows/goldenpath-prev.yml", ".github/workflows/goldenpath-ship.yml"), "starters", report.Failed, "no workflow uses goldenpath", "goldenpath init"},
		"a starter that is not YAML": {with(own, "on: [\n"), "starters", report.Failed, ".github/workflows/goldenpath.yml: yaml:", "fix the YAML"},
		"a starter not committed":    {loose(own), "starters", report.Warned, "not committed: .github/workflows/goldenpath.yml", "git add -- .github/workflows/goldenpath.yml"},
		"GP-PATH-1 zeros":            {replace(own, pin, strings.Repeat("0", 40)), "pins", report.Failed, "still has the zeros of the starter", "the full commit of one release"},
		"GP-PATH-1 a tag":            {replace(own, pin, "v1"), "pins", report.Failed, `goldenpath.yml:18 uses "v1", which can be moved`, "the full commit"},
		"GP-PATH-1 a short commit":   {replace(own, pin, pin[:7]), "pins", report.Failed, "can be moved", ""},
		"GP-PATH-1 two commits":      {replace(sweepFile, pin, strings.Repeat("a", 40)), "pins", report.Warned, "2 commits: 4e1243b in", "the same in every file"},
		"too few permissions":        {replace(own, "security-events: write", "security-events: read"), "permissions", report.Failed, "security.yml requests security-events: write", "security-events: write"},
		"no permissions":             {replace(own, "    permissions:\n      actions: read # code scanning reads the run\n      contents: read # the scanned commit, and its base\n      security-events: write # code scanning receives the findings\n", ""), "permissions", report.Failed, "requests actions: read, contents: read, security-events: write", "permissions:"},
		"permissions of the setting": {with(".github/workflows/x.yml", "on: push\njobs: {a: {uses: seed-b235b314/goldenpath/.github/workflows/scorecard.yml@"+pin+"}}\n"), "permissions", report.Warned, "no permissions are declared", "exactly the permissions of the starter"},
		"write-all":                  {with(".github/workflows/x.yml", "on: push\npermissions: write-all\njobs: {a: {uses: seed-b235b314/goldenpath/.github/workflows/scorecard.yml@"+pin+"}}\n"), "permissions", report.Warned, "write-all", ""},
		"more than is asked for":     {replace(own, "actions: read", "packages: write\n      actions: read"), "permissions", report.Warned, "packages: write is granted but not requested", ""},
		"a workflow we do not have":  {replace(own, "/security.yml", "/lunch.yml"), "permissions", report.Warned, "calls lunch.yml, which is unknown to this version", ""},
		"GP-SAFE-3 the path":         {replace(own, "  pull_request:", "  pull_request_target:"), "triggers", report.Failed, "pull_request_target starts .github/workflows/goldenpath.yml", "on: pull_request"},
		"GP-SAFE-3 another workflow": {with(".github/workflows/label.yml", "on: [pull_request_target]\njobs: {}\n"), "triggers", report.Warned, "pull_request_target starts .github/workflows/label.yml", "on: pull_request"},
		"GP-PREV-4 no sweep":         {without(sweepFile), "sweep", report.Failed, "no schedule sweeps them", "goldenpath-sweep.yml"},
		"GP-PREV-4 too rare": {func(p *repo) {
			replace(".goldenpath.yml", "target: kubernetes, chart: charts/shop, url: \"https://{name}.example.com\"", "target: terraform, terraform: infra")(p)
			replace(sweepFile, "17 */6 * * *", "17 */12 * * *")(p)
		}, "sweep", report.Warned, "the longest pause between scheduled sweeps is 12h, but preview.sweep-every is 6h", "sweep-every: 12h"},
		"GP-PREV-4 effective time":      {replace(sweepFile, "17 */6 * * *", "17 */12 * * *"), "sweep", report.Missing, "a preview with a TTL of 24h is removed after 36h at most, unless the controller", "goldenpath preview controller"},
		"GP-PREV-4 rarer than the ttl":  {replace(sweepFile, "17 */6 * * *", "17 3 * * 1-5"), "sweep", report.Failed, "3d, longer than preview.ttl (24h)", ""},
		"GP-PREV-4 beside a controller": {replace(".goldenpath.yml", "target: kubernetes, chart: charts/shop, url", "target: kubernetes, ttl: 4h, sweep-every: 10m, chart: charts/shop, url"), "sweep", report.Missing, "scheduled sweeps is 6h, and preview.sweep-every is 10m", "goldenpath preview controller"},
		"no schedule GitHub reads":      {replace(sweepFile, "17 */6 * * *", "'@hourly'"), "sweep", report.Failed, `cron "@hourly": want five fields`, "cron: 17"},
		"a day that never comes":        {replace(sweepFile, "17 */6 * * *", "0 0 30 2 *"), "sweep", report.Failed, "never runs", ""},
		"a schedule with other events":  {replace(sweepFile, "  workflow_dispatch:", "  pull_request:\n  workflow_dispatch:"), "sweep", report.Warned, "also runs on pull_request", "its own workflow"},
		"no previews":                   {without(".github/workflows/goldenpath-prev.yml"), "sweep", report.NotApplicable, "no previews are created on GitHub", ""},
		"previews of a process":         {replace(".goldenpath.yml", "target: kubernetes, chart: charts/shop, url: \"https://{name}.example.com\"", "target: process"), "sweep", report.NotApplicable, "no previews are created on GitHub", ""},
		"nothing updates":               {without(".github/dependabot.yml"), "updates", report.Warned, "nothing updates", "goldenpath init --with github"},
		"actions are not updated":       {with(".github/dependabot.yml", "updates: [{package-ecosystem: npm}]"), "updates", report.Warned, "does not cover github-actions", "package-ecosystem: github-actions"},
		"Renovate":                      {func(p *repo) { delete(p.files, ".github/dependabot.yml"); p.files["renovate.json"] = "{}" }, "updates", report.OK, "renovate.json", ""},
		"no owners":                     {without(".github/CODEOWNERS"), "code owners", report.Warned, "no CODEOWNERS", "goldenpath init --with github"},
		"no owner of the waivers":       {with(".github/CODEOWNERS", "* @a\n.goldenpath/\n"), "code owners", report.Warned, "names no owner for .goldenpath/waivers.yml, .goldenpath/baseline.json, .goldenpath/evidence.pub", "/.goldenpath/"},
		"unreadable owners":             {with(".github/CODEOWNERS", "* someone\n"), "code owners", report.Warned, "CODEOWNERS", ""},
		"waivers with a mistake":        {func(p *repo) { p.waive = report.Usage(".goldenpath/waivers.yml:3:1 has no owner") }, "waivers", report.Failed, "waivers.yml:3:1 has no owner", "has no owner"},
		"no key":                        {without(".goldenpath/evidence.pub"), "evidence key", report.Failed, "no .goldenpath/evidence.pub", "goldenpath key"},
		"a private key":                 {with(".goldenpath/evidence.pub", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"), "evidence key", report.Failed, "contains a private key", "git rm --cached"},
		"no key at all":                 {with(".goldenpath/evidence.pub", "hello"), "evidence key", report.Failed, "not PEM", "goldenpath key"},
		"a key not committed":           {loose(".goldenpath/evidence.pub"), "evidence key", report.Failed, "is not committed", "git add"},
		"no lock file":                  {without("package-lock.json"), "lock files", report.Warned, "package.json has no lock file", "npm install --package-lock-only"},
		"a lock not committed":          {loose("package-lock.json"), "lock files", report.Warned, "package-lock.json is not committed", "git add --force -- package-lock.json"},
		"one lock of a workspace": {func(p *repo) {
			with("apps/web/package.json", `{"devDependencies": {"vite": "7"}}`)(p)
			with("package-lock.json", `{"packages": {"": {}, "apps/web": {}}}`)(p)
		}, "lock files", report.OK, "2 manifests have a lock file", ""},
		"no advisories":   {with("Cargo.lock", ""), "advisories", report.Warned, "no advisories for crates.io on this machine", "security-gate database update --ecosystems crates.io"},
		"in a workflow":   {func(p *repo) { p.hosted = true }, "advisories", report.NotApplicable, "asks osv.dev", ""},
		"nothing to lock": {without("package.json"), "lock files", report.NotApplicable, "no committed manifest names dependencies", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := healthy(t)
			p.token = ""
			tt.alter(p)
			r, err := p.examine(p.dir())
			if err != nil {
				t.Fatal(err)
			}
			expect(t, r, tt.check, tt.state, tt.want, tt.fix)
			switch {
			case tt.state == report.Failed && (r.Verdict != report.Fail || r.Reason != "path-broken"), tt.state == report.Warned && (r.Verdict != report.Warn || r.Reason != "gaps"):
				t.Errorf("verdict %s (%s)", r.Verdict, r.Reason)
			}
		})
	}
}

// expect asserts one row, and that a problem comes with a remedy.
func expect(t *testing.T, r *report.Report, name string, state report.State, want, fix string) {
	t.Helper()
	c := find(t, r, name)
	if c.State != state || !strings.Contains(c.Result+" "+c.Note, want) {
		t.Errorf("%s: %s %s (%s), want %s %s", name, c.State, c.Result, c.Note, state, want)
	}
	lines := strings.Join(remedy(t, r, name), "\n")
	if (state == report.Failed || state == report.Warned) && lines == "" || !strings.Contains(lines, fix) {
		t.Errorf("%s: remedy %q, want %q", name, lines, fix)
	}
}

// TestGitHub: each thing that is wrong on GitHub, and how it is reported.
func TestGitHub(t *testing.T) {
	set := func(alter func(*githubtest.Settings)) func(*repo) {
		return func(p *repo) { alter(&p.hub.Settings) }
	}
	private := func(free bool) func(*repo) {
		return func(p *repo) {
			p.hub.Private, p.hub.Settings.Free = true, free
			p.hub.Settings.Environments[1].Reviewers = nil
		}
	}
	for name, tt := range map[string]struct {
		alter func(*repo)
		check string
		state report.State
		want  string
		fix   string
	}{
		"free":                            {private(true), "plan", report.Warned, "GitHub Free", "Enterprise"},
		"private and not free":            {private(false), "plan", report.OK, "private, with rulesets", ""},
		"archived":                        {set(func(s *githubtest.Settings) { s.Archived = true }), "plan", report.Warned, "archived", "gh api -X PATCH repos/acme/shop -F archived=false"},
		"a branch that Free cannot guard": {private(true), "default branch", report.Warned, "the plan has no rulesets", ""},
		"nothing guards the branch":       {set(func(s *githubtest.Settings) { s.Rules = nil }), "default branch", report.Failed, "main is not protected", `{"context":"goldenpath / scan"}`},
		"the older way guards it": {set(func(s *githubtest.Settings) {
			s.Rules, s.Protection = nil, &githubtest.Protector{Checks: []string{"goldenpath / scan"}, CodeOwners: true}
		}), "default branch", report.OK, "branch protection protects main", ""},
		"no check of ours": {set(func(s *githubtest.Settings) { s.Rules = s.Rules[:3] }), "default branch", report.Warned, "no goldenpath check is required", "gh api -X POST repos/acme/shop/rulesets"},
		"both ways together": {set(func(s *githubtest.Settings) {
			s.Rules = s.Rules[:3]
			s.Protection = &githubtest.Protector{Checks: []string{"goldenpath / scan"}, Approvals: -1}
		}), "default branch", report.OK, "and branch protection protects main", ""},
		"rules of all branches": {set(func(s *githubtest.Settings) {
			s.Rules = append(s.Rules, githubtest.Rule{Branch: "goldenpath-ledger", Type: "pull_request"}, githubtest.Rule{Branch: "goldenpath-ledger", Type: "required_signatures"})
		}), "ledger", report.Failed, "rules refuse pushes to goldenpath-ledger: pull_request", "exclude refs/heads/goldenpath-ledger from ruleset 41 of acme/shop"},
		"rules about the form of a commit": {set(func(s *githubtest.Settings) {
			s.Rules = append(s.Rules, githubtest.Rule{Branch: "goldenpath-ledger", Type: "commit_author_email_pattern", Parameters: map[string]any{"operator": "ends_with", "pattern": "@acme.example"}})
		}), "ledger", report.Warned, "may refuse pushes to goldenpath-ledger: commit_author_email_pattern", "exclude refs/heads/goldenpath-ledger"},
		"signed commits": {set(func(s *githubtest.Settings) {
			s.Rules = append(s.Rules, githubtest.Rule{Branch: "goldenpath-ledger", Type: "required_signatures"})
		}), "ledger", report.OK, "GitHub makes and signs them", ""},
		"rules of main alone": {func(*repo) {}, "ledger", report.OK, "no rule refuses", ""},
		"tags move":           {set(func(s *githubtest.Settings) { s.ImmutableReleases = false }), "tags", report.Warned, "can be moved or deleted", "gh api -X PUT repos/acme/shop/immutable-releases"},
		"a ruleset of tags": {set(func(s *githubtest.Settings) {
			s.ImmutableReleases, s.TagRules = false, []githubtest.Ruleset{{ID: 3, Name: "versions", Include: []string{"refs/tags/v*"}, Rules: []string{"update", "deletion"}}}
		}), "tags", report.OK, "ruleset versions prevents moving", ""},
		"a ruleset of other tags": {set(func(s *githubtest.Settings) {
			s.ImmutableReleases, s.TagRules = false, []githubtest.Ruleset{{ID: 3, Name: "versions", Include: []string{"refs/tags/x*"}, Rules: []string{"update", "deletion"}}}
		}), "tags", report.Warned, "can be moved", ""},
		"GP-PATH-4 no environments":                {set(func(s *githubtest.Settings) { s.Environments = nil }), "environments", report.Warned, "not created: staging, production", "gh api -X PUT repos/acme/shop/environments/production"},
		"GP-PATH-4 no reviewers":                   {set(func(s *githubtest.Settings) { s.Environments[1].Reviewers = nil }), "reviewers", report.Warned, "production has no reviewers", "prevent_self_review=true"},
		"GP-PATH-4 who asks may approve":           {set(func(s *githubtest.Settings) { s.Environments[1].NoSelfReview = false }), "reviewers", report.Warned, "the person who starts a deployment can approve it", "prevent_self_review=true"},
		"GP-PATH-4 a plan without reviewers":       {private(false), "reviewers", report.Warned, "need GitHub Enterprise", ""},
		"GP-PATH-4 any branch deploys":             {set(func(s *githubtest.Settings) { s.Environments[1].Branches = nil }), "deployment branches", report.Warned, "any branch can deploy to production", "-f name=main"},
		"GP-PATH-4 a pattern of any branch":        {set(func(s *githubtest.Settings) { s.Environments[1].Branches = []string{"**/*"} }), "deployment branches", report.Warned, "matches any branch", ""},
		"GP-PATH-4 protected branches":             {set(func(s *githubtest.Settings) { s.Environments[1].Branches, s.Environments[1].Protected = nil, true }), "deployment branches", report.OK, "production: protected branches", ""},
		"GP-PATH-4 protected branches without one": {set(func(s *githubtest.Settings) { s.Rules, s.Environments[1].Protected = nil, true }), "deployment branches", report.Warned, "no branch is known to be protected", ""},
		"Actions are off":                          {set(func(s *githubtest.Settings) { s.Actions.Off = true }), "actions policy", report.Failed, "disabled", "enabled=true"},
		"our own alone":                            {set(func(s *githubtest.Settings) { s.Actions.Allowed = "local_only" }), "actions policy", report.Failed, "own owner", "patterns_allowed"},
		"not among the selected": {set(func(s *githubtest.Settings) {
			s.Actions.Allowed = "selected"
			s.Actions.Patterns = []string{"docker/*"}
		}), "actions policy", report.Failed, "not in the list of allowed actions: seed-b235b314/goldenpath", "seed-b235b314/goldenpath/*"},
		"blocked": {set(func(s *githubtest.Settings) {
			s.Actions.Allowed = "selected"
			s.Actions.Patterns = []string{"*", "!seed-b235b314/*"}
		}), "actions policy", report.Failed, "not in the list", ""},
		"among the selected": {set(func(s *githubtest.Settings) {
			s.Actions.Allowed = "selected"
			s.Actions.Patterns = []string{"Seed-b235b314/goldenpath/*"}
		}), "actions policy", report.OK, "is an allowed action", ""},
		"GitHub does not ask for pins": {set(func(s *githubtest.Settings) { s.Actions.Pinned = false }), "required pins", report.Warned, "not pinned to a full commit", "sha_pinning_required=true"},
		"jobs write":                   {set(func(s *githubtest.Settings) { s.Actions.Writes, s.Actions.Approves = true, true }), "job token", report.Warned, "can write when a workflow declares no permissions and can approve", "default_workflow_permissions=read"},
		"a subject of names":           {set(func(s *githubtest.Settings) { s.Subject.Immutable = false }), "oidc subject", report.Warned, "only names", "use_immutable_subject=true"},
		"a subject of our own": {set(func(s *githubtest.Settings) {
			s.Subject = githubtest.Subject{Claims: []string{"repository_id", "context"}}
		}), "oidc subject", report.OK, "consists of repository_id, context", ""},
		"GP-SAFE-1 a key of a cloud":        {set(func(s *githubtest.Settings) { s.OrganizationSecrets = []string{"PROD_AWS_SECRET_ACCESS_KEY"} }), "long-lived keys", report.Failed, "PROD_AWS_SECRET_ACCESS_KEY", "gh secret delete PROD_AWS_SECRET_ACCESS_KEY"},
		"GP-SAFE-1 a key of an environment": {set(func(s *githubtest.Settings) { s.Environments[1].Secrets = []string{"DEPLOY_SERVICE_ACCOUNT_KEY"} }), "long-lived keys", report.Failed, "DEPLOY_SERVICE_ACCOUNT_KEY of production", "--env production"},
		"GP-SAFE-1 a role is not a key":     {set(func(s *githubtest.Settings) { s.Secrets = append(s.Secrets, "AWS_ROLE_ARN", "MY_AWS_REGION") }), "long-lived keys", report.OK, "no secret has the name", ""},
		"no cluster":                        {set(func(s *githubtest.Settings) { s.Secrets = []string{"GOLDENPATH_KEY", "PREVIEW_KUBECONFIG"} }), "secrets", report.Failed, "missing: KUBECONFIG", "commands that set KUBECONFIG"},
		"a cluster of an environment": {set(func(s *githubtest.Settings) {
			s.Environments[0].Secrets, s.Secrets = []string{"KUBECONFIG"}, []string{"GOLDENPATH_KEY", "PREVIEW_KUBECONFIG"}
		}), "secrets", report.Failed, "missing: KUBECONFIG (only in the environment staging, whose secrets a called workflow gets empty)", "commands that set KUBECONFIG"},
		"a key where no job looks": {set(func(s *githubtest.Settings) {
			s.Environments[1].Secrets, s.Secrets = s.Secrets, []string{"KUBECONFIG", "PREVIEW_KUBECONFIG"}
		}), "secrets", report.Failed, "missing: GOLDENPATH_KEY", "gh secret set GOLDENPATH_KEY"},
		"nothing to sign with":                      {set(func(s *githubtest.Settings) { s.Secrets = nil }), "secrets", report.Failed, "missing: GOLDENPATH_KEY", "gh secret set GOLDENPATH_KEY"},
		"the sweep is disabled":                     {set(func(s *githubtest.Settings) { s.Workflows[0].State = "disabled_inactivity" }), "sweep runs", report.Failed, "is disabled_inactivity", "gh workflow enable goldenpath-sweep.yml"},
		"the sweep is not on the branch":            {set(func(s *githubtest.Settings) { s.Workflows = nil }), "sweep runs", report.Failed, "is unknown to GitHub", "merge"},
		"the sweep never ran":                       {set(func(s *githubtest.Settings) { s.Workflows[0].Runs = nil }), "sweep runs", report.Warned, "no scheduled run yet", "gh workflow run"},
		"the sweep ran long ago":                    {set(func(s *githubtest.Settings) { s.Workflows[0].Runs[0].Created = now.Add(-20 * time.Hour) }), "sweep runs", report.Warned, "20h ago", ""},
		"the sweep failed":                          {set(func(s *githubtest.Settings) { s.Workflows[0].Runs[1].Conclusion = "failure" }), "sweep runs", report.Warned, "ended with failure", "gh run list"},
		"GP-SAFE-2 text of others in what is shown": {set(func(s *githubtest.Settings) { s.OrganizationSecrets = []string{"AWS_ACCESS_KEY_ID\x1b[2J\n::error::x"} }), "secrets", report.OK, "GOLDENPATH_KEY", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := healthy(t)
			tt.alter(p)
			r, err := p.examine(p.dir())
			if err != nil {
				t.Fatal(err)
			}
			expect(t, r, tt.check, tt.state, tt.want, tt.fix)
		})
	}
}

// TestJobToken: the common case: a job's token sees little, and what it does not
// see never passes.
func TestJobToken(t *testing.T) {
	p := healthy(t)
	p.token = "job"
	r, err := p.examine(p.dir())
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]report.State{}
	for _, c := range r.Checks {
		if states[c.Name] = c.State; c.State == report.Missing && c.Note == "" {
			t.Errorf("%s: %s, and no way forward", c.Name, c.Result)
		}
	}
	for _, name := range []string{"actions policy", "required pins", "job token", "tags", "secrets", "long-lived keys"} {
		if states[name] != report.Missing {
			t.Errorf("%s: %s, want missing", name, states[name])
		}
	}
	for _, name := range []string{"default branch", "environments", "reviewers", "oidc subject", "sweep runs"} {
		if states[name] != report.OK {
			t.Errorf("%s: %s, want pass", name, states[name])
		}
	}
	if r.Verdict != report.Warn || r.Reason != "not-everything-checked" {
		t.Errorf("%s (%s)", r.Verdict, r.Reason)
	}
}

// TestNoAnswer: when GitHub is down, the result is an error and a report of the other
// checks.
func TestNoAnswer(t *testing.T) {
	for name, at := range map[string]string{"from the start": "", "in the middle": "/environments"} {
		t.Run(name, func(t *testing.T) {
			p := healthy(t)
			p.hub.Break(func(r *http.Request) (int, http.Header, string, bool) {
				return 503, nil, `{"message": "no"}`, strings.HasSuffix(r.URL.Path, at)
			})
			r, err := p.examine(p.dir())
			if err == nil || r == nil || report.ExitCode(r, err) != report.ExitFailure || r.Verdict == report.Pass {
				t.Fatalf("%+v, %v", r, err)
			}
			expect(t, r, "configuration", report.OK, "valid", "")
			expect(t, r, "job token", report.Missing, "could not", "")
			if n := len(p.hub.Requests()); n > 16 {
				t.Errorf("%d requests to a server that is down", n)
			}
		})
	}
	p := healthy(t)
	p.token = "old"
	_, err := p.examine(p.dir())
	var d *github.Denied
	if !errors.As(err, &d) || d.Status != http.StatusUnauthorized {
		t.Errorf("a token that expired: %v", err)
	}
}

// TestWithout: GP-PATH-4: on GitHub Free the report lists the missing protections and
// what replaces them.
func TestWithout(t *testing.T) {
	p := healthy(t)
	p.hub.Private, p.hub.Settings.Free = true, true
	r, err := p.examine(p.dir())
	if err != nil {
		t.Fatal(err)
	}
	if s := r.Sections[0]; !strings.Contains(s.Title, "GitHub Free") || len(s.Rows) != 5 {
		t.Errorf("%+v", s)
	}
}

// TestHostile: an untrusted checkout ends in a report.
func TestHostile(t *testing.T) {
	p := healthy(t)
	p.token = ""
	bomb := "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n"
	p.files[".github/workflows/bomb.yml"] = bomb + "on: *g\njobs: {a: {steps: *g}}\n"
	p.files[".github/workflows/deep.yml"] = strings.Repeat("[", 100_000)
	p.files[".github/workflows/odd.yml"] = "on: 3\njobs: {a: 3, b: [], c: {steps: 7, uses: [x]}, d: {permissions: [x], uses: 'seed-b235b314/goldenpath/../../etc/passwd@\"$(id)\"'}}\n"
	p.files[".github/workflows/large.yml"] = strings.Repeat("#", 2<<20)
	p.files[".github/dependabot.yml"] = bomb + "updates: *g\n"
	dir := p.dir()
	err := errors.Join(
		os.Symlink("/etc/passwd", filepath.Join(dir, ".github/workflows/link.yml")),
		syscall.Mkfifo(filepath.Join(dir, ".github/workflows/pipe.yml"), 0o600),
		os.Remove(filepath.Join(dir, ".goldenpath/evidence.pub")), os.Symlink("/dev/zero", filepath.Join(dir, ".goldenpath/evidence.pub")),
	)
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.examine(dir)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, r, "starters", report.Failed, ".github/workflows/", "fix the YAML")
	expect(t, r, "pins", report.Failed, `uses "\"$(id)\""`, "")
	expect(t, r, "evidence key", report.Failed, "", "")
	var log strings.Builder
	if err := r.WriteLog(&log); err != nil || strings.Contains(log.String(), "root:") {
		t.Errorf("%v\n%s", err, log.String())
	}
}

// TestRemediesAreCopied: GP-SAFE-2: an untrusted name stays one word of a command.
func TestRemediesAreCopied(t *testing.T) {
	p := healthy(t)
	bad := "'; touch " + t.TempDir() + "/owned; '$(touch owned)`touch owned`"
	p.files[".github/workflows/x'$(id).yml"] = "on: pull_request\njobs:\n  a:\n    name: \"" + bad + "\"\n    permissions: {contents: read}\n    uses: seed-b235b314/goldenpath/.github/workflows/scorecard.yml@" + pin + "\n"
	p.files["w'$(id) b/package.json"] = `{"dependencies": {"react": "19"}}`
	delete(p.files, "package-lock.json")
	p.loose = []string{".github/workflows/x'$(id).yml"}
	p.hub.Settings.Branch, p.hub.Settings.Rules, p.hub.Settings.Environments = "main'$(id)", nil, nil
	p.hub.Settings.Secrets = []string{"AWS_SECRET_ACCESS_KEY_'$(id)"}
	r, err := p.examine(p.dir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"starters", "lock files", "default branch", "environments", "long-lived keys"} {
		script := strings.Join(remedy(t, r, name), "\n")
		if !strings.Contains(script, "(id)") && !strings.Contains(script, "owned") {
			t.Errorf("%s: %s", name, script)
		}
		// The commands of the remedies are replaced with harmless functions.
		sh := exec.Command("sh", "-c", "gh() { cat >/dev/null; }; git() { :; }; npm() { :; }; cd() { :; }; id() { echo RAN >&2; }; touch() { echo RAN >&2; }\n"+script)
		sh.Stdin = strings.NewReader("")
		if out, _ := sh.CombinedOutput(); strings.Contains(string(out), "RAN") { // prose among the commands fails, and does no harm
			t.Errorf("%s runs the text of a name:\n%s\n%s", name, script, out)
		}
	}
}

// TestDocument: the table in docs/doctor.md lists exactly the checks.
func TestDocument(t *testing.T) {
	b, err := os.ReadFile("../../docs/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for line := range strings.Lines(string(b)) {
		if cells := strings.Split(line, "|"); len(cells) > 4 && !strings.Contains(line, "---") && strings.TrimSpace(cells[1]) != "check" {
			documented = append(documented, strings.TrimSpace(cells[1]))
		}
	}
	p := healthy(t)
	p.token = ""
	r, err := p.examine(p.dir())
	if err != nil {
		t.Fatal(err)
	}
	var checks []string
	for _, c := range r.Checks {
		checks = append(checks, c.Name)
	}
	if diff := cmp.Diff(documented, checks); diff != "" {
		t.Errorf("docs/doctor.md (-documented +examined):\n%s", diff)
	}
}
