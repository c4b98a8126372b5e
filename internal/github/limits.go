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

// maxWait is how long a client waits for rate limits in all.
const maxWait = time.Minute

// limited is a rate limit that was not waited for.
type limited struct {
	kind  string    // primary, secondary
	until time.Time // when the next call may be made
}

func (l *limited) Error() string {
	return fmt.Sprintf("the %s rate limit of the token is used up until %s", l.kind, l.until.UTC().Format(time.RFC3339))
}

// isLimited: GitHub answers 403 or 429 for both of its limits.
// https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
func isLimited(res *http.Response) bool {
	switch res.StatusCode {
	case http.StatusTooManyRequests:
		return true
	case http.StatusForbidden:
		return res.Header.Get("Retry-After") != "" || res.Header.Get("X-RateLimit-Remaining") == "0" || saysSecondary(res)
	}
	return false
}

// saysSecondary looks into an answer without taking it away: a secondary limit
// does not always name a time.
func saysSecondary(res *http.Response) bool {
	b, err := io.ReadAll(res.Body)
	res.Body = io.NopCloser(bytes.NewReader(b))
	return err == nil && strings.Contains(strings.ToLower(string(b[:min(len(b), 4096)])), "secondary rate limit")
}

// claim takes the wait for a limit from what is left of the minute. If that
// does not suffice, nothing is sent until the limit has passed.
func (w *wire) claim(res *http.Response) (time.Duration, error) {
	l, wait := &limited{kind: "secondary"}, time.Minute // what GitHub asks for where it names no time
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

// seconds reads a header: a number of seconds, or a time until the year 5138.
func seconds(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n >= 0 && n < 1e11
}

func (w *wire) refuse() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed == nil || !w.now().Before(w.closed.until) {
		w.closed = nil
		return nil
	}
	return w.closed
}
