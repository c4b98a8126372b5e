package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	gh "github.com/google/go-github/v74/github"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Outcome is what became of a change that a run can do without.
type Outcome struct {
	Done bool   // GitHub shows what was asked for
	Why  string // why it is not done, with the remedy: one line, safe to print
	Link string // to the comment; "": none
}

// Denied is GitHub's refusal: a permission, a rate limit, a rule. Asking again
// at once does not help, and nobody should fail because a comment was denied.
type Denied struct {
	What   string // what was asked for: "comment on pull request 12"
	Why    string // what GitHub says, one line, at most 300 bytes
	Remedy string
	Status int  // of HTTP; 0: a rate limit that is not waited for
	Plan   bool // GitHub has this on a greater plan only
	// Permission is what the token lacks, if that is why: "administration: read".
	Permission string
}

func (d *Denied) Error() string { return d.What + ": " + d.Why + ": " + d.Remedy }

// asked is one call, as errors name it.
type asked struct {
	what       string
	permission string // of the job's token: "pull-requests: write"
}

// judge turns what go-github returns into what a person can act on.
func (c *Client) judge(ctx context.Context, a asked, err error) error {
	var limit *limited
	var answer *gh.ErrorResponse
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", a.what, context.Cause(ctx))
	case errors.As(err, &limit):
		return &Denied{What: a.what, Why: limit.Error(), Remedy: "run it again after that"}
	case !errors.As(err, &answer):
		return &failure{fmt.Sprintf("%s: %s: run it again, and see whether GitHub can be reached", a.what, c.plain(err.Error())), err}
	}
	status := answer.Response.StatusCode
	why := fmt.Sprintf("GitHub answers %d", status)
	if said := c.said(answer); said != "" {
		why += " (" + said + ")"
	}
	if status >= 500 {
		return &failure{fmt.Sprintf("%s: %s: run it again later, and see www.githubstatus.com", a.what, why), err}
	}
	d := &Denied{What: a.what, Why: why, Remedy: a.remedy(status, answer.Message), Status: status, Plan: planned(status, answer.Message)}
	if (status == http.StatusForbidden || status == http.StatusNotFound) && !d.Plan {
		d.Permission = a.permission
	}
	return d
}

func (a asked) remedy(status int, message string) string {
	grant := fmt.Sprintf("give the job's token `%s`", a.permission)
	if !a.grantable() {
		grant = fmt.Sprintf("no job's token can have `%s`: ask with the token of a person, or of an app, who has it", a.permission)
	}
	switch {
	case planned(status, message):
		return "the plan does not have it for a private repository"
	case status == http.StatusForbidden && !a.grantable():
		return grant
	case status == http.StatusUnauthorized:
		return "the token is missing, wrong or expired: pass the job's token"
	case status == http.StatusForbidden && strings.Contains(message, "not accessible by"):
		return grant + "; runs for forks and Dependabot get a token that may only read"
	case status == http.StatusForbidden:
		return "see what GitHub says; if a permission is missing, " + grant
	case status == http.StatusNotFound:
		return "it is gone, or the token may not see it: " + grant
	case status == http.StatusGone:
		return "the repository has this switched off"
	}
	return "GitHub does not take what was sent: see what it says"
}

// grantable: these permissions are of apps and people alone.
// https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#permissions
func (a asked) grantable() bool {
	scope, _, _ := strings.Cut(a.permission, ":")
	return !slices.Contains([]string{"administration", "environments", "secrets"}, scope)
}

// planned: "Upgrade to GitHub Pro or make this repository public to enable this
// feature." is the answer for rulesets and protection on GitHub Free.
func planned(status int, message string) bool {
	return status == http.StatusForbidden && strings.HasPrefix(message, "Upgrade to GitHub")
}

// said is GitHub's message with the details of a failed validation.
func (c *Client) said(r *gh.ErrorResponse) string {
	s := r.Message
	for _, e := range r.Errors {
		if e.Message != "" {
			s += "; " + e.Message
		}
	}
	return c.plain(s)
}

// plain makes outside text one bounded line without the token.
func (c *Client) plain(s string) string {
	if c.token != "" {
		s = strings.ReplaceAll(s, c.token, "***")
	}
	return cut(report.LogLine(s), 300)
}

// failure is an error whose text is safe to print though its cause's is not.
type failure struct {
	text  string
	cause error
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.cause }

// outcome splits a refusal, which a run goes on without, from other errors.
func outcome(link string, err error) (Outcome, error) {
	var d *Denied
	switch {
	case errors.As(err, &d):
		return Outcome{Why: err.Error(), Link: link}, nil
	case err != nil:
		return Outcome{Link: link}, err
	}
	return Outcome{Done: true, Link: link}, nil
}

// text bounds outside text, and takes out what a terminal would act on. What is
// cut ends in "…", so that it cannot turn into another value.
func text(s string, n int) string {
	return cut(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(s, string(unicode.ReplacementChar))), n)
}

func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	const mark = "…"
	return strings.ToValidUTF8(s[:n-len(mark)], "") + mark
}

func at(t *gh.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
