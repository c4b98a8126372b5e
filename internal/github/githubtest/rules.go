package githubtest

import (
	"fmt"
	"net/http"
	"strings"
)

// free refuses what GitHub Free has for public repositories only.
func (s *Server) free() (answer, bool) {
	return refuse(http.StatusForbidden, "Upgrade to GitHub Pro or make this repository public to enable this feature."), s.Private && s.Settings.Free
}

func (s *Server) branchRules(c call) answer {
	if a, no := s.free(); no {
		return a
	}
	var all []map[string]any
	if c.name == s.branch() {
		for _, r := range s.Settings.Rules {
			one := map[string]any{"type": r.Type, "ruleset_id": 41, "ruleset_source": s.Repository, "ruleset_source_type": "Repository"}
			if r.Parameters != nil {
				one["parameters"] = r.Parameters
			}
			all = append(all, one)
		}
	}
	return page(s, c.r, all)
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
		"commit": map[string]any{"sha": strings.Repeat("0", 40), "url": at},
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

// repositoryJSON is what every repository's description has.
func repositoryJSON(api, repository string) map[string]any {
	at, html := api+"/repos/"+repository, "https://github.com/"+repository
	j := map[string]any{
		"id": 1, "node_id": "R_1", "full_name": repository, "html_url": html, "url": at, "description": nil, "fork": false,
		"clone_url": html + ".git", "git_url": "git://github.com/" + repository + ".git", "ssh_url": "git@github.com:" + repository + ".git",
		"svn_url": html, "homepage": nil, "language": nil, "license": nil, "mirror_url": nil, "disabled": false, "size": 1,
		"has_issues": true, "has_projects": true, "has_wiki": true, "has_pages": false, "has_discussions": false,
		"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z", "pushed_at": "2026-01-01T00:00:00Z",
	}
	for _, n := range []string{"forks", "forks_count", "open_issues", "open_issues_count", "stargazers_count", "watchers", "watchers_count", "network_count", "subscribers_count"} {
		j[n] = 0
	}
	for name, path := range map[string]string{
		"archive": "{archive_format}{/ref}", "assignees": "{/user}", "blobs": "git/blobs{/sha}", "branches": "{/branch}", "collaborators": "{/collaborator}",
		"comments": "{/number}", "commits": "{/sha}", "compare": "{base}...{head}", "contents": "{+path}", "contributors": "", "deployments": "", "downloads": "",
		"events": "", "forks": "", "git_commits": "{/sha}", "git_refs": "{/sha}", "git_tags": "{/sha}", "hooks": "", "issue_comment": "{/number}",
		"issue_events": "{/number}", "issues": "{/number}", "keys": "{/key_id}", "labels": "{/name}", "languages": "", "merges": "", "milestones": "{/number}",
		"notifications": "{?since}", "pulls": "{/number}", "releases": "{/id}", "stargazers": "", "statuses": "{sha}", "subscribers": "", "subscription": "",
		"tags": "", "teams": "", "trees": "{/sha}",
	} {
		j[name+"_url"] = fmt.Sprintf("%s/%s%s", at, name, path)
	}
	return j
}
