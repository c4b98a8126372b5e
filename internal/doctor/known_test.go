package doctor

import (
	"encoding/json"
	"flag"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite what is generated")

const root = "../../"

// TestKnown: workflows.json matches our reusable workflows.
func TestKnown(t *testing.T) {
	files, err := filepath.Glob(root + folder + "/[^.]*.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no workflows: %v", err)
	}
	want := map[string]contract{}
	for _, f := range files {
		want[filepath.Base(f)] = contractOf(t, filepath.Base(f))
	}
	if *update {
		b, err := json.MarshalIndent(want, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("workflows.json", append(b, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		workflowsJSON = b
	}
	got, err := contracts()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("workflows.json does not match %s; run: go test ./internal/doctor -update\n%s", folder, diff)
	}
}

func contractOf(t *testing.T, file string) contract {
	t.Helper()
	b, err := os.ReadFile(root + folder + "/" + file)
	if err != nil {
		t.Fatal(err)
	}
	w := parseWorkflow(file, b)
	if w.broken != nil {
		t.Fatalf("%s: %v", file, w.broken)
	}
	c := contract{Permissions: map[string]string{}, Actions: []string{}, Gates: []string{}}
	take := func(scopes map[string]string) {
		for scope, l := range scopes {
			if level(l) > level(c.Permissions[scope]) {
				c.Permissions[scope] = l
			}
		}
	}
	for _, j := range w.jobs {
		take(j.grant.scopes)
		reached := j.runs
		for _, r := range j.uses {
			switch local, is := strings.CutPrefix(strings.Replace(r.text, "$/", "./", 1), "./"); {
			case is && r.job:
				in := contractOf(t, path.Base(local))
				take(in.Permissions)
				c.Actions = append(c.Actions, in.Actions...)
				for _, name := range in.Gates {
					c.Gates = append(c.Gates, j.shown+" / "+name)
				}
			case is:
				reached = append(reached, actionsOf(t, path.Base(local))...)
			}
		}
		c.Actions = append(c.Actions, reached...)
		if slices.Contains(reached, "security-gate") || slices.Contains(reached, "scorecard") {
			c.Gates = append(c.Gates, j.shown)
		}
	}
	// One job stands for those of a matrix, whose names depend on the apps.
	if slices.ContainsFunc(w.jobs, func(j job) bool { return j.name == "required" }) {
		c.Gates = []string{"required"}
	}
	slices.Sort(c.Actions)
	c.Actions = slices.Compact(c.Actions)
	return c
}

var nested = regexp.MustCompile(`uses: \$/actions/(\S+)`)

// actionsOf returns an action of ours and those that it uses.
func actionsOf(t *testing.T, name string) []string {
	t.Helper()
	b, err := os.ReadFile(root + "actions/" + name + "/action.yml")
	if err != nil {
		t.Fatal(err)
	}
	all := []string{name}
	for _, m := range nested.FindAllStringSubmatch(string(b), -1) {
		all = append(all, actionsOf(t, m[1])...)
	}
	return all
}
