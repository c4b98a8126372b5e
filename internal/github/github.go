// Package github makes the REST calls that goldenpath needs: it reads pull requests, the
// settings of a repository and its workflow runs, and writes comments and deployments.
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

// ErrNotFound reports that the repository has no pull request with the given number. If
// the token may not read pull requests, the error is a *Denied instead.
var ErrNotFound = errors.New("the pull request does not exist")

// Options are the settings of a Client.
type Options struct {
	Repository string // owner/name
	API        string // base URL (GITHUB_API_URL); "" is https://api.github.com
	Token      string // "": only public data can be read
	Login      string // account that comments with this token; "": ask GitHub
	Now        func() time.Time
	Sleep      func(ctx context.Context, d time.Duration) error
	Transport  http.RoundTripper // nil: http.DefaultTransport
}

// Client accesses one repository. Several goroutines may use the same Client. All calls
// of a Client together wait at most a minute for rate limits, so create one Client for
// each run.
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

// New checks the options and returns a client. It sends no request. For invalid options
// it returns a usage error.
func New(o Options) (*Client, error) {
	m := repository.FindStringSubmatch(o.Repository)
	if m == nil || strings.Trim(m[1], ".") == "" || strings.Trim(m[2], ".") == "" {
		return nil, report.Usage(fmt.Sprintf("invalid repository %.100q: pass it as owner/name", o.Repository))
	}
	if strings.ContainsFunc(o.Token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, report.Usage("the GitHub token contains a space, a line break or another invalid character: set it again")
	}
	base, err := baseURL(o.API)
	if err != nil {
		return nil, err
	}
	w := &wire{base: base, token: o.Token, now: o.Now, sleep: o.Sleep, next: o.Transport}
	w.defaults()
	api := gh.NewClient(&http.Client{Transport: w, CheckRedirect: w.redirect})
	api.BaseURL, api.UserAgent = base, "goldenpath"
	api.DisableRateLimitCheck = true // the wire checks limits, by its own clock
	return &Client{api: api, owner: m[1], name: m[2], wire: w, token: o.Token, login: o.Login, known: o.Login != ""}, nil
}

// baseURL parses the address of the API. It rejects an address to which the token would
// be sent unencrypted over a public network, or that is not a plain URL.
func baseURL(s string) (*url.URL, error) {
	if s == "" {
		s = "https://api.github.com"
	}
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, report.Usage("GITHUB_API_URL is not a plain URL: set it to the address of GitHub's API, such as https://api.github.com")
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !private(u.Hostname())) {
		return nil, report.Usage(fmt.Sprintf("GITHUB_API_URL is %.200q: use https, because the token is sent there", s))
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/")+"/", ""
	return u, nil
}

func private(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && (a.IsLoopback() || a.IsPrivate())
}
