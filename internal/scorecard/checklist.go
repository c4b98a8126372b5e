package scorecard

import (
	"cmp"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/files"
)

// Item is one line of the readiness checklist.
type Item struct {
	Name  string `json:"name"`
	Found bool   `json:"found"`
	Proof string `json:"proof"` // the file that meets it, or what was searched for
}

// A criterion is met by a file that one of the globs matches and whose content the
// pattern matches; a nil pattern matches every content.
type criterion struct {
	name    string
	globs   []string
	pattern *regexp.Regexp
}

var (
	modelLine     = regexp.MustCompile(`(?im)^\W*model`)
	generatedHead = regexp.MustCompile(`(?im)^#+\s*how this repo(sitory)? was generated`)
)

// unfilled is the first line of a template of goldenpath init that has not been filled
// in.
const unfilled = "<!-- From goldenpath init:"

// checklist searches the repository for what a person who did not write it needs to
// operate it. The items are in the order of the scorecard.
func checklist(root *os.Root, o Options) []Item {
	table := []criterion{
		{"saved prompts with the model's version", []string{o.Prompts + "/*.md"}, modelLine},
		{"README says how the repository was generated", []string{"README.md"}, generatedHead},
		{"Dockerfile", []string{"Dockerfile"}, nil},
		{"lock file", []string{"go.sum", "package-lock.json", "pnpm-lock.yaml", "yarn.lock", "poetry.lock", "uv.lock", "Cargo.lock", "requirements.txt"}, nil},
		{"code owners", []string{"CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS"}, nil},
		{"pull-request template", []string{".github/PULL_REQUEST_TEMPLATE.md", ".github/pull_request_template.md"}, nil},
		{"pre-commit hooks", []string{".pre-commit-config.yaml", ".husky/*", "lefthook.yml"}, nil},
		{"infrastructure as code", []string{"charts/*/Chart.yaml", "infra/terraform/*.tf", "iac/terraform/*.tf", "terraform/*.tf", "k8s/*.yaml"}, nil},
		{"feature flags", []string{o.Flags + "/*.json"}, nil},
		{"product thesis", []string{"docs/product/thesis.md"}, nil},
		{"requirements with ids", []string{o.Requirements + "/*.md"}, idPattern},
		{"architecture decisions", []string{"docs/adr/*.md", "docs/decisions/*.md"}, nil},
		{"runbooks", []string{"docs/runbooks/*.md"}, nil},
	}
	items := make([]Item, 0, len(table))
	for _, c := range table {
		items = append(items, c.find(root, o))
	}
	return items
}

// find returns the item with the first file that meets the criterion or, without such a
// file, with the patterns that were searched for.
func (c criterion) find(root *os.Root, o Options) Item {
	var asked []string
	for _, g := range c.globs {
		if strings.HasPrefix(g, "/") {
			continue // the folder is not configured
		}
		asked = append(asked, g)
		matches, err := fs.Glob(root.FS(), path.Clean(g))
		if err != nil {
			continue
		}
		for _, m := range matches {
			if path.Dir(m) == path.Clean(o.Prompts) && path.Base(m) == "README.md" {
				continue // it explains the folder
			}
			b, err := readFile(root, m)
			if err != nil || strings.HasPrefix(string(b), unfilled) || c.pattern != nil && !c.pattern.Match(b) {
				continue
			}
			return Item{Name: c.name, Found: true, Proof: m}
		}
	}
	return Item{Name: c.name, Proof: "searched for " + cmp.Or(strings.Join(asked, ", "), "nothing: no folder is configured")}
}

// maxFile is the largest size of one file of the checkout, in bytes.
const maxFile = 1 << 20

// readFile reads a file of the checkout, which may be hostile.
func readFile(root *os.Root, name string) ([]byte, error) { return files.Read(root, name, maxFile) }
