package terraform

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// GP-PREV-11 and GP-PREV-1: one command makes, updates and repairs; afterwards
// nothing is left.
func TestLife(t *testing.T) {
	w := newWorld(t, app)
	ctx := context.Background()
	checkout := fileNames(t, w.Dir)
	if _, err := w.Status(ctx, "preview/pr-12"); !errors.Is(err, target.ErrNotDeployed) {
		t.Fatalf("before: %v, want ErrNotDeployed", err)
	}
	if err := w.Down(ctx, "preview/pr-12"); err != nil {
		t.Fatalf("down of nothing: %v", err)
	}
	var phases []string
	d := deployment1()
	d.Say = func(p target.Phase) { phases = append(phases, p.Name+": "+p.Detail) }
	clock := time.Date(2026, 8, 1, 8, 0, 0, 0, time.UTC)
	w.Clock = func() time.Time { return clock }
	r, err := w.Deploy(ctx, d)
	if err != nil {
		t.Fatal(err)
	}
	want := target.Running{
		Environment: "preview/pr-12", App: "where2eat", URL: w.Vars["url"], Commit: commit1, Digest: digest("a"), Generation: 1,
		Started: clock, Created: clock, Alive: true, Tags: d.Tags, Place: "workspace pr-12", Notes: r.Notes, Phases: r.Phases,
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("Deploy (-want +got):\n%s", diff)
	}
	if len(phases) != 4 || !strings.HasPrefix(phases[0], "init: Terraform ") && !strings.HasPrefix(phases[0], "init: OpenTofu ") ||
		!slices.Equal(phases[1:], []string{"plan: 1 to create, 0 to change, 0 to remove, 0 kept", "apply: 1 of 1 resources changed in workspace pr-12", "ready: GET /healthz: 200; GET /version answers 1111111111111111111"}) {
		t.Errorf("phases: %q", phases)
	}

	clock = clock.Add(time.Hour)
	if again, err := w.Deploy(ctx, d); err != nil || again.Generation != 1 || !again.Started.Equal(r.Started) {
		t.Errorf("the same again: generation %d of %v, %v", again.Generation, again.Started, err)
	}
	next := version(commit2, "b")
	p, err := w.Plan(ctx, next)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]target.Change{{Object: "terraform_data.app", What: "remove"}, {Object: "terraform_data.app", What: "create"}}, p.Changes); diff != "" {
		t.Errorf("Plan (-want +got):\n%s", diff)
	}
	if r, err = w.Deploy(ctx, next); err != nil || r.Generation != 2 || r.Commit != commit2 || !r.Started.Equal(clock) || !r.Created.Equal(want.Created) {
		t.Errorf("update: %+v, %v", r, err)
	}
	status, err := w.Status(ctx, "preview/pr-12")
	if err != nil || !status.Alive || status.Digest != digest("b") || status.URL != r.URL || !status.Tags.Expires.Equal(d.Tags.Expires) {
		t.Errorf("Status: %+v, %v", status, err)
	}
	if err := w.Down(ctx, "preview/pr-12"); err != nil {
		t.Fatal(err)
	}
	if left := w.left(t); left != nil || exists(filepath.Join(w.dir, "version")) {
		t.Errorf("left: %v", left)
	}
	if err := w.Down(ctx, "preview/pr-12"); err != nil {
		t.Errorf("down again: %v", err)
	}
	if diff := cmp.Diff(checkout, fileNames(t, w.Dir)); diff != "" {
		t.Errorf("the checkout was written to:\n%s", diff)
	}
	if left, _ := filepath.Glob(filepath.Join(w.Data, "run-*")); left != nil {
		t.Errorf("plans and variables are left: %v", left)
	}
}

// GP-PREV-7: a plan shows what an environment costs, and makes nothing.
func TestPlan(t *testing.T) {
	w := newWorld(t, app)
	w.Vars["extras"] = `["b", "a", "${path.cwd}"]`
	p, err := w.Plan(context.Background(), deployment1())
	if err != nil {
		t.Fatal(err)
	}
	var changes []string
	for _, c := range p.Changes {
		changes = append(changes, c.What+" "+c.Object)
	}
	// A template in a value stays what it is.
	want := []string{"create terraform_data.app", `create terraform_data.extra["$${path.cwd}"]`, `create terraform_data.extra["a"]`, `create terraform_data.extra["b"]`}
	slices.Sort(changes)
	slices.Sort(want)
	if diff := cmp.Diff(want, changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"terraform_data": 4}, p.Requests.Resources); diff != "" {
		t.Errorf("resources (-want +got):\n%s", diff)
	}
	if p.Place != "workspace pr-12" || !strings.Contains(strings.Join(p.Notes, "\n"), "keeps its state on this machine only") {
		t.Errorf("%s: %q", p.Place, p.Notes)
	}
	if left := w.left(t); left != nil {
		t.Errorf("a plan left %v", left)
	}
}

// GP-PREV-5: sweep finds previews, and nothing else.
func TestList(t *testing.T) {
	w := newWorld(t, app)
	ctx := context.Background()
	for _, env := range []string{"preview/pr-12", "staging", "preview/pr-7"} {
		d := deployment1()
		d.Environment = env
		d.Tags.PullRequest = 12
		if _, err := w.Deploy(ctx, d); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(w.Backend["workspace_dir"], "pr-9"), 0o755); err != nil { // as a killed deployment leaves it
		t.Fatal(err)
	}
	var found []string
	for r, err := range w.List(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, r.Environment)
		if r.Alive == (r.Environment == "preview/pr-9") {
			t.Errorf("%s: alive %v", r.Environment, r.Alive)
		}
		if err := w.Down(ctx, r.Environment); err != nil { // while others are to come
			t.Error(err)
		}
	}
	slices.Sort(found)
	if diff := cmp.Diff([]string{"preview/pr-12", "preview/pr-7", "preview/pr-9"}, found); diff != "" {
		t.Errorf("List (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"staging"}, w.left(t)); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
}

// GP-PREV-11: the sample application's configuration, as it is.
func TestWhere2eat(t *testing.T) {
	w := newWorld(t, "")
	sample := os.DirFS("../../../testdata/where2eat/infra/terraform")
	if err := os.Remove(filepath.Join(w.Dir, "main.tf")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(w.Dir, sample); err != nil {
		t.Fatal(err)
	}
	w.URL, w.Backend, w.Vars = w.Vars["url"], nil, map[string]string{"domain": "preview.example.org"}
	write(t, filepath.Join(w.dir, "version"), commit1)
	r, err := w.Deploy(context.Background(), deployment1())
	if err != nil {
		t.Fatal(err)
	}
	if r.URL != w.URL || r.Digest != digest("a") || r.Generation != 0 || !strings.Contains(strings.Join(r.Notes, "\n"), "nothing gives them back") {
		t.Errorf("%+v", r)
	}
	w.URL = ""
	if s, err := w.Status(context.Background(), "preview/pr-12"); err != nil || s.URL != "https://pr-12.preview.example.org" || s.Digest != "" {
		t.Errorf("%+v, %v", s, err)
	}
	if err := w.Down(context.Background(), "preview/pr-12"); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(filepath.Join(w.Dir, "terraform.tfstate.d")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func fileNames(t *testing.T, dir string) map[string]int64 {
	t.Helper()
	all := map[string]int64{}
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		all[name] = fi.Size()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
