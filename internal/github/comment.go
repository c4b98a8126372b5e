package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	gh "github.com/google/go-github/v74/github"

	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

var notInMarker = regexp.MustCompile(`[^-A-Za-z0-9_./]`)

// Comment creates or edits one comment on a pull request. The marker ("pr-12")
// identifies the comment among those of this account; it is in the first line of the
// comment, which GitHub does not display. Comment calls edit once with the text below
// that line, or with "" if there is no comment. edit returns the new text, at most
// 60,000 characters, or "" to change nothing. Comments by other accounts are neither
// used nor changed, even if they begin with the marker. A refusal by GitHub is in the
// Outcome; every other problem is an error.
func (c *Client) Comment(ctx context.Context, number int, marker string, edit func(old string) string) (Outcome, error) {
	a := request{fmt.Sprintf("comment on pull request %d", number), "pull-requests: write"}
	marker = notInMarker.ReplaceAllString(text.Bytes(marker, 100), "-")
	if marker == "" || number <= 0 {
		return Outcome{}, report.Usage(fmt.Sprintf("cannot %s: pass the number of a pull request and a marker such as pr-12", a.what))
	}
	marker = "<!-- goldenpath: " + marker + " -->"
	ours, err := c.ours(ctx, a, number, marker)
	if err != nil {
		return outcome("", err)
	}
	if len(ours) == 0 {
		return c.firstComment(ctx, a, number, marker, edit(""))
	}
	kept := ours[0]
	shown := link(kept.GetHTMLURL())
	old := below(marker, kept.GetBody())
	if body := strings.TrimSpace(edit(old)); body != "" && body != old {
		if err := c.write(ctx, a, kept.GetID(), marker+"\n"+body); err != nil {
			return outcome(shown, err)
		}
	}
	// Two runs at the same moment create two comments. Without its marker, the second is
	// not found again.
	for _, extra := range ours[1:] {
		if err := c.write(ctx, a, extra.GetID(), fmt.Sprintf("Continued in [another comment](#issuecomment-%d).", kept.GetID())); err != nil {
			return outcome(shown, err)
		}
	}
	return Outcome{Done: true, Link: shown}, nil
}

func (c *Client) firstComment(ctx context.Context, a request, number int, marker, body string) (Outcome, error) {
	if body = strings.TrimSpace(body); body == "" {
		return Outcome{Done: true}, nil
	}
	shown := ""
	err := c.create(ctx, a, func() error {
		made, _, err := c.api.Issues.CreateComment(ctx, c.owner, c.name, number, &gh.IssueComment{Body: gh.Ptr(marker + "\n" + body)})
		shown = link(made.GetHTMLURL())
		return err
	}, func() (bool, error) {
		ours, err := c.ours(ctx, a, number, marker)
		if len(ours) == 0 {
			return false, err
		}
		shown = link(ours[0].GetHTMLURL())
		return true, nil
	})
	return outcome(shown, err)
}

func (c *Client) write(ctx context.Context, a request, id int64, body string) error {
	_, _, err := c.api.Issues.EditComment(ctx, c.owner, c.name, id, &gh.IssueComment{Body: gh.Ptr(body)})
	return c.judge(ctx, a, err)
}

// ours returns this account's comments with the marker, the oldest first. It stops after
// the first page that has such a comment, because runs that create a comment at the same
// moment create adjacent ones.
func (c *Client) ours(ctx context.Context, a request, number int, marker string) ([]*gh.IssueComment, error) {
	var found []*gh.IssueComment
	err := pages(a, func(page gh.ListOptions) (*gh.Response, error) {
		comments, res, err := c.api.Issues.ListComments(ctx, c.owner, c.name, number, &gh.IssueListCommentsOptions{ListOptions: page})
		if err := c.judge(ctx, a, err); err != nil {
			return nil, err
		}
		for _, one := range comments {
			if !marked(marker, one.GetBody()) {
				continue
			}
			login, err := c.whoami(ctx, a)
			if err != nil {
				return nil, err
			}
			if strings.EqualFold(one.GetUser().GetLogin(), login) {
				found = append(found, one)
			}
		}
		if len(found) > 0 {
			return res, errStop
		}
		return res, nil
	})
	return found, err
}

func marked(marker, body string) bool {
	rest, ok := strings.CutPrefix(body, marker)
	return ok && (rest == "" || rest[0] == '\n' || rest[0] == '\r')
}

func below(marker, body string) string {
	return strings.TrimSpace(strings.ReplaceAll(strings.TrimPrefix(body, marker), "\r\n", "\n"))
}

// whoami returns the login of the account that the token's comments belong to. REST has
// this login only for tokens of people (GET /user responds with 403 to the token of an
// installation, such as a job's). GraphQL's viewer works for both. The login of a bot
// ends in "[bot]", which no person can register.
func (c *Client) whoami(ctx context.Context, a request) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known {
		return c.login, nil
	}
	path := "graphql"
	if strings.HasSuffix(c.api.BaseURL.Path, "/v3/") {
		path = "../graphql" // a GitHub Enterprise Server
	}
	req, err := c.api.NewRequest(http.MethodPost, path, map[string]string{"query": "{viewer{login}}"})
	if err != nil {
		return "", err
	}
	var answer struct {
		Data struct {
			Viewer struct {
				Login string `json:"login"`
			} `json:"viewer"`
		} `json:"data"`
	}
	a.what += ", find out which account the token belongs to"
	_, err = c.api.Do(ctx, req, &answer)
	if err := c.judge(ctx, a, err); err != nil {
		return "", err
	}
	if answer.Data.Viewer.Login == "" {
		return "", c.judge(ctx, a, errors.New("GitHub's response names no account"))
	}
	c.login, c.known = answer.Data.Viewer.Login, true
	return c.login, nil
}
