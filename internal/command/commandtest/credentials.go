package commandtest

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// starts are the steps that run commands of the repository, and what those are.
var starts = []struct {
	step *regexp.Regexp // of run
	what string
}{
	{regexp.MustCompile(`/goldenpath" test\b`), "`checks`"},
	{regexp.MustCompile(`/goldenpath" package\b`), "`artifact.build`, the Dockerfile"},
	{regexp.MustCompile(`/goldenpath" battery\b`), "`battery`"},
	{regexp.MustCompile(`/goldenpath" preview prepare\b`), "`preview.seed`"},
}

var handedTo = regexp.MustCompile(`\b(secrets\.[a-z-]+|github\.token)\b`)

// CheckCredentials holds a workflow to what it is split for: what runs the
// repository's code has no credential, what has one runs none (GP-SAFE-1).
func CheckCredentials(t *testing.T, w Workflow) {
	for name, j := range w.Jobs {
		if what := runsCode(t, j); len(what) > 0 && len(credentials(t, w, name)) > 0 {
			t.Errorf("job %s runs %s of the repository and has %s", jobOf(w, name), strings.Join(what, ", "), strings.Join(credentials(t, w, name), ", "))
		}
	}
}

// jobOf names a job as the documents do.
func jobOf(w Workflow, name string) string {
	return w.File[strings.LastIndex(w.File, "/")+1:] + ": " + name
}

// runsCode returns the repository code that a job runs, as it is named in the documents.
func runsCode(t *testing.T, j Job) (what []string) {
	for _, s := range Steps(t, j.Steps) {
		for _, one := range starts {
			if one.step.MatchString(s.Run) {
				what = append(what, one.what)
			}
		}
	}
	return what
}

// credentials are what a job may write with, and the secrets it is handed.
func credentials(t *testing.T, w Workflow, name string) (all []string) {
	j := w.Jobs[name]
	for _, scope := range slices.Sorted(maps.Keys(j.Permissions)) {
		if j.Permissions[scope] == "write" {
			all = append(all, "`"+scope+": write`")
		}
	}
	for _, one := range handed(t, w, name) {
		if one != "github.token" { // it is what permissions say
			all = append(all, "secret `"+strings.TrimPrefix(one, "secrets.")+"`")
		}
	}
	return all
}

// handed are the secrets that a job names.
func handed(t *testing.T, w Workflow, name string) []string {
	t.Helper()
	var raw struct {
		Jobs map[string]any `yaml:"jobs"`
	}
	if err := yaml.Unmarshal([]byte(w.Text), &raw); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	var walk func(any)
	walk = func(n any) {
		switch n := n.(type) {
		case string:
			for _, m := range handedTo.FindAllString(n, -1) {
				found[m] = true
			}
		case []any:
			for _, one := range n {
				walk(one)
			}
		case map[string]any:
			for _, one := range n {
				walk(one)
			}
		}
	}
	walk(raw.Jobs[name])
	return slices.Sorted(maps.Keys(found))
}
