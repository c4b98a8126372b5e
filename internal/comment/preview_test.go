package comment

import (
	"net/http"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

func created() *report.Report {
	return &report.Report{Name: "preview-up", Subject: "shop pr-12", Verdict: report.Pass, Reason: report.ReasonReady, Title: "pr-12 is ready at http://pr-12.example.com", Outputs: []report.Output{{Name: "url", Value: "http://pr-12.example.com"}}}
}

func removed() *report.Report {
	return &report.Report{Name: "preview-down", Subject: "shop pr-12", Verdict: report.Pass, Reason: report.ReasonRemoved, Title: "pr-12 was removed"}
}

// last returns the last check of a report, as a line.
func last(rep *report.Report) string {
	if len(rep.Checks) == 0 {
		return ""
	}
	c := rep.Checks[len(rep.Checks)-1]
	return c.Name + " " + string(c.State) + " " + c.Result
}

// TestPreviewLife proves GP-PREV-9: one comment and one deployment follow a preview from
// its creation to its removal.
func TestPreviewLife(t *testing.T) {
	s, hub := connect(t, githubtest.Pull{})
	p := Previews{Hub: hub, App: "shop", Run: "https://github.com/acme/hello/actions/runs/42"}

	rep := removed()
	p.Removed(t.Context(), rep, "pr-12", 12)
	if len(s.Comments(12)) != 0 || last(rep) != "comment skip the pull request has no comment to edit" {
		t.Errorf("removed before it was created: %s", last(rep))
	}
	rep = created()
	p.Created(t.Context(), rep, "pr-12", 12, commitA)
	if text := the(t, s); last(rep) != "comment pass published" || !strings.Contains(text, "| ✓ | preview | [`http://pr-12.example.com`](http://pr-12.example.com) · ready | [run](https://github.com/") {
		t.Errorf("%s\n%s", last(rep), text)
	}
	late := created()
	late.Verdict, late.Reason = report.Skip, report.ReasonHeadMoved
	p.Created(t.Context(), late, "pr-12", 12, commitB)
	open := removed()
	open.Verdict, open.Reason = report.Skip, report.ReasonPullRequestOpen
	p.Removed(t.Context(), open, "pr-12", 12)
	if len(late.Checks)+len(open.Checks) > 0 || s.Comments(12)[0].Edited > 0 {
		t.Error("a run that changed nothing announced something")
	}
	p.Removed(t.Context(), removed(), "pr-12", 12)
	gone := &report.Report{Name: "preview-down", Verdict: report.Skip, Reason: report.ReasonNotFound, Title: "pr-12 does not exist"}
	p.Removed(t.Context(), gone, "pr-12", 12)
	text := the(t, s)
	if !strings.Contains(text, "| ✓ | preview | pr-12 was removed |") || strings.Contains(text, "is ready at") || strings.Contains(text, "does not exist") {
		t.Errorf("after the removal:\n%s", text)
	}
	all := s.Deployments("preview/pr-12")
	if len(all) != 1 || all[0].State() != "inactive" {
		t.Errorf("deployments %+v", all)
	}
}

func TestPreviewFailure(t *testing.T) {
	s, hub := connect(t, githubtest.Pull{})
	rep := &report.Report{Name: "preview-up", Commit: commitA, Verdict: report.Fail, Reason: report.ReasonNotReady, Title: "pr-12 did not become ready"}
	Previews{Hub: hub}.Created(t.Context(), rep, "pr-12", 12, "")
	if text := the(t, s); !strings.Contains(text, "### goldenpath · ✗ blocked · 1 of 1 must be fixed · commit `aaaaaaa`") || s.Deployments("preview/pr-12")[0].State() != "failure" {
		t.Error(text)
	}
}

func TestPreviewWithoutGitHub(t *testing.T) {
	_, hub := connect(t, githubtest.Pull{})
	for want, try := range map[string]func(*report.Report){
		"comment skip no GitHub token; the job summary has the result": func(r *report.Report) { Previews{}.Created(t.Context(), r, "pr-12", 12, "") },
		"comment skip the preview does not belong to a pull request":   func(r *report.Report) { Previews{Hub: hub}.Removed(t.Context(), r, "main", 0) },
		"comments skip not published: the sweep report has no data":    func(r *report.Report) { r.Name = "sweep"; Previews{Hub: hub}.Swept(t.Context(), r) },
		"": func(r *report.Report) { Previews{}.Swept(t.Context(), r) },
	} {
		rep := &report.Report{Verdict: report.Pass}
		try(rep)
		if got := last(rep); got != want || rep.Verdict != report.Pass {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// TestSwept: each pull request whose preview a sweep removed gets to know, once.
func TestSwept(t *testing.T) {
	s, hub := connect(t, githubtest.Pull{})
	p := Previews{Hub: hub, App: "shop"}
	p.Created(t.Context(), created(), "pr-12", 12, commitA)
	rep := &report.Report{Name: "sweep", Verdict: report.Pass}
	rep.SetData([]map[string]any{
		{"name": "pr-12", "pull_request": 12, "why": "closed", "outcome": "removed after 3 hours"},
		{"name": "pr-13", "pull_request": 13, "why": "open"}, {"name": "main", "outcome": "removed"},
	})
	p.Swept(t.Context(), rep)
	if text := the(t, s); last(rep) != "comments pass 1 pull request updated" || !strings.Contains(text, "pr-12 was removed by a sweep (closed): removed after 3 hours") {
		t.Errorf("%s\n%s", last(rep), text)
	}
	s.Break(func(r *http.Request) (int, http.Header, string, bool) {
		return http.StatusServiceUnavailable, nil, "", true
	})
	rep.Checks = nil
	p.Swept(t.Context(), rep)
	if got := last(rep); !strings.HasPrefix(got, "comments skip 1 not updated: ") || !strings.Contains(got, "503") || rep.Verdict != report.Pass {
		t.Error(got)
	}
}
