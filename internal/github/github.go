// Package github makes the REST calls that goldenpath needs: pull requests, one comment
// that is kept up to date, transient deployments, and how a repository is protected.
package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	gh "github.com/google/go-github/v74/github"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// ErrNotFound says that the repository has no such pull request. It is never
// returned for one that the token may not see: that is a *Denied.
var ErrNotFound = errors.New("there is no such pull request")

// Options says which repository a client speaks for, and how.
type Options struct {
	Repository string // owner/name
	API        string // base URL (GITHUB_API_URL); "" is https://api.github.com
	Token      string // "": nothing that needs one is done
	Login      string // who comments with this token; "": GitHub is asked
	Now        func() time.Time
	Sleep      func(ctx context.Context, d time.Duration) error
	Transport  http.RoundTripper // nil: http.DefaultTransport
}

// Client speaks for one repository. It may be used by several goroutines. All
// its calls together wait at most a minute for rate limits, so make one client
// per run.
type Client struct {
	api         *gh.Client
	owner, name string
	wire        *wire
	token       string

	mu    sync.Mutex
	login string // of the token's owner, once known
	known bool
}

var repository = regexp.MustCompile(`^([A-Za-z0-9_.-]{1,100})/([A-Za-z0-9_.-]{1,100})$`)

// New checks the options. It calls nobody. What is wrong with them is a usage
// error.
func New(o Options) (*Client, error) {
	m := repository.FindStringSubmatch(o.Repository)
	if m == nil || strings.Trim(m[1], ".") == "" || strings.Trim(m[2], ".") == "" {
		return nil, report.Usage(fmt.Sprintf("repository %.100q: want owner/name", o.Repository))
	}
	if strings.ContainsFunc(o.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, report.Usage("the GitHub token holds a blank, a line break or another character no token has: set it anew")
	}
	base, err := baseURL(o.API)
	if err != nil {
		return nil, err
	}
	w := &wire{base: base, token: o.Token, now: o.Now, sleep: o.Sleep, next: o.Transport}
	w.defaults()
	api := gh.NewClient(&http.Client{Transport: w, CheckRedirect: w.redirect})
	api.BaseURL, api.UserAgent = base, "goldenpath"
	api.DisableRateLimitCheck = true // the wire knows, and by the clock it was given
	return &Client{api: api, owner: m[1], name: m[2], wire: w, token: o.Token, login: o.Login, known: o.Login != ""}, nil
}

// baseURL refuses what would send the token somewhere unintended, or in the
// clear over a public network.
func baseURL(s string) (*url.URL, error) {
	if s == "" {
		s = "https://api.github.com"
	}
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, report.Usage("the address of GitHub's API (GITHUB_API_URL) is no plain URL: want one such as https://api.github.com")
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !private(u.Hostname())) {
		return nil, report.Usage(fmt.Sprintf("the address of GitHub's API is %.200q: use https, the token is sent there", s))
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/")+"/", ""
	return u, nil
}

func private(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && (a.IsLoopback() || a.IsPrivate())
}
