package scorecard

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Item is one line of the readiness checklist.
type Item struct {
	Name  string `json:"name"`
	There bool   `json:"there"`
	Proof string `json:"proof"` // the file that shows it, or what is looked for
}

// looked is one thing looked for: any of the globs, with the pattern in it.
type looked struct {
	name    string
	globs   []string
	pattern *regexp.Regexp
}

var (
	modelLine     = regexp.MustCompile(`(?im)^\W*model`)
	generatedHead = regexp.MustCompile(`(?im)^#+\s*how this repo(sitory)? was generated`)
)

// unfilled is how a template of goldenpath init begins until somebody has filled it
// in.
const unfilled = "<!-- From goldenpath init:"

// checklist looks for what turns a prototype into something a stranger can
// operate.
func checklist(root *os.Root, o Options) []Item {
	table := []looked{
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
	for _, l := range table {
		items = append(items, l.find(root, o))
	}
	return items
}

func (l looked) find(root *os.Root, o Options) Item {
	var asked []string
	for _, g := range l.globs {
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
			if err != nil || strings.HasPrefix(string(b), unfilled) || l.pattern != nil && !l.pattern.Match(b) {
				continue
			}
			return Item{Name: l.name, There: true, Proof: m}
		}
	}
	return Item{Name: l.name, Proof: "looked for " + cmp.Or(strings.Join(asked, ", "), "nothing: no folder is configured")}
}

// maxFile bounds what is read of one file of the checkout.
const maxFile = 1 << 20

// readFile reads a file that a change may have written: not through a link that
// leads out, and not from a device.
func readFile(root *os.Root, name string) ([]byte, error) {
	name = filepath.FromSlash(name)
	info, err := root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, fmt.Errorf("%s is no file of at most %d bytes", name, maxFile)
	}
	return root.ReadFile(name)
}

func gradeReadiness(items []Item) Dimension {
	there := 0
	var lacks []string
	for _, i := range items {
		if i.There {
			there++
		} else {
			lacks = append(lacks, i.Name)
		}
	}
	d := Dimension{Name: "readiness", State: report.OK, Result: fmt.Sprintf("%d of %d", there, len(items))}
	if len(lacks) > 0 {
		d.State = report.Warned
		d.Note = "lacks " + strings.Join(lacks[:min(3, len(lacks))], ", ")
		if len(lacks) > 3 {
			d.Note += fmt.Sprintf(" and %d more", len(lacks)-3)
		}
	}
	return d
}

func readinessSection(items []Item) report.Section {
	s := report.Section{Title: "readiness checklist", Head: []string{"", "what", "proof"}}
	for _, i := range items {
		mark := "✗"
		if i.There {
			mark = "✓"
		}
		s.Rows = append(s.Rows, []string{mark, i.Name, i.Proof})
	}
	return s
}
