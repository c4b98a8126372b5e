package actionlint

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/gate/workflow"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

var (
	unexpectedKey = regexp.MustCompile(`^unexpected key "([^"]*)" for (.*?)(?:\. expected one of (.*))?$`)
	inQuotes      = regexp.MustCompile(`"([^"]*)"`)
	// popularInput matches a message about an input of an action that actionlint knows by
	// a list of its own.
	popularInput = regexp.MustCompile(`^(?:input "[^"]*" is not defined in action|missing input "[^"]*" which is required by action) "[^"]+/[^"]+@`)
	// listed matches the end of a message that lists every label or input.
	listed = regexp.MustCompile(`\. available (?:labels|inputs) are .*$`)
)

// finding converts an error of actionlint. What GitHub accepts and runs is low; what
// actionlint does not know, and GitHub may, is medium.
func (l *linter) finding(f *workflow.File, e *actionlint.Error) report.Finding {
	out := report.Finding{
		Rule: e.Kind, Severity: report.Medium, Message: strings.ReplaceAll(text.OneLine(e.Message, 0), l.dir+string(filepath.Separator), ""),
		At:  report.Location{Path: f.Path, Line: e.Line, Column: e.Column},
		Fix: "fix the workflow: GitHub will reject it or run something other than intended",
	}
	if e.Kind == "action" || e.Kind == "runner-label" {
		out.Message = listed.ReplaceAllString(out.Message, "")
	}
	switch {
	case strings.Contains(e.Message, "reusable workflow file"):
		// Two rules read that file, and the one that runs first reports this.
		out.Rule = "workflow-call"
	case e.Message == "string should not be empty", strings.Contains(e.Message, "its default value will never be used"):
		// GitHub runs such a workflow: an empty "branches:" has no effect.
		out.Severity, out.Fix = report.Low, "remove the value: it has no effect"
	case strings.HasPrefix(e.Message, "avoid using deprecated input"):
		out.Severity, out.Fix = report.Low, "use the replacement that the action documents: GitHub still runs this step"
	case popularInput.MatchString(e.Message):
		out.Severity = report.Low
		out.Fix = "compare with the documentation of that version of the action: actionlint's copy of it may be older, and GitHub only warns of an unknown input"
	case strings.Contains(e.Message, "is not defined in object type"):
		out.Fix = "correct the name: GitHub takes an empty text for it"
	case e.Kind == "syntax-check" && l.recent(e.Message):
		out.Message = "actionlint " + Scanner{}.Version() + " does not know this key: " + out.Message
		out.Fix = "check the key in GitHub's workflow syntax, and remove it if GitHub does not list it"
	case e.Kind == "syntax-check":
		out.Severity = report.High
		out.Fix = "correct the syntax: GitHub does not run a workflow that it cannot parse"
	case e.Kind == "runner-label":
		out.Severity, out.Fix = report.Low, "correct the label, or list it in .github/actionlint.yaml as self-hosted-runner: {labels: [its-name]}"
	}
	return out
}

// elsewhereKeys are keys that GitHub has had for years. One of them at a place where it
// is not expected is a mistake.
var elsewhereKeys = strings.Fields(`branches branches-ignore concurrency container continue-on-error cron default defaults
	description env environment fail-fast group if image inputs jobs labels matrix max-parallel name needs on options
	outputs paths paths-ignore permissions ports required run run-name runs-on secrets services shell steps strategy
	tags tags-ignore timeout-minutes type types uses value volumes with working-directory workflows`)

// recent reports whether a message concerns a key that is unlike every key that
// actionlint expects there. GitHub may have added it after actionlint's release. A key
// that resembles an expected one is a spelling mistake.
func (l *linter) recent(message string) bool {
	m := unexpectedKey.FindStringSubmatch(message)
	if m == nil || m[3] == "" || slices.Contains(elsewhereKeys, m[1]) {
		return false
	}
	return !slices.ContainsFunc(inQuotes.FindAllStringSubmatch(m[3], -1), func(known []string) bool {
		return levenshtein.ComputeDistance(m[1], known[1]) <= 2
	})
}
