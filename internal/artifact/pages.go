package artifact

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const (
	maxPages = 200
	maxPage  = 4 << 20 // bytes
)

// allPages is a transport that joins all pages of a referrers list. go-containerregistry
// reads only the first page, and a registry may list a failed test on the second.
type allPages struct{ base http.RoundTripper }

var referrersPath = regexp.MustCompile(`^/v2/.+/referrers/[^/]+$`)

// RoundTrip implements http.RoundTripper.
func (t allPages) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := t.base.RoundTrip(req)
	if err != nil || req.Method != http.MethodGet || res.StatusCode != http.StatusOK || !referrersPath.MatchString(req.URL.Path) || nextPage(res) == "" {
		return res, err
	}
	whole, err := t.join(req, res)
	if err != nil {
		return nil, fmt.Errorf("cannot list the referrers at %s: %w", req.URL.Host, err)
	}
	res.Header.Del("Link")
	res.Header.Del("Content-Length")
	res.Header.Del("Docker-Content-Digest")
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(whole)), int64(len(whole))
	return res, nil
}

// join reads all pages of a referrers list after the first, and returns one index with
// the manifests of all pages.
func (t allPages) join(req *http.Request, first *http.Response) ([]byte, error) {
	index, err := readPage(first)
	if err != nil {
		return nil, err
	}
	page, res := req, first
	for n := 1; nextPage(res) != ""; n++ {
		if n == maxPages {
			return nil, fmt.Errorf("the registry returned more than %d pages of referrers: remove those that do not belong to the image", maxPages)
		}
		to, err := page.URL.Parse(nextPage(res))
		if err != nil {
			return nil, fmt.Errorf("page %d of the referrers: %w", n+1, err)
		}
		if to.Host != req.URL.Host || to.Scheme != req.URL.Scheme {
			return nil, fmt.Errorf("page %d of the referrers is on another server, %s, which must not get the credentials of this registry", n+1, to.Host)
		}
		page = req.Clone(req.Context())
		page.URL = to
		if res, err = t.base.RoundTrip(page); err != nil {
			return nil, err
		}
		if res.StatusCode != http.StatusOK {
			res.Body.Close()
			return nil, fmt.Errorf("page %d of the referrers: status %s", n+1, res.Status)
		}
		more, err := readPage(res)
		if err != nil {
			return nil, err
		}
		index.Manifests = append(index.Manifests, more.Manifests...)
	}
	return json.Marshal(index)
}

func readPage(res *http.Response) (*v1.IndexManifest, error) {
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxPage+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxPage {
		return nil, fmt.Errorf("a page of the referrers is larger than %d bytes", maxPage)
	}
	return v1.ParseIndexManifest(bytes.NewReader(b))
}

// nextPage returns the target of a Link header with rel=next, or "".
func nextPage(res *http.Response) string {
	for _, link := range res.Header.Values("Link") {
		for one := range strings.SplitSeq(link, ",") {
			target, rel, ok := strings.Cut(one, ">")
			if target = strings.TrimSpace(target); ok && strings.HasPrefix(target, "<") && isNext.MatchString(rel) {
				return target[1:]
			}
		}
	}
	return ""
}

var isNext = regexp.MustCompile(`(?i);\s*rel\s*=\s*"?next"?\s*(;|$)`)
