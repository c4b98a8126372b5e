package workflow

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"
	"golang.org/x/mod/semver"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

var commitRef = regexp.MustCompile(`^(?:[0-9a-fA-F]{40}|[0-9a-fA-F]{64})$`)

// everyUses lists every uses: of jobs and steps, in file order.
func (w *File) everyUses() []*actionlint.String {
	var out []*actionlint.String
	for _, j := range w.jobs() {
		if j.WorkflowCall != nil && j.WorkflowCall.Uses != nil {
			out = append(out, j.WorkflowCall.Uses)
		}
		for _, s := range j.Steps {
			if a, ok := s.Exec.(*actionlint.ExecAction); ok && a.Uses != nil {
				out = append(out, a.Uses)
			}
		}
	}
	return out
}

// unpinnedUses reports a uses: whose code the owner of another repository can replace.
// References to the same repository, ./ and $/, always use the same commit. A file that
// has the same reference several times has one finding, because one edit fixes them all.
func unpinnedUses(w *File) []report.Finding {
	var out []report.Finding
	index := map[string]int{} // by reference
	for _, uses := range w.everyUses() {
		name, ref, _ := strings.Cut(uses.Value, "@")
		if local(name) || name == "" || strings.HasPrefix(name, "docker://") || commitRef.MatchString(ref) || calledByTag(name, ref) {
			continue
		}
		if i, ok := index[uses.Value]; ok {
			out[i].Also = append(out[i].Also, w.at(uses.Pos))
			continue
		}
		index[uses.Value] = len(out)
		sev := report.High
		owner, _, _ := strings.Cut(strings.ToLower(name), "/")
		if owner == "actions" || owner == "github" {
			sev = report.Medium
		}
		message := fmt.Sprintf("%s is not pinned to a commit, and its tag or branch can be moved", short(uses.Value))
		if w.locked[uses.Value] {
			sev = report.Medium
			message += "; GitHub's actions.lock has its commit, which runners do not enforce everywhere yet"
		}
		comment := ""
		if ref != "" {
			comment = " # " + short(ref)
		}
		out = append(out, report.Finding{
			Rule: "unpinned-uses", Severity: sev, At: w.at(uses.Pos),
			Message:     message,
			Fix:         fmt.Sprintf("pin it and put the version in a comment: %s@<full commit id>%s", short(name), comment),
			Fingerprint: w.unversioned("unpinned-uses", name),
		})
	}
	return out
}

// unversioned is a fingerprint for something unpinned that does not change with its
// version: an update of an action that was unpinned before brings no new finding.
func (w *File) unversioned(rule, name string) string {
	return strings.Join([]string{rule, w.Path, short(strings.ToLower(name))}, " ")
}

var fullTag = regexp.MustCompile(`^v\d+\.\d+\.\d+$`)

// calledByTag reports whether a reusable workflow is one that only works by a full
// version tag: the generators of SLSA verify by it which workflow built something
// (slsa-framework/slsa-verifier#12).
func calledByTag(name, ref string) bool {
	return strings.HasPrefix(strings.ToLower(name), "slsa-framework/slsa-github-generator/.github/workflows/") && fullTag.MatchString(ref)
}

func local(uses string) bool { return strings.HasPrefix(uses, "./") || strings.HasPrefix(uses, "$/") }

// incident is an action whose tags once pointed to malicious code.
type incident struct {
	actions string // separated by spaces
	tags    string // regular expression of the tags; "": every tag
	below   string // first good version; "": no tag is good
	commit  string // first digits of the malicious commit, if known
	what    string
	use     string // what to use instead
}

var incidents = []incident{
	{actions: "tj-actions/changed-files", below: "46.0.1", commit: "0e58ed8", what: "CVE-2025-30066, March 2025: v1 to v45.0.7 printed secrets", use: "46.0.1 or later"},
	{
		actions: "reviewdog/action-setup reviewdog/action-shellcheck reviewdog/action-composite-template reviewdog/action-staticcheck reviewdog/action-ast-grep reviewdog/action-typos",
		tags:    `^v?1$`, what: "CVE-2025-30154, March 2025: the tag printed secrets", use: "a commit from after March 2025",
	},
	{actions: "aquasecurity/trivy-action", below: "0.35.0", what: "CVE-2026-33634, March 2026: 76 of 77 tags stole secrets", use: "57a97c7e7821a5776cebc9bb87c984fa69cba8f1 # 0.35.0, or later"},
	{actions: "aquasecurity/setup-trivy", below: "0.2.6", what: "CVE-2026-33634, March 2026: every tag stole secrets", use: "a commit of 0.2.6 or later"},
	{actions: "xygeni/xygeni-action", tags: `^v?5$`, what: "March 2026: the tag was moved to malicious code", use: "a commit from after March 2026"},
	{actions: "checkmarx/kics-github-action", what: "March 2026: 35 tags were moved to code that stole secrets", use: "a commit from after March 2026"},
	{actions: "checkmarx/ast-github-action", tags: `^v?2\.3\.28$`, what: "March 2026: the tag was moved to code that stole secrets", use: "2.3.33 or later"},
	{actions: "actions-cool/issues-helper actions-cool/maintain-one-comment", what: "2026: every tag was moved to a commit outside the repository", use: "another action, or a commit that you have reviewed"},
}

// compromisedAction reports a reference that once pointed to malicious code. Secrets of
// runs at that time must be rotated, because the tag pointed to code that may have
// stolen them.
func compromisedAction(w *File) []report.Finding {
	var out []report.Finding
	for _, uses := range w.everyUses() {
		name, ref, _ := strings.Cut(strings.ToLower(uses.Value), "@")
		i := slices.IndexFunc(incidents, func(i incident) bool { return slices.Contains(strings.Fields(i.actions), name) && i.hit(ref) })
		if i < 0 {
			continue
		}
		out = append(out, report.Finding{
			Rule: "compromised-action", Severity: report.Critical, At: w.at(uses.Pos),
			Message: fmt.Sprintf("%s once pointed to malicious code (%s)", short(uses.Value), incidents[i].what),
			Fix:     fmt.Sprintf("use %s instead, and rotate the secrets of every run during the incident", incidents[i].use),
		})
	}
	return out
}

func (i incident) hit(ref string) bool {
	if commitRef.MatchString(ref) {
		return i.commit != "" && strings.HasPrefix(ref, i.commit)
	}
	version := "v" + strings.TrimPrefix(ref, "v")
	switch {
	case !semver.IsValid(version):
		return false // a branch
	case i.tags != "":
		return regexp.MustCompile(i.tags).MatchString(ref)
	case i.below == "":
		return true
	case strings.Count(version, ".") < 2: // v45 is the latest 45.x
		first := semver.Canonical("v" + i.below)
		return semver.Compare(version, "v"+strings.Join(strings.Split(first[1:], ".")[:strings.Count(version, ".")+1], ".")) < 0
	}
	return semver.Compare(version, "v"+i.below) < 0
}
