package github_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
)

const environment = "preview/pr-12"

func deployment(state string) github.Deployment {
	return github.Deployment{
		Environment: environment, Commit: commit, State: state, URL: "https://pr-12.example.com", LogURL: "https://github.com/o/where2eat/actions/runs/1",
		Description: "ready in 3 minutes",
	}
}

func shown(s *githubtest.Server, environment string) []string {
	var all []string
	for _, d := range s.Deployments(environment) {
		all = append(all, d.State())
	}
	return all
}

func TestDeploy(t *testing.T) {
	s, g, _ := start(t, "job")
	elsewhere := s.AddDeployment("preview/pr-1", other, "success")
	s.AddDeployment(environment, other, "success")
	s.AddDeployment(environment, other, "inactive") // by hand
	s.AddDeployment(environment, other, "failure")
	s.AddDeployment(environment, other, "") // its run was killed

	id, o, err := g.Deploy(t.Context(), deployment("in_progress"))
	if err != nil || !o.Done || id == 0 {
		t.Fatal(id, o, err)
	}
	if diff := cmp.Diff([]string{"success", "inactive", "failure", "pending", "in_progress"}, shown(s, environment)); diff != "" {
		t.Errorf("GP-PREV-9 the older ones stay while the new one is not a success:\n%s", diff)
	}
	if err := g.DeploymentStatus(t.Context(), id, deployment("success")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"inactive", "inactive", "inactive", "inactive", "success"}, shown(s, environment)); diff != "" {
		t.Errorf("GP-PREV-9 once it is:\n%s", diff)
	}
	all := s.Deployments(environment)
	made := all[len(all)-1]
	if !made.Transient || made.Production || made.Ref != commit || made.Description != "ready in 3 minutes" {
		t.Errorf("GP-PREV-9 %+v", made)
	}
	last := made.Statuses[len(made.Statuses)-1]
	last.ID = 0
	want := githubtest.Status{State: "success", Description: "ready in 3 minutes", LogURL: deployment("").LogURL, URL: "https://pr-12.example.com", Environ: environment}
	if diff := cmp.Diff(want, last); diff != "" {
		t.Error(diff)
	}

	if o, err := g.Retire(t.Context(), environment); err != nil || !o.Done {
		t.Fatal(o, err)
	}
	if got := shown(s, environment); slices.ContainsFunc(got, func(s string) bool { return s != "inactive" }) {
		t.Errorf("GP-PREV-9 after the teardown: %v", got)
	}
	if d := s.Deployments("preview/pr-1"); d[0].ID != elsewhere || d[0].State() != "success" {
		t.Errorf("another preview's was touched: %+v", d)
	}
	posts := sent(s, "POST", "")
	if o, err := g.Retire(t.Context(), environment); err != nil || !o.Done || sent(s, "POST", "") != posts {
		t.Errorf("a second time: %+v, %v, %d writes more", o, err, sent(s, "POST", "")-posts)
	}
	if o, err := g.Retire(t.Context(), "preview/pr-404"); err != nil || !o.Done {
		t.Errorf("an environment without any: %+v, %v", o, err)
	}
}

// TestRetireInterrupted: what an interruption leaves, the next success finds,
// although it does not look at every deployment there ever was.
func TestRetireInterrupted(t *testing.T) {
	s, g, _ := start(t, "job")
	for range 130 {
		s.AddDeployment(environment, other, "inactive")
	}
	for range 3 {
		s.AddDeployment(environment, other, "success")
	}
	id, _, err := g.Deploy(t.Context(), deployment("in_progress"))
	if err != nil {
		t.Fatal(err)
	}
	writes := 0
	s.Break(func(r *http.Request) (int, http.Header, string, bool) {
		if r.Method == http.MethodPost {
			writes++
		}
		return 403, nil, `{"message":"no"}`, writes > 2
	})
	if err := g.DeploymentStatus(t.Context(), id, deployment("success")); err == nil {
		t.Fatal("it was not interrupted")
	}
	s.Break(nil)
	if got := shown(s, environment)[130:]; !slices.Equal(got, []string{"inactive", "success", "success", "success"}) {
		t.Fatalf("%v, want the oldest to go first", got)
	}
	before := len(s.Requests())
	if _, o, err := g.Deploy(t.Context(), deployment("success")); err != nil || !o.Done {
		t.Fatal(o, err)
	}
	if got := shown(s, environment)[130:]; !slices.Equal(got, []string{"inactive", "inactive", "inactive", "inactive", "success"}) {
		t.Error(got)
	}
	if n := len(s.Requests()) - before; n > 20 {
		t.Errorf("%d requests for one deployment", n)
	}
}

func TestDeployDenied(t *testing.T) {
	s, g, _ := start(t, "job")
	s.Tokens["job"] = githubtest.Token{Account: githubtest.Actions, May: []string{"pull-requests: write"}}
	id, o, err := g.Deploy(t.Context(), deployment("success"))
	if err != nil || o.Done || id != 0 || !strings.Contains(o.Why, "`deployments: write`") {
		t.Errorf("GP-PREV-9 %d, %+v, %v", id, o, err)
	}
	if o, err := g.Retire(t.Context(), environment); err != nil || !o.Done {
		t.Errorf("a public repository may be read, and there is none: %+v, %v", o, err)
	}
	s.AddDeployment(environment, other, "success")
	if o, err := g.Retire(t.Context(), environment); err != nil || o.Done || !strings.Contains(o.Why, "`deployments: write`") {
		t.Errorf("GP-PREV-9 %+v, %v", o, err)
	}
	denied(t, g.DeploymentStatus(t.Context(), 4, deployment("success")), environment)
}

func TestDeployRefusesNonsense(t *testing.T) {
	s, g, _ := start(t, "job")
	for name, alter := range map[string]func(*github.Deployment){
		"no environment":    func(d *github.Deployment) { d.Environment = "" },
		"a long one":        func(d *github.Deployment) { d.Environment = strings.Repeat("e", 300) },
		"a branch":          func(d *github.Deployment) { d.Commit = "main" },
		"an unknown state":  func(d *github.Deployment) { d.State = "ready" },
		"a script as URL":   func(d *github.Deployment) { d.URL = "javascript:alert(1)" },
		"a secret in a URL": func(d *github.Deployment) { d.LogURL = "https://u:p@example.com" },
	} {
		d := deployment("success")
		alter(&d)
		if _, o, err := g.Deploy(t.Context(), d); err == nil || o.Done {
			t.Errorf("%s: %+v, %v", name, o, err)
		}
	}
	if n := len(s.Requests()); n != 0 {
		t.Errorf("%d requests were made", n)
	}
}

func TestDescriptionIsCut(t *testing.T) {
	s, g, _ := start(t, "job")
	d := deployment("success")
	d.Description = strings.Repeat("é\x1b[2J\n", 1000)
	if _, o, err := g.Deploy(t.Context(), d); err != nil || !o.Done {
		t.Fatal(o, err)
	}
	got := s.Deployments(environment)[0].Statuses[0].Description
	if len(got) > 140 || strings.ContainsAny(got, "\x1b\n") || !strings.HasSuffix(got, "…") {
		t.Errorf("%q", got)
	}
}
