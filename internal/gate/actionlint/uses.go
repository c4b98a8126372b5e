package actionlint

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

var (
	commitRef = regexp.MustCompile(`^(?:[0-9a-fA-F]{40}|[0-9a-fA-F]{64})$`)
	digestRef = regexp.MustCompile(`@sha256:[0-9a-f]{64}$`)
)

// unpinned reports a uses: whose code somebody else can exchange. What lies in the
// same repository, ./ and $/, is the same commit by construction.
func unpinned(uses string, at report.Location) []report.Finding {
	f := report.Finding{Rule: "unpinned-uses", Severity: report.High, At: at}
	switch {
	case uses == "" || strings.HasPrefix(uses, "./") || strings.HasPrefix(uses, "$/"):
		return nil
	case strings.HasPrefix(uses, "docker://"):
		if digestRef.MatchString(uses) {
			return nil
		}
		f.Message = fmt.Sprintf("%s is not pinned to a digest: its tag can be moved", uses)
		f.Fix = "name the image by digest: " + uses + "@sha256:…"
		return []report.Finding{f}
	}
	name, ref, _ := strings.Cut(uses, "@")
	if commitRef.MatchString(ref) {
		return nil
	}
	owner, _, _ := strings.Cut(name, "/")
	if owner = strings.ToLower(owner); owner == "actions" || owner == "github" {
		f.Severity = report.Medium
	}
	f.Message = fmt.Sprintf("%s is not pinned to a commit: its tag or branch can be moved", uses)
	f.Fix = fmt.Sprintf("pin it, with the version as a comment: %s@<full commit id> # %s", name, ref)
	return []report.Finding{f}
}

func unpinnedUses(w workflow) []report.Finding {
	var out []report.Finding
	for _, j := range w.jobs() {
		if j.WorkflowCall != nil {
			out = append(out, w.unpinned(j.WorkflowCall.Uses)...)
		}
		for _, s := range j.Steps {
			if a, ok := s.Exec.(*actionlint.ExecAction); ok {
				out = append(out, w.unpinned(a.Uses)...)
			}
		}
	}
	return out
}

func (w workflow) unpinned(uses *actionlint.String) []report.Finding {
	if uses == nil {
		return nil
	}
	return unpinned(uses.Value, w.at(uses.Pos))
}

func (w workflow) at(p *actionlint.Pos) report.Location {
	if p == nil {
		return report.Location{Path: w.path}
	}
	return report.Location{Path: w.path, Line: p.Line, Column: p.Col}
}

// action checks what a composite or docker action uses.
func action(name string, text []byte) []report.Finding {
	var meta struct {
		Runs struct {
			Image scalar
			Steps []struct{ Uses scalar }
		}
	}
	if err := yaml.Unmarshal(text, &meta); err != nil {
		return []report.Finding{{
			Rule: "syntax-check", Severity: report.High, At: report.Location{Path: name}, Message: "the action cannot be read: " + oneLine(yaml.FormatError(err, false, false)),
			Fix: "correct the syntax: GitHub does not run an action it cannot read",
		}}
	}
	var out []report.Finding
	for _, s := range meta.Runs.Steps {
		out = append(out, unpinned(s.Uses.value, s.Uses.in(name))...)
	}
	if i := meta.Runs.Image; strings.HasPrefix(i.value, "docker://") {
		out = append(out, unpinned(i.value, i.in(name))...)
	}
	return out
}

// scalar is a value and where it stands.
type scalar struct {
	value        string
	line, column int
}

// UnmarshalYAML keeps the position.
func (s *scalar) UnmarshalYAML(n ast.Node) error {
	if t := n.GetToken(); t != nil {
		s.value, s.line, s.column = t.Value, t.Position.Line, t.Position.Column
	}
	return nil
}

func (s scalar) in(name string) report.Location {
	return report.Location{Path: name, Line: s.line, Column: s.column}
}
