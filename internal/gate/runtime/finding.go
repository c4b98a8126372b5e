package runtime

import (
	"regexp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/manifest"
	"github.com/seed-b235b314/goldenpath/internal/render"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

func finding(t *render.Tree, r rendering, v manifest.Violation) report.Finding {
	message := v.Object + " " + v.Message
	if v.Field != "" {
		message += " (" + v.Field + ")"
	}
	return report.Finding{
		Rule: v.Rule, Aliases: same(v.Rule), Severity: v.Severity, Message: message, Fix: v.Fix, At: r.place(t, v.At),
		Fingerprint: report.Digest(v.Rule, v.At.Path, v.Space, v.Object, index.ReplaceAllString(v.Field, "[]")),
	}
}

// index matches an index in a field. It is not part of the fingerprint, so that a
// container that is added before others does not make their findings new.
var index = regexp.MustCompile(`\[[0-9]+\]`)

// same returns trivy's id of the rule, or nil if trivy has no such rule.
func same(rule string) []string {
	for _, r := range manifest.Rules {
		if r.ID == rule && r.Same != "" {
			return []string{r.Same}
		}
	}
	return nil
}

// ofPolicy converts a violation that the repository's own Rego reports.
func ofPolicy(t *render.Tree, r rendering, in input, b violation) report.Finding {
	return report.Finding{
		Rule: b.rule, Severity: b.severity, Message: in.name + ": " + b.message, Fix: b.fix, At: r.place(t, in.at),
		Fingerprint: report.Digest(b.rule, in.at.Path, in.space, in.name, b.message),
	}
}

// place returns the file of an object. An object from a chart archive has no file in
// the repository, so the archive is named.
func (r rendering) place(t *render.Tree, at report.Location) report.Location {
	if t.Has(at.Path) {
		return at
	}
	return report.Location{Path: r.generic}
}

func unread(what string, err error) gate.Gap {
	return gate.Gap{What: what, Why: render.Reason(err), Remedy: "correct the file, or the source that renders it"}
}
