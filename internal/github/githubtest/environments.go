package githubtest

import (
	"fmt"
	"net/http"
)

func (s *Server) listEnvironments(c call) answer {
	all := []map[string]any{}
	for i, e := range s.Settings.Environments {
		all = append(all, s.environmentJSON(int64(i+1), e))
	}
	return wrapped(page(s, c.r, all), "environments", len(all))
}

// wrapped puts a page of a list into an object with the total count.
func wrapped(a answer, name string, total int) answer {
	a.body = map[string]any{"total_count": total, name: a.body}
	return a
}

func (s *Server) environmentJSON(id int64, e Environment) map[string]any {
	rules := []any{}
	if e.Wait > 0 {
		rules = append(rules, map[string]any{"id": 10*id + 1, "node_id": "GA_1", "type": "wait_timer", "wait_timer": e.Wait})
	}
	if len(e.Reviewers) > 0 {
		reviewers := []any{}
		for i, login := range e.Reviewers {
			reviewers = append(reviewers, map[string]any{"type": "User", "reviewer": Account{ID: int64(100 + i), Login: login}.json()})
		}
		rules = append(rules, map[string]any{
			"id": 10*id + 2, "node_id": "GA_2", "type": "required_reviewers", "prevent_self_review": e.NoSelfReview, "reviewers": reviewers,
		})
	}
	var policy any
	if e.Protected || e.Branches != nil {
		rules = append(rules, map[string]any{"id": 10*id + 3, "node_id": "GA_3", "type": "branch_policy"})
		policy = map[string]bool{"protected_branches": e.Protected, "custom_branch_policies": !e.Protected}
	}
	at := fmt.Sprintf("/repos/%s/environments/%s", s.Repository, escape(e.Name))
	return map[string]any{
		"id": id, "node_id": fmt.Sprintf("EN_%d", id), "name": e.Name, "url": s.URL + at, "can_admins_bypass": true,
		"html_url":   "https://github.com/" + s.Repository + "/deployments/activity_log?environments_filter=" + escape(e.Name),
		"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z", "protection_rules": rules, "deployment_branch_policy": policy,
	}
}

func (s *Server) environment(name string) *Environment {
	for i := range s.Settings.Environments {
		if s.Settings.Environments[i].Name == name {
			return &s.Settings.Environments[i]
		}
	}
	return nil
}

func (s *Server) listBranchPolicies(c call) answer {
	e := s.environment(c.name)
	if e == nil {
		return refuse(http.StatusNotFound, "Not Found")
	}
	all := []map[string]any{}
	for i, pattern := range e.Branches {
		all = append(all, map[string]any{"id": i + 1, "node_id": fmt.Sprintf("GB_%d", i+1), "name": pattern, "type": "branch"})
	}
	return wrapped(page(s, c.r, all), "branch_policies", len(all))
}

func (s *Server) listEnvironmentSecrets(c call) answer {
	e := s.environment(c.name)
	if e == nil {
		return refuse(http.StatusNotFound, "Not Found")
	}
	return s.secrets(c, e.Secrets)
}

// secrets responds with the names of secrets. GitHub never returns their values.
func (s *Server) secrets(c call, names []string) answer {
	all := []map[string]any{}
	for _, name := range names {
		all = append(all, map[string]any{"name": name, "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"})
	}
	return wrapped(page(s, c.r, all), "secrets", len(all))
}
