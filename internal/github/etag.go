package github

import (
	"bytes"
	"io"
	"net/http"
	"sync"
)

// What is kept of answers: enough for every call that a run repeats.
const (
	maxKept   = 64
	maxKeepOf = 1 << 20 // bytes of one answer
)

// memory keeps answers by the tag GitHub gave them. A call that is repeated is
// sent all the same; when nothing has changed it costs nothing of the rate limit.
// https://docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate
type memory struct {
	mu   sync.Mutex
	kept map[string]answer // by address
}

// answer is one with status 200.
type answer struct {
	header http.Header
	body   []byte
}

// ask adds to a request the tag of the answer that is kept.
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

// take keeps an answer that has a tag, or puts the kept one in place of one that
// says nothing has changed.
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

// whole is a body that has been read.
func whole(b []byte) io.ReadCloser { return io.NopCloser(bytes.NewReader(b)) }
