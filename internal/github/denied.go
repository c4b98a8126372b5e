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
	"github.com/seed-b235b314/goldenpath/internal/text"
)

// Outcome is the result of an optional change, such as a comment.
type Outcome struct {
	Done bool   // GitHub made the change
	Why  string // why not, with the remedy: one line, safe to print
	Link string // to the comment; "": none
}

// Denied is an error for a request that GitHub refused because of a permission, a rate
// limit or a rule. An immediate retry does not help. A command should not fail because a
// comment was denied.
type Denied struct {
	What   string // the request: "comment on pull request 12"
	Why    string // GitHub's reason, one line, at most 300 characters
	Remedy string
	Status int  // HTTP status; 0: a rate limit that ends too late to wait for
	Plan   bool // only a higher plan has this feature
	// Permission is the permission that the token lacks: "administration: read". Empty:
	// that is not the reason.
	Permission string
}

func (d *Denied) Error() string { return "cannot " + d.What + ": " + d.Why + ": " + d.Remedy }

// request describes a call for error messages.
type request struct {
	what       string
	permission string // that the token needs: "pull-requests: write"
}

// judge converts an error of go-github into an error that names the request, the reason
// and the remedy.
func (c *Client) judge(ctx context.Context, a request, err error) error {
	var limit *limited
	var answer *gh.ErrorResponse
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("cannot %s: %w", a.what, context.Cause(ctx))
	case errors.As(err, &limit):
		return &Denied{What: a.what, Why: limit.Error(), Remedy: "run it again after that time"}
	case !errors.As(err, &answer):
		return &failure{fmt.Sprintf("cannot %s: %s: run it again, and check that GitHub can be reached", a.what, c.plain(err.Error())), err}
	}
	status := answer.Response.StatusCode
	why := fmt.Sprintf("GitHub responded with status %d", status)
	if message := c.message(answer); message != "" {
		why += " (" + message + ")"
	}
	if status >= 500 {
		return &failure{fmt.Sprintf("cannot %s: %s: run it again later; www.githubstatus.com shows outages", a.what, why), err}
	}
	d := &Denied{What: a.what, Why: why, Remedy: a.remedy(status, answer.Message), Status: status, Plan: planned(status, answer.Message)}
	if (status == http.StatusForbidden || status == http.StatusNotFound) && !d.Plan {
		d.Permission = a.permission
	}
	return d
}

func (a request) remedy(status int, message string) string {
	grant := fmt.Sprintf("give the job's token `%s`", a.permission)
	if !a.grantable() {
		grant = fmt.Sprintf("a job's token cannot have `%s`: use the token of a person or an app that has it", a.permission)
	}
	switch {
	case planned(status, message):
		return "the plan does not include it for private repositories"
	case status == http.StatusForbidden && !a.grantable():
		return grant
	case status == http.StatusUnauthorized:
		return "the token is missing, wrong or expired: pass the job's token"
	case status == http.StatusForbidden && strings.Contains(message, "not accessible by"):
		return grant + "; runs for forks and Dependabot get a read-only token"
	case status == http.StatusForbidden:
		return "read GitHub's message; if a permission is missing, " + grant
	case status == http.StatusNotFound:
		return "it does not exist, or the token may not see it: " + grant
	case status == http.StatusGone:
		return "this feature is disabled in the repository: enable it"
	}
	return "GitHub rejected the request: read its message"
}

// grantable reports whether GITHUB_TOKEN can be given the permission. Some permissions
// are available only to apps and people.
// https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax#permissions
func (a request) grantable() bool {
	scope, _, _ := strings.Cut(a.permission, ":")
	return !slices.Contains([]string{"administration", "environments", "secrets"}, scope)
}

// planned reports whether a request failed because it needs a higher GitHub plan. For
// rulesets and branch protection, GitHub Free responds "Upgrade to GitHub Pro or make
// this repository public to enable this feature."
func planned(status int, message string) bool {
	return status == http.StatusForbidden && strings.HasPrefix(message, "Upgrade to GitHub")
}

// message returns GitHub's error message, with the details of a failed validation.
func (c *Client) message(r *gh.ErrorResponse) string {
	s := r.Message
	for _, e := range r.Errors {
		if e.Message != "" {
			s += "; " + e.Message
		}
	}
	return c.plain(s)
}

// plain returns untrusted text as one line of at most 300 characters, without the token.
func (c *Client) plain(s string) string {
	if c.token != "" {
		s = strings.ReplaceAll(s, c.token, "***")
	}
	return text.Clip(report.LogLine(s), 300)
}

// failure is an error whose text is safe to print even if the text of its cause is not.
type failure struct {
	text  string
	cause error
}

func (f *failure) Error() string { return f.text }
func (f *failure) Unwrap() error { return f.cause }

// outcome converts a *Denied error into an Outcome. It returns other errors unchanged.
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

// bounded returns at most n bytes of untrusted text, without control characters.
// Shortened text ends in "…", so that it cannot equal another value.
func bounded(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(s, string(unicode.ReplacementChar)))
	if len(s) <= n {
		return s
	}
	return text.Bytes(s, n-len("…")) + "…"
}

func at(t *gh.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
