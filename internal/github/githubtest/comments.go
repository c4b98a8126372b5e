package githubtest

import (
	"fmt"
	"net/http"
	"unicode/utf8"
)

// Comment is a comment on a pull request.
type Comment struct {
	ID     int64
	By     Account
	Body   string
	Edited int // number of edits
}

// AddComment puts a comment on a pull request and returns its id.
func (s *Server) AddComment(number int, by Account, body string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addComment(number, by, body).ID
}

func (s *Server) addComment(number int, by Account, body string) *Comment {
	s.ids++
	c := &Comment{ID: s.ids, By: by, Body: body}
	s.comments[number] = append(s.comments[number], c)
	return c
}

// Comments returns the comments on a pull request, the oldest first.
func (s *Server) Comments(number int) []Comment {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Comment
	for _, c := range s.comments[number] {
		all = append(all, *c)
	}
	return all
}

func (s *Server) listComments(c call) answer {
	number := int(c.id)
	if s.pulls[number] == nil {
		return refuse(http.StatusNotFound, "Not Found")
	}
	var all []map[string]any
	for _, one := range s.comments[number] {
		all = append(all, s.commentJSON(number, one))
	}
	return page(s, c.r, all)
}

func (s *Server) createComment(c call) answer {
	number := int(c.id)
	if s.pulls[number] == nil {
		return refuse(http.StatusNotFound, "Not Found")
	}
	body, bad := commentBody(c)
	if bad != nil {
		return *bad
	}
	return answer{status: http.StatusCreated, body: s.commentJSON(number, s.addComment(number, c.by, body))}
}

// editComment edits a comment. As on GitHub, a token that may write may edit any comment.
func (s *Server) editComment(c call) answer {
	for number, all := range s.comments {
		for _, one := range all {
			if one.ID != c.id {
				continue
			}
			body, bad := commentBody(c)
			if bad != nil {
				return *bad
			}
			one.Body = body
			one.Edited++
			return ok(s.commentJSON(number, one))
		}
	}
	return refuse(http.StatusNotFound, "Not Found")
}

const maxComment = 65536

func commentBody(c call) (string, *answer) {
	var in struct {
		Body string `json:"body"`
	}
	if !c.decode(&in) {
		a := refuse(http.StatusBadRequest, "Problems parsing JSON")
		return "", &a
	}
	if in.Body == "" {
		a := invalid("IssueComment", "body can't be blank")
		return "", &a
	}
	if utf8.RuneCountInString(in.Body) > maxComment {
		a := invalid("IssueComment", fmt.Sprintf("Body is too long (maximum is %d characters)", maxComment))
		return "", &a
	}
	return in.Body, nil
}

func (s *Server) commentJSON(number int, c *Comment) map[string]any {
	var via any
	if c.By.Bot {
		via = app()
	}
	now := stamp(s.Now())
	return map[string]any{
		"id": c.ID, "node_id": fmt.Sprintf("IC_%d", c.ID), "body": c.Body, "user": c.By.json(), "author_association": "NONE",
		"created_at": now, "updated_at": now, "performed_via_github_app": via,
		"url":       fmt.Sprintf("%s/repos/%s/issues/comments/%d", s.URL, s.Repository, c.ID),
		"issue_url": fmt.Sprintf("%s/repos/%s/issues/%d", s.URL, s.Repository, number),
		"html_url":  fmt.Sprintf("https://github.com/%s/pull/%d#issuecomment-%d", s.Repository, number, c.ID),
	}
}
