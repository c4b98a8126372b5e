package github

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxWait bounds the sum of all waits for rate limits.
const maxWait = time.Minute

// limited is the error for a rate limit that ends too late to wait for.
type limited struct {
	kind  string    // primary, secondary
	until time.Time // when the next call is allowed
}

func (l *limited) Error() string {
	return fmt.Sprintf("the %s rate limit of the token is used up until %s", l.kind, l.until.UTC().Format(time.RFC3339))
}

// isLimited reports whether a response is a rate limit. GitHub responds with 403 or 429 for
// both of its limits.
// https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
func isLimited(res *http.Response) bool {
	switch res.StatusCode {
	case http.StatusTooManyRequests:
		return true
	case http.StatusForbidden:
		return res.Header.Get("Retry-After") != "" || res.Header.Get("X-RateLimit-Remaining") == "0" || isSecondary(res)
	}
	return false
}

// isSecondary reports whether a response is a secondary rate limit. It reads the body,
// because such a response does not always have a time in its headers, and leaves the
// body readable.
func isSecondary(res *http.Response) bool {
	b, err := io.ReadAll(res.Body)
	res.Body = io.NopCloser(bytes.NewReader(b))
	return err == nil && strings.Contains(strings.ToLower(string(b[:min(len(b), 4096)])), "secondary rate limit")
}

// claim returns how long to wait for a rate limit, and subtracts that time from the
// remainder of maxWait. If the remainder is too short, no more requests are sent until
// the limit ends.
func (w *wire) claim(res *http.Response) (time.Duration, error) {
	l, wait := &limited{kind: "secondary"}, time.Minute // what GitHub recommends if it names no time
	if s, ok := seconds(res.Header.Get("Retry-After")); ok {
		wait = time.Duration(min(s, 1e8)) * time.Second // more would overflow
	} else if s, ok := seconds(res.Header.Get("X-RateLimit-Reset")); ok && res.Header.Get("X-RateLimit-Remaining") == "0" {
		l.kind, wait = "primary", time.Unix(s, 0).Sub(w.now())
	}
	wait = max(wait, time.Second)
	l.until = w.now().Add(wait)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waited+wait > maxWait {
		w.closed = l
		return 0, l
	}
	w.waited += wait
	return wait, nil
}

// seconds parses a header that contains a number of seconds or a Unix time before the
// year 5138.
func seconds(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n >= 0 && n < 1e11
}

// refuse returns the error for a rate limit that has not ended, or nil.
func (w *wire) refuse() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed == nil || !w.now().Before(w.closed.until) {
		w.closed = nil
		return nil
	}
	return w.closed
}
