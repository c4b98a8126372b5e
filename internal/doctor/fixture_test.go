package doctor_test

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/doctor"
	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

const pin = "4e1243bd22c66e76c2ba9eddc1f91394e57f9f83"

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

const release = `on: {push: {branches: [main]}}
jobs:
  promote:
    runs-on: ubuntu-24.04
    permissions: {contents: write}
    steps:
      - uses: seed-b235b314/goldenpath/actions/promote@` + pin + ` # v1
        with: {kubeconfig: "${{ secrets.KUBECONFIG }}", key: "${{ secrets.GOLDENPATH_KEY }}"}
`

const preview = `on: {pull_request: {types: [opened, synchronize, reopened, closed]}}
jobs:
  preview:
    permissions: {contents: read, deployments: write, id-token: write, packages: write, pull-requests: write}
    uses: seed-b235b314/goldenpath/.github/workflows/preview.yml@` + pin + ` # v1
    secrets: {kubeconfig: "${{ secrets.KUBECONFIG }}"}
`

const configured = `version: 1
app: shop
artifact: {build: sh build.sh, pack: dist, entrypoint: [/shop]}
preview: {target: kubernetes, chart: charts/shop, url: "https://{name}.example.com"}
environments:
  staging: {target: kubernetes, chart: charts/shop}
  production: {target: kubernetes, chart: charts/shop, from: staging}
`

// starter is one of the repository's own, pinned.
func starter(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("../../workflows/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), strings.Repeat("0", 40), pin)
}

func publicKey(t *testing.T) string {
	t.Helper()
	public, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// checkout are the files of a repository that has everything.
func checkout(t *testing.T) map[string]string {
	return map[string]string{
		".goldenpath.yml":                         configured,
		"build.sh":                                "go build -o dist/shop .\n",
		"main.go":                                 "package main\n\nvar port = os.Getenv(\"PORT\")\n",
		".goldenpath/evidence.pub":                publicKey(t),
		".github/workflows/goldenpath.yml":        starter(t, "security.yml"),
		".github/workflows/goldenpath-sweep.yml":  starter(t, "sweep.yml"),
		".github/workflows/goldenpath-prev.yml":   preview,
		".github/workflows/goldenpath-ship.yml":   release,
		".github/dependabot.yml":                  "version: 2\nupdates:\n- {package-ecosystem: github-actions, directory: /, schedule: {interval: weekly}}\n",
		".github/CODEOWNERS":                      "* @acme/all\n/.goldenpath* @acme/platform\n",
		"package.json":                            `{"dependencies": {"react": "19.0.0"}}`,
		"package-lock.json":                       "{}",
		"web/testdata/package.json":               `{"dependencies": {"left-pad": "1"}}`,
		".github/workflows/not-a-workflow/x.yml":  ": : :",
		"docs/a file with a \u202e and blanks.md": "",
	}
}

// settings are those of a repository on GitHub that has everything.
func settings() githubtest.Settings {
	return githubtest.Settings{
		Rules: []githubtest.Rule{
			{Type: "deletion"}, {Type: "non_fast_forward"},
			{Type: "pull_request", Parameters: map[string]any{"required_approving_review_count": 1, "require_code_owner_review": true}},
			{Type: "required_status_checks", Parameters: map[string]any{"required_status_checks": []map[string]any{{"context": "goldenpath / scan"}}}},
		},
		ImmutableReleases: true,
		Environments: []githubtest.Environment{
			{Name: "staging", Branches: []string{"main"}, Secrets: []string{"API_KEY"}},
			{Name: "production", Reviewers: []string{"ann"}, NoSelfReview: true, Branches: []string{"main"}},
			{Name: "preview/pr-1"},
		},
		Actions: githubtest.Policy{Pinned: true},
		Subject: githubtest.Subject{Immutable: true},
		Secrets: []string{"GOLDENPATH_KEY", "KUBECONFIG", "PREVIEW_KUBECONFIG"},
		Workflows: []githubtest.Workflow{{File: "goldenpath-sweep.yml", Runs: []githubtest.Run{
			{Event: "schedule", Created: now.Add(-10 * time.Minute)}, {Event: "schedule", Conclusion: "success", Created: now.Add(-time.Hour)},
		}}},
	}
}

// repo is a repository, locally and on GitHub.
type repo struct {
	hosted bool // in a workflow: this machine needs no advisories
	t      *testing.T
	files  map[string]string
	loose  []string // files that git does not track
	hub    *githubtest.Server
	token  string // "": GitHub is not asked
	waive  error
}

func healthy(t *testing.T) *repo {
	p := &repo{t: t, files: checkout(t), hub: githubtest.Start(t, "acme/shop"), token: "ann"}
	p.hub.Settings, p.hub.Now = settings(), func() time.Time { return now }
	p.hub.Tokens["ann"] = githubtest.Token{Account: githubtest.Account{ID: 9, Login: "ann"}}
	return p
}

func (p *repo) dir() string {
	dir := p.t.TempDir()
	for name, content := range p.files {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(content), 0o644)); err != nil {
			p.t.Fatal(err)
		}
	}
	return dir
}

func (p *repo) examine(dir string) (*report.Report, error) {
	o := doctor.Options{Dir: dir, Repository: "acme/shop", Commit: pin}
	if !p.hosted {
		o.Databases = p.t.TempDir()
		npm := filepath.Join(o.Databases, "osv-scalibr", "npm")
		if err := errors.Join(os.MkdirAll(npm, 0o755), os.WriteFile(filepath.Join(npm, "all.zip"), nil, 0o644)); err != nil {
			p.t.Fatal(err)
		}
	}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !slices.Contains(p.loose, name) {
			o.Files = append(o.Files, name)
		}
		return err
	})
	if err != nil {
		p.t.Fatal(err)
	}
	d := doctor.Deps{Why: "a test", Now: func() time.Time { return now }, Waivers: func(string, time.Duration) (int, error) { return 2, p.waive }}
	if p.token != "" {
		d.GitHub, err = github.New(github.Options{
			Repository: "acme/shop", API: p.hub.URL, Token: p.token, Now: d.Now,
			Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
		})
		if err != nil {
			p.t.Fatal(err)
		}
	}
	return doctor.Examine(p.t.Context(), d, o)
}

func find(t *testing.T, r *report.Report, name string) report.Check {
	t.Helper()
	for _, c := range r.Checks {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no check %s", name)
	return report.Check{}
}

// remedy returns the remedy of a check.
func remedy(t *testing.T, r *report.Report, name string) []string {
	for _, m := range dataOf[[]doctor.Remedy](t, r) {
		if m.Check == name {
			return m.Lines
		}
	}
	return nil
}

func dataOf[T any](t *testing.T, r *report.Report) T {
	t.Helper()
	v, err := report.DataOf[T](r)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
