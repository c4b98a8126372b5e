package path

import (
	"maps"
	"regexp"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/command/commandtest"
)

// handed are the values that a stranger may have written and that a workflow of ours
// hands to a step by env: or with: (GitHub: script injections), each with the reason
// why that is safe. In run: there is none at all, see commandtest.CheckWorkflow.
var handed = map[string]string{
	".github/workflows/security.yml ${{ github.event.repository.default_branch || github.ref_name }}": "a variable in double quotes, which curl encodes as the value of a query",
}

var (
	expression = regexp.MustCompile(`\$\{\{(.*?)\}\}`)
	// untrusted: a context whose last part GitHub calls so, in either notation, or an
	// event as a whole.
	untrusted = regexp.MustCompile(`(?i)\bgithub(\.[\w*-]+|\[[^\]]*\])*(\.|\[['"])(body|default_branch|email|head_ref|label|message|name|page_name|ref|ref_name|title)\b` +
		`|\btojson\(\s*github(\.event)?\b|\bgithub\.event\s*(\}\}|\)|,)|\bgithub\.event\[`)
)

// TestUntrusted proves GP-SAFE-2: no workflow hands a stranger's words on that is not
// on the list, and the list has no more than they do.
func TestUntrusted(t *testing.T) {
	found := map[string]bool{}
	for _, folder := range []string{".github/workflows", "workflows"} {
		for _, w := range commandtest.Workflows(t, folder) {
			var tree any
			if err := yaml.Unmarshal([]byte(w.Text), &tree); err != nil {
				t.Fatalf("%s: %v", w.File, err)
			}
			hands(tree, false, func(text string) {
				for _, e := range expression.FindAllString(text, -1) {
					if untrusted.MatchString(e) {
						found[w.File+" "+e] = true
					}
				}
			})
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(handed)), slices.Sorted(maps.Keys(found))); diff != "" {
		t.Errorf("listed (-) and handed over (+) differ: pass a number or a commit instead, or list it with the reason:\n%s", diff)
	}
}

// hands calls each with every text below a key env or with.
func hands(tree any, below bool, each func(string)) {
	switch v := tree.(type) {
	case map[string]any:
		for key, value := range v {
			hands(value, below || key == "env" || key == "with", each)
		}
	case []any:
		for _, value := range v {
			hands(value, below, each)
		}
	case string:
		if below {
			each(v)
		}
	}
}

func TestUntrustedIsFound(t *testing.T) {
	for e, want := range map[string]bool{
		"${{ github.event.pull_request.title }}": true, "${{ github.head_ref }}": true, "${{ github.event.commits[0].message }}": true,
		"${{ github.event.pull_request.head.ref || github.ref }}": true, "${{ github['head_ref'] }}": true, "${{ github.event.issue['title'] }}": true,
		"${{ github.event.commits.*.author.email }}": true, "${{ toJSON(github.event) }}": true, "${{ toJson( github ) }}": true,
		"${{ github.event.pull_request.number }}": false, "${{ github.sha }}": false, "${{ github.event_name }}": false, "${{ inputs.ref }}": false,
		"${{ github.event.repository.private }}": false, "${{ github.event.pull_request.head.repo.full_name }}": false, "${{ runner.temp }}": false,
	} {
		if got := untrusted.MatchString(e); got != want {
			t.Errorf("%s: %v, want %v", e, got, want)
		}
	}
}
