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
)

var notInMarker = regexp.MustCompile(`[^-A-Za-z0-9_./]`)

// Comment keeps one comment on a pull request. The marker names it among ours
// ("pr-12"); it stands in the comment's first line, which the reader does not
// see. edit is called once, with what the comment says below that line ("": there
// is none), and returns what it shall say, at most 60,000 characters; "" leaves
// everything as it is. A comment of anyone else is neither read nor touched,
// whatever it begins with. A refusal is in the Outcome; an error is anything else.
func (c *Client) Comment(ctx context.Context, number int, marker string, edit func(old string) string) (Outcome, error) {
	a := asked{fmt.Sprintf("comment on pull request %d", number), "pull-requests: write"}
	marker = notInMarker.ReplaceAllString(cut(marker, 100), "-")
	if marker == "" || number <= 0 {
		return Outcome{}, report.Usage(fmt.Sprintf("%s: want the number of a pull request and a marker such as pr-12", a.what))
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
	if said := strings.TrimSpace(edit(old)); said != "" && said != old {
		if err := c.say(ctx, a, kept.GetID(), marker+"\n"+said); err != nil {
			return outcome(shown, err)
		}
	}
	// Two runs at the same moment make two. The one without a marker is not found
	// again.
	for _, extra := range ours[1:] {
		if err := c.say(ctx, a, extra.GetID(), fmt.Sprintf("Continued in [another comment](#issuecomment-%d).", kept.GetID())); err != nil {
			return outcome(shown, err)
		}
	}
	return Outcome{Done: true, Link: shown}, nil
}

func (c *Client) firstComment(ctx context.Context, a asked, number int, marker, said string) (Outcome, error) {
	if said = strings.TrimSpace(said); said == "" {
		return Outcome{Done: true}, nil
	}
	shown := ""
	err := c.create(ctx, a, func() error {
		made, _, err := c.api.Issues.CreateComment(ctx, c.owner, c.name, number, &gh.IssueComment{Body: gh.Ptr(marker + "\n" + said)})
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

func (c *Client) say(ctx context.Context, a asked, id int64, body string) error {
	_, _, err := c.api.Issues.EditComment(ctx, c.owner, c.name, id, &gh.IssueComment{Body: gh.Ptr(body)})
	return c.judge(ctx, a, err)
}

// ours finds our comments with the marker, the oldest first. It reads up to the
// end of the page that has one: those that runs make at the same moment are
// neighbours.
func (c *Client) ours(ctx context.Context, a asked, number int, marker string) ([]*gh.IssueComment, error) {
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

// whoami is the login that comments made with the token have. REST tells it to
// people's tokens only (GET /user is 403 for an installation's, such as the
// job's token); GraphQL's viewer tells both, and for bots it is "…[bot]", a form
// that nobody can register.
func (c *Client) whoami(ctx context.Context, a asked) (string, error) {
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
	a.what += ", find out whose token it is"
	_, err = c.api.Do(ctx, req, &answer)
	if err := c.judge(ctx, a, err); err != nil {
		return "", err
	}
	if answer.Data.Viewer.Login == "" {
		return "", c.judge(ctx, a, errors.New("GitHub does not say"))
	}
	c.login, c.known = answer.Data.Viewer.Login, true
	return c.login, nil
}
