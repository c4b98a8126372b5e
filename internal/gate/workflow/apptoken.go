package workflow

import (
	"fmt"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// githubApp reports a token of a GitHub App that can do more than a step needs: with
// every permission of the app, for every repository of its owner, or after the job.
func githubApp(w *File) []report.Finding {
	var out []report.Finding
	w.steps(func(_ *actionlint.Job, s *actionlint.Step) {
		a, ok := s.Exec.(*actionlint.ExecAction)
		if !ok || actionName(s) != "actions/create-github-app-token" {
			return
		}
		limited, organizationOnly := false, true
		for key := range a.Inputs {
			if scope, ok := strings.CutPrefix(key, "permission-"); ok {
				limited = true
				organizationOnly = organizationOnly && (strings.HasPrefix(scope, "organization-") || scope == "members" || strings.HasSuffix(scope, "for-organizations"))
			}
		}
		add := func(at *actionlint.Pos, message, fix string) {
			out = append(out, report.Finding{Rule: "github-app", Severity: report.Medium, At: w.at(at), Message: message, Fix: fix})
		}
		if !limited {
			add(a.Uses.Pos, "the token has every permission of the app's installation", "list what the job needs: with: {permission-contents: read}")
		}
		if in := input(s, "owner"); in != nil && value(input(s, "repositories")) == "" && !(limited && organizationOnly) {
			add(in.Pos, fmt.Sprintf("owner: %s without repositories: gives the token every repository in which the app is installed", short(in.Value)), "name the repositories: with: {repositories: \"first,second\"}")
		}
		if in := input(s, "skip-token-revoke"); in != nil && in.Value != "false" && in.Value != "" {
			add(in.Pos, "the token stays valid for an hour after the job", "remove skip-token-revoke")
		}
	})
	return out
}
