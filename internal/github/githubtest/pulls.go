package githubtest

import (
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Pull is a pull request.
type Pull struct {
	Number      int
	State       string // open, closed; "" is open
	Merged      bool
	Draft       bool
	Fork        bool // from another repository
	ForkGone    bool // which has been deleted since
	Head        string
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
	for n, p := range s.pulls {
		if state == "all" || p.State == state {
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
	j["merged"] = p.Merged // a list does not say
	return ok(j)
}

func (s *Server) pullJSON(p *Pull) map[string]any {
	home := map[string]any{"id": 1, "full_name": s.Repository, "fork": false}
	var from any = home
	switch {
	case p.ForkGone:
		from = nil
	case p.Fork:
		from = map[string]any{"id": 2, "full_name": p.Author + "/fork", "fork": true}
	}
	labels := []any{}
	for i, l := range p.Labels {
		labels = append(labels, map[string]any{"id": i + 1, "name": l, "color": "ededed", "default": false})
	}
	var closed, merged any
	if p.State == "closed" {
		closed = stamp(p.Closed)
		if p.Merged {
			merged = closed
		}
	}
	j := map[string]any{
		"id": 5000 + p.Number, "number": p.Number, "state": p.State, "locked": false, "draft": p.Draft, "title": p.Title, "body": p.Body,
		"user": Account{ID: 77, Login: p.Author}.json(), "labels": labels,
		"html_url":   fmt.Sprintf("https://github.com/%s/pull/%d", s.Repository, p.Number),
		"created_at": stamp(p.Updated), "updated_at": stamp(p.Updated), "closed_at": closed, "merged_at": merged,
		"head": map[string]any{"ref": p.Branch, "sha": p.Head, "repo": from, "label": p.Author + ":" + p.Branch},
		"base": map[string]any{"ref": "main", "sha": "0000000000000000000000000000000000000000", "repo": home, "label": "main"},

		"node_id": fmt.Sprintf("PR_%d", p.Number), "author_association": "NONE", "assignee": nil, "milestone": nil, "auto_merge": nil,
		"merge_commit_sha": nil, "url": fmt.Sprintf("%s/repos/%s/pulls/%d", s.URL, s.Repository, p.Number),
		"statuses_url": fmt.Sprintf("%s/repos/%s/statuses/%s", s.URL, s.Repository, p.Head),
	}
	issue := fmt.Sprintf("%s/repos/%s/issues/%d", s.URL, s.Repository, p.Number)
	j["issue_url"], j["comments_url"] = issue, issue+"/comments"
	return j
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
