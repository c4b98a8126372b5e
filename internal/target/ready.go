package target

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// shortCommit is how many characters of a commit id an application must return at least.
const shortCommit = 7

// Proof is what a readiness check observed.
type Proof struct {
	Health  string // "GET /healthz: 200"
	Version string // "GET /version answers 3f9c2d1", or why it was not requested
}

// WaitReady polls address until the conditions in r are met: the deployment is healthy, and
// its reported version is in want (the commit or the digest). The function alive gets what
// the last request observed, and reports that the deployment can no longer become ready: when
// alive returns an error, WaitReady stops early with that error.
func WaitReady(ctx context.Context, address string, r Ready, want []string, alive func(last error) error) (Proof, error) {
	if r.Path == "" {
		r.Path = "/"
	}
	if r.Timeout == 0 {
		r.Timeout = time.Minute
	}
	outer := ctx
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	last := errors.New("no answer yet")
	start := time.Now()
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, pauseAfter(time.Since(start))) {
		proof, err := probe(ctx, address, r, want)
		if err == nil {
			return proof, nil
		}
		if ctx.Err() == nil {
			last = err
		}
		if err := alive(last); err != nil {
			return Proof{}, err
		}
		select {
		case <-ctx.Done():
			if outer.Err() == nil {
				return Proof{}, fmt.Errorf("%w (not ready after %s)", last, r.Timeout)
			}
			return Proof{}, context.Cause(outer)
		case <-time.After(wait):
		}
	}
}

// pauseAfter returns the longest pause between two requests: most applications start within
// seconds, and a person waits for them.
func pauseAfter(waited time.Duration) time.Duration {
	if waited < 10*time.Second {
		return 100 * time.Millisecond
	}
	return time.Second
}

func probe(ctx context.Context, address string, r Ready, want []string) (Proof, error) {
	res, err := get(ctx, address+r.Path)
	if errors.Is(err, syscall.ECONNREFUSED) {
		return Proof{}, &quiet{"nothing listens on " + strings.TrimPrefix(address, "http://"), err}
	}
	if err != nil {
		return Proof{}, err
	}
	at := r.Path
	if end := res.at.RequestURI(); end != r.Path {
		at += " → " + end
	}
	switch {
	case res.status >= 300 && res.status < 400:
		return Proof{}, fmt.Errorf("GET %s: %d to %.200q", at, res.status, res.location)
	case res.status < 200 || res.status > 299:
		return Proof{}, fmt.Errorf("GET %s: %d", at, res.status)
	}
	p := Proof{Health: fmt.Sprintf("GET %s: %d", at, res.status)}
	if r.VersionPath == "" {
		p.Version = "not requested: set ready.version-path so that the answer proves the commit"
		return p, nil
	}
	if res, err = get(ctx, address+r.VersionPath); err != nil {
		return Proof{}, err
	}
	for _, w := range want {
		if res.status == http.StatusOK && len(w) >= shortCommit && containsVersion(res.body, w) {
			p.Version = fmt.Sprintf("GET %s answers %s", r.VersionPath, w[:min(len(w), 19)])
			return p, nil
		}
	}
	return Proof{}, fmt.Errorf("GET %s: %d, but the response does not contain %s", r.VersionPath, res.status, strings.Join(want, " or "))
}

// quiet is an error with a text for people in place of its cause's.
type quiet struct {
	text  string
	cause error
}

func (q *quiet) Error() string { return q.text }
func (q *quiet) Unwrap() error { return q.cause }

// containsVersion reports whether body contains want. A digest must occur in full; of a
// commit, the first seven characters suffice.
func containsVersion(body, want string) bool {
	if strings.HasPrefix(want, "sha256:") {
		return strings.Contains(body, want)
	}
	return strings.Contains(body, want[:shortCommit])
}

// maxRedirects is how many redirects one request follows.
const maxRedirects = 5

// client follows redirects within the deployment, such as / to /login, and no others.
var client = &http.Client{
	Timeout: 10 * time.Second,
	CheckRedirect: func(next *http.Request, before []*http.Request) error {
		if first := before[0].URL; len(before) > maxRedirects || next.URL.Scheme != first.Scheme || next.URL.Host != first.Host {
			return http.ErrUseLastResponse
		}
		return nil
	},
	Transport: &http.Transport{DisableKeepAlives: true, Proxy: http.ProxyFromEnvironment},
}

// response is what a deployment answered, and at which address.
type response struct {
	status         int
	body, location string
	at             *url.URL
}

func get(ctx context.Context, address string) (response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return response{}, err
	}
	res, err := client.Do(req)
	if err != nil {
		return response{}, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	return response{res.StatusCode, string(b), res.Header.Get("Location"), res.Request.URL}, err
}
