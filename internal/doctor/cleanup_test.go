package doctor_test

import (
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestCleanUp: GP-SAFE-5: workflows that delete images, and which of them would delete what
// runs or what a rollback needs.
func TestCleanUp(t *testing.T) {
	uses := func(action, with string) string { return "{uses: " + action + "@v1, with: {" + with + "}}" }
	const snok, dataaxiom, github = "snok/container-retention-policy", "dataaxiom/ghcr-cleanup-action", "actions/delete-package-versions"
	for name, tt := range map[string]struct {
		step  string
		state report.State
		want  string
		fix   string
	}{
		"none":                         {"{run: make}", report.OK, "no workflow is known to delete images", ""},
		"GitHub's own":                 {uses(github, "package-name: shop, package-type: container, delete-only-untagged-versions: true"), report.Warned, "goldenpath-old.yml:1 deletes versions without knowing", "exclude-tags: 'staging-*,production-*'"},
		"GitHub's own, of npm":         {uses(github, "package-name: shop, package-type: npm"), report.OK, "no workflow", ""},
		"without tags":                 {uses(snok, "cut-off: 2w, tag-selection: untagged"), report.Warned, "without a tag, of which tagged images consist", "tag-selection: tagged and image-tags: '!staging-* !production-*'"},
		"of tags":                      {uses(snok, "cut-off: 2w, tag-selection: tagged"), report.Warned, "excludes none of those that run", "image-tags: '!staging-* !production-*'"},
		"of other tags":                {uses(snok, "cut-off: 2w, tag-selection: tagged, image-tags: '!staging-* !production-*'"), report.OK, "keeps what runs", ""},
		"one environment is forgotten": {uses(snok, "cut-off: 2w, tag-selection: tagged, image-tags: '!production-*'"), report.Warned, "excludes none", ""},
		"knows platforms":              {uses(dataaxiom, "delete-untagged: true"), report.OK, "goldenpath-old.yml:1: keeps what runs", ""},
		"keeps some tags":              {uses(dataaxiom, "keep-n-tagged: 10"), report.Warned, "excludes none", "exclude-tags: 'staging-*,production-*'"},
		"keeps ours":                   {uses(dataaxiom, "keep-n-tagged: 10, exclude-tags: 'staging-*, production-*'"), report.OK, "keeps what runs", ""},
		"a script":                     {"{run: 'gh api --method DELETE /orgs/acme/packages/container/shop/versions/1'}", report.Warned, "job x has a script that deletes versions", "staging-*, production-*"},
		"a script that lists":          {"{run: 'gh api /orgs/acme/packages/container/shop/versions'}", report.OK, "no workflow", ""},
		"text as inputs":               {"{uses: " + dataaxiom + "@v1, with: text}", report.OK, "keeps what runs", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := healthy(t)
			p.files[".github/workflows/goldenpath-old.yml"] = "{on: push, jobs: {x: {runs-on: ubuntu-24.04, steps: [" + tt.step + "]}}}\n"
			r, err := p.examine(p.dir())
			if err != nil {
				t.Fatal(err)
			}
			expect(t, r, "clean-up", tt.state, tt.want, tt.fix)
		})
	}
}
