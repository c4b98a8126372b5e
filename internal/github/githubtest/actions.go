package githubtest

import (
	"fmt"
	"net/http"
	"strings"
)

func (s *Server) actionsPermissions(call) answer {
	p := s.Settings.Actions
	if p.Off {
		return ok(map[string]any{"enabled": false})
	}
	allowed := p.Allowed
	if allowed == "" {
		allowed = "all"
	}
	j := map[string]any{"enabled": true, "allowed_actions": allowed, "sha_pinning_required": p.Pinned}
	if allowed == "selected" {
		j["selected_actions_url"] = s.URL + "/repos/" + s.Repository + "/actions/permissions/selected-actions"
	}
	return ok(j)
}

func (s *Server) selectedActions(call) answer {
	if s.Settings.Actions.Allowed != "selected" {
		return refuse(http.StatusConflict, "Conflict")
	}
	return ok(map[string]any{"github_owned_allowed": true, "verified_allowed": false, "patterns_allowed": append([]string{}, s.Settings.Actions.Patterns...)})
}

func (s *Server) workflowPermissions(call) answer {
	level := "read"
	if s.Settings.Actions.Writes {
		level = "write"
	}
	return ok(map[string]any{"default_workflow_permissions": level, "can_approve_pull_request_reviews": s.Settings.Actions.Approves})
}

func (s *Server) oidcSubject(call) answer {
	o := s.Settings.Subject
	owner, name := s.names()
	prefix := "repo:" + s.Repository
	if o.Immutable {
		prefix = fmt.Sprintf("repo:%s@7/%s@1", owner, name)
	}
	j := map[string]any{"use_default": o.Claims == nil, "use_immutable_subject": o.Immutable, "sub_claim_prefix": prefix}
	if o.Claims != nil {
		j["include_claim_keys"] = o.Claims
	}
	return ok(j)
}

func (s *Server) names() (owner, name string) {
	owner, name, _ = strings.Cut(s.Repository, "/")
	return owner, name
}

func (s *Server) workflow(file string) (id int, w *Workflow) {
	for i := range s.Settings.Workflows {
		if s.Settings.Workflows[i].File == file {
			return i + 1, &s.Settings.Workflows[i]
		}
	}
	return 0, nil
}

func (s *Server) getWorkflow(c call) answer {
	id, w := s.workflow(c.name)
	if w == nil {
		return refuse(http.StatusNotFound, "Not Found")
	}
	state := w.State
	if state == "" {
		state = "active"
	}
	html := "https://github.com/" + s.Repository
	return ok(map[string]any{
		"id": id, "node_id": fmt.Sprintf("W_%d", id), "name": w.File, "path": ".github/workflows/" + w.File, "state": state,
		"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
		"url":      fmt.Sprintf("%s/repos/%s/actions/workflows/%d", s.URL, s.Repository, id),
		"html_url": html + "/blob/" + s.branch() + "/.github/workflows/" + escape(w.File), "badge_url": html + "/workflows/" + escape(w.File) + "/badge.svg",
	})
}

func (s *Server) listRuns(c call) answer {
	id, w := s.workflow(c.name)
	if w == nil {
		return refuse(http.StatusNotFound, "Not Found")
	}
	all := []map[string]any{}
	for i, r := range w.Runs {
		if e := c.r.URL.Query().Get("event"); e == "" || e == r.Event {
			all = append(all, s.runJSON(id, int64(1000*id+i), w.File, r))
		}
	}
	return wrapped(page(s, c.r, all), "workflow_runs", len(all))
}

func (s *Server) runJSON(workflow int, id int64, file string, r Run) map[string]any {
	status, conclusion := "completed", any(r.Conclusion)
	if r.Conclusion == "" {
		status, conclusion = "in_progress", nil
	}
	at := fmt.Sprintf("%s/repos/%s/actions/runs/%d", s.URL, s.Repository, id)
	repository := s.repositoryJSON(1, s.Repository, false)
	j := map[string]any{
		"id": id, "node_id": fmt.Sprintf("WFR_%d", id), "name": file, "head_branch": s.branch(), "head_sha": strings.Repeat("0", 40), "path": ".github/workflows/" + file,
		"run_number": id, "event": r.Event, "status": status, "conclusion": conclusion, "workflow_id": workflow, "display_title": file,
		"created_at": stamp(r.Created), "updated_at": stamp(r.Created), "html_url": fmt.Sprintf("https://github.com/%s/actions/runs/%d", s.Repository, id),
		"url": at, "pull_requests": []any{}, "head_commit": nil, "repository": repository, "head_repository": repository,
		"check_suite_url": s.URL + "/repos/" + s.Repository + "/check-suites/1", "workflow_url": fmt.Sprintf("%s/repos/%s/actions/workflows/%d", s.URL, s.Repository, workflow),
	}
	for _, part := range []string{"jobs", "logs", "cancel", "rerun", "artifacts"} {
		j[part+"_url"] = at + "/" + part
	}
	return j
}
