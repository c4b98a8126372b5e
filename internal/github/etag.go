package github

import (
	"bytes"
	"io"
	"net/http"
	"sync"
)

// Limits of the cache. They are high enough for every call that a run repeats.
const (
	maxKept   = 64
	maxKeepOf = 1 << 20 // bytes of one response
)

// memory caches responses by their ETag. A repeated request is still sent, but if the
// resource has not changed, the request does not count towards the rate limit.
// https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate
type memory struct {
	mu   sync.Mutex
	kept map[string]answer // by address
}

// answer is a cached response with status 200.
type answer struct {
	header http.Header
	body   []byte
}

// ask adds the ETag of the cached response to a request, if there is one.
func (m *memory) ask(req *http.Request) {
	if req.Method != http.MethodGet {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if a, ok := m.kept[req.URL.String()]; ok {
		req.Header.Set("If-None-Match", a.header.Get("ETag"))
	}
}

// take caches a response that has an ETag and returns its body. For a response with
// status 304 (not modified), take returns the cached body.
func (m *memory) take(req *http.Request, res *http.Response, body []byte) []byte {
	if req.Method != http.MethodGet {
		return body
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	address := req.URL.String()
	switch a, ok := m.kept[address]; {
	case ok && res.StatusCode == http.StatusNotModified:
		res.StatusCode, res.Status = http.StatusOK, "200 OK"
		res.Header, res.ContentLength = a.header.Clone(), int64(len(a.body))
		return bytes.Clone(a.body)
	case res.StatusCode == http.StatusOK && res.Header.Get("ETag") != "" && len(body) <= maxKeepOf:
		if m.kept == nil {
			m.kept = map[string]answer{}
		}
		if !ok && len(m.kept) >= maxKept {
			clear(m.kept)
		}
		m.kept[address] = answer{res.Header.Clone(), bytes.Clone(body)}
	}
	return body
}

// whole returns a reader of a body that was already read.
func whole(b []byte) io.ReadCloser { return io.NopCloser(bytes.NewReader(b)) }
