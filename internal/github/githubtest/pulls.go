package githubtest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Pull is a pull request.
type Pull struct {
	Number      int
	State       string // open, closed; "" is open
	Merged      bool
	Draft       bool
	Fork        bool   // from another repository
	ForkGone    bool   // the fork was deleted
	From        string // owner/name of the fork; "": AUTHOR/fork
	Head        string
	Merge       string // test merge of head and base; "": none yet
	Branch      string
	Author      string
	Title, Body string
	Labels      []string
	Updated     time.Time // zero: now
	Closed      time.Time
}

// SetPull adds a pull request or replaces the one with its number.
func (s *Server) SetPull(p Pull) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.State == "" {
		p.State = "open"
	}
	if p.Updated.IsZero() {
		p.Updated = s.Now()
	}
	s.pulls[p.Number] = &p
}

func (s *Server) listPulls(c call) answer {
	state := c.r.URL.Query().Get("state")
	if state == "" {
		state = "open"
	}
	var all []map[string]any
	var numbers []int
	head := c.r.URL.Query().Get("head") // owner:branch
	for n, p := range s.pulls {
		owner, _, _ := strings.Cut(s.from(p), "/")
		if (state == "all" || p.State == state) && (s.Unfiltered || !strings.Contains(head, ":") || strings.EqualFold(head, owner+":"+p.Branch)) {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	if c.r.URL.Query().Get("direction") != "asc" {
		slices.Reverse(numbers)
	}
	for _, n := range numbers {
		all = append(all, s.pullJSON(s.pulls[n]))
	}
	return page(s, c.r, all)
}

func (s *Server) getPull(c call) answer {
	p := s.pulls[int(c.id)]
	if p == nil {
		return refuse(http.StatusNotFound, "Not Found")
	}
	j := s.pullJSON(p)
	for field, only := range map[string]any{ // a list omits these
		"merged": p.Merged, "merged_by": nil, "mergeable": nil, "rebaseable": nil, "mergeable_state": "unknown", "maintainer_can_modify": false,
		"comments": len(s.comments[p.Number]), "review_comments": 0, "commits": 1, "additions": 1, "deletions": 0, "changed_files": 1,
	} {
		j[field] = only
	}
	return ok(j)
}

// from returns the repository that contains the pull request's branch.
func (s *Server) from(p *Pull) string {
	switch {
	case !p.Fork && !p.ForkGone:
		return s.Repository
	case p.From != "":
		return p.From
	}
	return p.Author + "/fork"
}

func (s *Server) pullJSON(p *Pull) map[string]any {
	owner := func(repository string) string { o, _, _ := strings.Cut(repository, "/"); return o }
	home := s.repositoryJSON(1, s.Repository, false)
	var from any = home
	switch {
	case p.ForkGone:
		from = nil
	case p.Fork:
		from = s.repositoryJSON(2, s.from(p), true)
	}
	labels := []any{}
	for i, l := range p.Labels {
		labels = append(labels, map[string]any{
			"id": i + 1, "node_id": fmt.Sprintf("LA_%d", i+1), "name": l, "description": "", "color": "ededed", "default": false,
			"url": fmt.Sprintf("%s/repos/%s/labels/%s", s.URL, s.Repository, escape(l)),
		})
	}
	var closed, merged any
	if p.State == "closed" {
		closed = stamp(p.Closed)
		if p.Merged {
			merged = closed
		}
	}
	repo := s.URL + "/repos/" + s.Repository
	at, issue, web := fmt.Sprintf("%s/pulls/%d", repo, p.Number), fmt.Sprintf("%s/issues/%d", repo, p.Number), fmt.Sprintf("https://github.com/%s/pull/%d", s.Repository, p.Number)
	j := map[string]any{
		"id": 5000 + p.Number, "node_id": fmt.Sprintf("PR_%d", p.Number), "number": p.Number, "state": p.State, "locked": false, "draft": p.Draft,
		"title": p.Title, "body": p.Body, "user": person(p.Author).json(), "labels": labels, "author_association": "NONE", "assignee": nil,
		"assignees": []any{}, "milestone": nil, "auto_merge": nil, "merge_commit_sha": orNull(p.Merge),
		"created_at": stamp(p.Updated), "updated_at": stamp(p.Updated), "closed_at": closed, "merged_at": merged,
		"head": map[string]any{"ref": p.Branch, "sha": p.Head, "repo": from, "label": owner(s.from(p)) + ":" + p.Branch, "user": person(owner(s.from(p))).json()},
		"base": map[string]any{
			"ref": "main", "sha": "0000000000000000000000000000000000000000", "repo": home, "label": owner(s.Repository) + ":main", "user": person(owner(s.Repository)).json(),
		},
		"url": at, "html_url": web, "diff_url": web + ".diff", "patch_url": web + ".patch", "issue_url": issue,
		"commits_url": at + "/commits", "comments_url": issue + "/comments", "review_comments_url": at + "/comments",
		"review_comment_url": repo + "/pulls/comments{/number}", "statuses_url": repo + "/statuses/" + p.Head,
	}
	links := map[string]any{"self": map[string]any{"href": at}}
	for _, of := range []string{"html", "issue", "comments", "review_comments", "review_comment", "commits", "statuses"} {
		links[of] = map[string]any{"href": j[of+"_url"]}
	}
	j["_links"] = links
	return j
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
