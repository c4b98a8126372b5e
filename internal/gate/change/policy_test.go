package change

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// TestPolicy proves GP-GATE-6: the files of the policy are the base's, and never
// through a link.
func TestPolicy(t *testing.T) {
	r := newRepo(t)
	base := r.commit(map[string]string{".goldenpath.yml": "base\n", "policy/a.rego": "base\n", "policy/b.rego": "base\n", "other": "x\n"})
	r.commit(map[string]string{".goldenpath.yml": "mine\n", "policy/a.rego": "mine\n", "policy/b.rego": "", "policy/c.rego": "mine\n"})
	c, _, err := r.find(Request{Base: base})
	if err != nil {
		t.Fatal(err)
	}
	dir, err := c.At(context.Background(), c.Policy, ".goldenpath.yml", "policy", "not/there")
	if err != nil {
		t.Fatal(err)
	}
	files, err := gate.Walk(t.Context(), dir, nil)
	if err != nil || !slices.Equal(paths(files), []string{".goldenpath.yml", "policy/a.rego", "policy/b.rego"}) {
		t.Errorf("%v, %v", paths(files), err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, ".goldenpath.yml")); err != nil || string(b) != "base\n" {
		t.Errorf("%q, %v", b, err)
	}
	diffs, err := c.Diff(t.Context(), ".goldenpath.yml", "policy", "other")
	if err != nil || len(diffs) != 2 || !strings.Contains(diffs[0].Text, "-base\n+mine\n") || !strings.Contains(diffs[1].Text, "policy/c.rego") {
		t.Errorf("diff %+v, %v", diffs, err)
	}
}

// TestDiffShowsEverything: attributes of the change do not hide a file of the policy.
func TestDiffShowsEverything(t *testing.T) {
	r := newRepo(t)
	base := r.commit(map[string]string{".goldenpath.yml": "fail-on: low\n"})
	r.commit(map[string]string{".goldenpath.yml": "fail-on: critical\n", ".gitattributes": ".goldenpath.yml -diff\n.goldenpath/* binary\n", ".goldenpath/evidence.pub": "mallory\n"})
	c, _, err := r.find(Request{Base: base})
	if err != nil {
		t.Fatal(err)
	}
	diffs, err := c.Diff(t.Context(), ".goldenpath.yml", ".goldenpath/evidence.pub")
	if err != nil || len(diffs) != 2 || !strings.Contains(diffs[0].Text, "+fail-on: critical") || !strings.Contains(diffs[1].Text, "+mallory") {
		t.Errorf("%+v, %v", diffs, err)
	}
}

// TestContaining finds a workflow that was renamed, and one that stopped calling.
func TestContaining(t *testing.T) {
	r := newRepo(t)
	base := r.commit(map[string]string{"w/a.yml": "uses: x/y@1\n", "w/b.yml": "uses: x/y@1\n", "w/c.yml": "none\n", "other": "uses: x/y@1\n"})
	r.commit(map[string]string{"w/a.yml": "", "w/new.yml": "uses: x/y@1\n", "w/b.yml": "run: true\n"})
	c, _, err := r.find(Request{Base: base})
	if err != nil {
		t.Fatal(err)
	}
	names, err := c.Containing(t.Context(), "w", "x/y@")
	if got := strings.Join(names, " "); got != "w/a.yml w/b.yml w/new.yml" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if names, err := c.Containing(t.Context(), "nowhere", "x/y@"); len(names) != 0 || err != nil {
		t.Errorf("%q, %v", names, err)
	}
}
