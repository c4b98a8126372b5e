package githubtest

import (
	"cmp"
	"maps"
	"net/http"
	"strings"
)

// free refuses requests for features that GitHub Free includes only for public
// repositories.
func (s *Server) free() (answer, bool) {
	return refuse(http.StatusForbidden, "Upgrade to GitHub Pro or make this repository public to enable this feature."), s.Private && s.Settings.Free
}

func (s *Server) branchRules(c call) answer {
	if a, no := s.free(); no {
		return a
	}
	var all []map[string]any
	for _, r := range s.Settings.Rules {
		if cmp.Or(r.Branch, s.branch()) == c.name {
			one := map[string]any{"type": r.Type, "ruleset_id": 41, "ruleset_source": s.Repository, "ruleset_source_type": "Repository"}
			if p := parameters(r); len(p) > 0 {
				one["parameters"] = p
			}
			all = append(all, one)
		}
	}
	return page(s, c.r, all)
}

// parameters returns all parameters of a rule, including unset ones, because GitHub
// omits none.
func parameters(r Rule) map[string]any {
	p := map[string]any{}
	switch r.Type {
	case "pull_request":
		p = map[string]any{
			"required_approving_review_count": 0, "dismiss_stale_reviews_on_push": false, "require_code_owner_review": false,
			"require_last_push_approval": false, "required_review_thread_resolution": false,
		}
	case "required_status_checks":
		p = map[string]any{"strict_required_status_checks_policy": false, "required_status_checks": []any{}}
	}
	maps.Copy(p, r.Parameters)
	return p
}

func (s *Server) getBranch(c call) answer {
	if c.name != s.branch() {
		return refuse(http.StatusNotFound, "Branch not found")
	}
	p := s.Settings.Protection
	contexts, level := []string{}, "off"
	if p != nil && len(p.Checks) > 0 {
		contexts, level = p.Checks, "non_admins"
	}
	at := s.URL + "/repos/" + s.Repository + "/branches/" + escape(c.name)
	return ok(map[string]any{
		"name": c.name, "protected": p != nil || len(s.Settings.Rules) > 0, "protection_url": at + "/protection",
		"protection": map[string]any{
			"enabled":                p != nil,
			"required_status_checks": map[string]any{"enforcement_level": level, "contexts": contexts, "checks": []any{}},
		},
		"commit": s.commitJSON(strings.Repeat("0", 40)),
		"_links": map[string]any{"html": "https://github.com/" + s.Repository + "/tree/" + escape(c.name), "self": at},
	})
}

func (s *Server) getProtection(c call) answer {
	if a, no := s.free(); no {
		return a
	}
	p := s.Settings.Protection
	if p == nil || c.name != s.branch() {
		return refuse(http.StatusNotFound, "Branch not protected")
	}
	at := s.URL + "/repos/" + s.Repository + "/branches/" + escape(c.name) + "/protection"
	enabled := func(on bool) map[string]bool { return map[string]bool{"enabled": on} }
	j := map[string]any{
		"url": at, "enforce_admins": map[string]any{"url": at + "/enforce_admins", "enabled": true},
		"allow_force_pushes": enabled(p.Force), "allow_deletions": enabled(p.Deletion),
	}
	if p.Approvals >= 0 {
		j["required_pull_request_reviews"] = map[string]any{
			"url": at + "/required_pull_request_reviews", "dismiss_stale_reviews": true,
			"require_code_owner_reviews": p.CodeOwners, "required_approving_review_count": p.Approvals,
		}
	}
	return ok(j)
}

func (r Ruleset) json() map[string]any {
	enforcement := r.Enforcement
	if enforcement == "" {
		enforcement = "active"
	}
	return map[string]any{"id": r.ID, "name": r.Name, "target": "tag", "enforcement": enforcement, "source_type": "Repository"}
}

func (s *Server) listRulesets(c call) answer {
	if a, no := s.free(); no {
		return a
	}
	var all []map[string]any
	for _, r := range s.Settings.TagRules {
		if t := c.r.URL.Query().Get("targets"); t == "" || strings.Contains(t, "tag") {
			j := r.json()
			j["source"] = s.Repository
			all = append(all, j)
		}
	}
	return page(s, c.r, all)
}

func (s *Server) getRuleset(c call) answer {
	if a, no := s.free(); no {
		return a
	}
	for _, r := range s.Settings.TagRules {
		if r.ID != c.id {
			continue
		}
		rules := []any{}
		for _, t := range r.Rules {
			rules = append(rules, map[string]string{"type": t})
		}
		j := r.json()
		j["source"], j["rules"] = s.Repository, rules
		j["conditions"] = map[string]any{"ref_name": map[string]any{"include": append([]string{}, r.Include...), "exclude": append([]string{}, r.Exclude...)}}
		return ok(j)
	}
	return refuse(http.StatusNotFound, "Not Found")
}

func (s *Server) immutableReleases(call) answer {
	if !s.Settings.ImmutableReleases {
		return refuse(http.StatusNotFound, "Not Found")
	}
	return ok(map[string]bool{"enabled": true, "enforced_by_owner": false})
}

func (s *Server) commitJSON(sha string) map[string]any {
	at, html := s.URL+"/repos/"+s.Repository+"/commits/"+sha, "https://github.com/"+s.Repository+"/commit/"+sha
	who := map[string]any{"name": "ann", "email": "ann@example.com", "date": stamp(s.Now())}
	return map[string]any{
		"sha": sha, "node_id": "C_1", "url": at, "html_url": html, "comments_url": at + "/comments", "author": person("ann").json(), "committer": person("ann").json(),
		"parents": []any{}, "commit": map[string]any{
			"author": who, "committer": who, "message": "a commit", "comment_count": 0, "url": at, "tree": map[string]any{"sha": sha, "url": at},
		},
	}
}
