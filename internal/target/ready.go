package target

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// shortCommit is how many characters of a commit id an application must return at least.
const shortCommit = 7

// Proof is what a readiness check observed.
type Proof struct {
	Health  string // "GET /healthz: 200"
	Version string // "GET /version answers 3f9c2d1", or why it was not requested
}

// WaitReady polls url until the conditions in r are met: the deployment is healthy, and
// its reported version is in want (the commit or the digest). The function alive reports
// that the deployment can no longer become ready: when alive returns an error, WaitReady
// stops early with that error.
func WaitReady(ctx context.Context, url string, r Ready, want []string, alive func() error) (Proof, error) {
	if r.Path == "" {
		r.Path = "/"
	}
	if r.Timeout == 0 {
		r.Timeout = time.Minute
	}
	outer := ctx
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()
	last := "no answer yet"
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		proof, err := probe(ctx, url, r, want)
		if err == nil {
			return proof, nil
		}
		if ctx.Err() == nil {
			last = err.Error()
		}
		if err := alive(); err != nil {
			return Proof{}, err
		}
		select {
		case <-ctx.Done():
			if outer.Err() == nil {
				return Proof{}, fmt.Errorf("not ready after %s: %s", r.Timeout, last)
			}
			return Proof{}, context.Cause(outer)
		case <-time.After(wait):
		}
	}
}

func probe(ctx context.Context, url string, r Ready, want []string) (Proof, error) {
	status, _, err := get(ctx, url+r.Path)
	if err != nil {
		return Proof{}, err
	}
	if status < 200 || status > 299 {
		return Proof{}, fmt.Errorf("GET %s: status %d", r.Path, status)
	}
	p := Proof{Health: fmt.Sprintf("GET %s: %d", r.Path, status)}
	if r.VersionPath == "" {
		p.Version = "not requested: set ready.version-path so that the answer proves the commit"
		return p, nil
	}
	status, body, err := get(ctx, url+r.VersionPath)
	if err != nil {
		return Proof{}, err
	}
	for _, w := range want {
		if status == http.StatusOK && len(w) >= shortCommit && containsVersion(body, w) {
			p.Version = fmt.Sprintf("GET %s answers %s", r.VersionPath, w[:min(len(w), 19)])
			return p, nil
		}
	}
	return Proof{}, fmt.Errorf("GET %s: status %d, but the response does not contain %s", r.VersionPath, status, strings.Join(want, " or "))
}

// containsVersion reports whether body contains want. A digest must occur in full; of a
// commit, the first seven characters suffice.
func containsVersion(body, want string) bool {
	if strings.HasPrefix(want, "sha256:") {
		return strings.Contains(body, want)
	}
	return strings.Contains(body, want[:shortCommit])
}

var client = &http.Client{
	Timeout:       10 * time.Second,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport:     &http.Transport{DisableKeepAlives: true, Proxy: http.ProxyFromEnvironment},
}

func get(ctx context.Context, url string) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, "", err
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	return res.StatusCode, string(b), err
}
