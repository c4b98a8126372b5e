package github

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	tries          = 4
	attemptTimeout = 30 * time.Second
	// shortTimeout is the timeout of an attempt once all calls together have waited
	// patience for nothing. Such an attempt is not repeated.
	shortTimeout = 5 * time.Second
	patience     = time.Minute
	// A page of 100 comments of maximum size has 26 MB.
	maxAnswer = 32 << 20
)

// wire is the HTTP transport. Only this type knows the token, and it sends the token
// only to the address of the API. It repeats requests that are safe to repeat, and waits
// for rate limits.
//
// go-retryablehttp does not fit: it repeats a POST that GitHub may have carried out, and uses
// its own clock. go-github-ratelimit has no limit on the sum of its waits.
type wire struct {
	base  *url.URL
	token string
	now   func() time.Time
	sleep func(context.Context, time.Duration) error
	next  http.RoundTripper
	kept  memory

	mu     sync.Mutex
	waited time.Duration // for rate limits, by all calls
	lost   time.Duration // by attempts without a response, since the last response
	closed *limited      // the limit that ends too late to wait for
}

func (w *wire) defaults() {
	if w.now == nil {
		w.now = time.Now
	}
	if w.sleep == nil {
		w.sleep = sleep
	}
	if w.next == nil {
		w.next = http.DefaultTransport
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// RoundTrip sends a request, repeats it if that is safe and useful, and returns the
// response. The body of the response has already been read.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	for try := 1; ; try++ {
		if err := w.refuse(); err != nil {
			return nil, err
		}
		began, timeout, again := w.now(), attemptTimeout, try < tries
		if w.tired() {
			timeout, again = shortTimeout, false
		}
		res, err := w.once(req, timeout)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		w.count(err == nil && res.StatusCode < 500, w.now().Sub(began))
		wait := time.Duration(0)
		switch {
		case err == nil && isLimited(res):
			// GitHub did not carry the request out, whatever its method.
			if wait, err = w.claim(res); err != nil {
				return nil, err
			}
			again = true
		case err != nil || res.StatusCode >= 500:
			wait, again = w.backoff(try), again && mayRepeat(req, err)
		default:
			again = false
		}
		if !again {
			return res, err
		}
		if err := w.sleep(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// mayRepeat reports whether a request is safe to send again: it was never sent, or
// sending it twice changes nothing.
func mayRepeat(req *http.Request, err error) bool {
	var op *net.OpError
	query := strings.HasSuffix(req.URL.Path, "/graphql") // our only query reads
	return req.Method != http.MethodPost || query || errors.As(err, &op) && op.Op == "dial"
}

// backoff returns the delay before the next attempt: half a second, doubled with each
// attempt. The clock's fraction of a second adds jitter, so that runners that failed at
// the same time do not retry at the same time.
func (w *wire) backoff(try int) time.Duration {
	full := 500 * time.Millisecond << (try - 1)
	return full/2 + time.Duration(w.now().Nanosecond())*full/2/time.Second
}

// count adds up the time of failed attempts. A successful response resets the sum.
func (w *wire) count(answered bool, took time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lost += took; answered {
		w.lost = 0
	}
}

// tired reports whether failed attempts have used up the time allowed for them.
func (w *wire) tired() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lost >= patience
}

// once sends a request without repeating it.
func (w *wire) once(req *http.Request, timeout time.Duration) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), timeout)
	defer cancel()
	out := req.Clone(ctx)
	if req.GetBody != nil {
		body, err := req.GetBody()
		if err != nil {
			return nil, err
		}
		out.Body = body
	}
	out.Header.Del("Authorization")
	if w.token != "" && w.home(out.URL) {
		out.Header.Set("Authorization", "Bearer "+w.token)
	}
	w.kept.ask(out)
	res, err := w.next.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("cannot read the response: %w", err)
	case len(b) > maxAnswer:
		return nil, fmt.Errorf("GitHub's response is larger than %d MiB", maxAnswer>>20)
	case len(b) == 0 && (res.StatusCode == http.StatusOK || res.StatusCode == http.StatusCreated):
		return nil, errors.New("GitHub's response is empty") // go-github would treat it as an empty result
	}
	res.Body, res.Request = whole(w.kept.take(out, res, b)), req
	return res, nil
}

// home reports whether a URL belongs to GitHub's API.
func (w *wire) home(u *url.URL) bool { return u.Scheme == w.base.Scheme && u.Host == w.base.Host }

// redirect allows redirects within the API, such as those of a renamed repository, and
// rejects all others.
func (w *wire) redirect(req *http.Request, via []*http.Request) error {
	switch {
	case !w.home(req.URL):
		return fmt.Errorf("%s redirected the request to another host, which goldenpath does not follow", w.base.Host)
	case len(via) > 3:
		return errors.New("GitHub redirected the request more than 3 times")
	case req.Method != via[0].Method:
		return errors.New("a redirect would lose the body of the request: if the repository was renamed, use its new name")
	}
	return nil
}
