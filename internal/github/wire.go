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
	// shortTimeout is that of an attempt after GitHub has kept a run waiting for
	// patience in all, over its calls: it gets no second one either.
	shortTimeout = 5 * time.Second
	patience     = time.Minute
	// A page of 100 comments of the greatest size is 26 MB.
	maxAnswer = 32 << 20
)

// wire carries requests: it alone knows the token, and gives it to the API's own
// address only. It repeats what may be repeated and waits for rate limits.
//
// Not go-retryablehttp, which repeats a POST that may have been taken and
// sleeps by its own clock; nor go-github-ratelimit, likewise, with no limit to
// the sum of its waits.
type wire struct {
	base  *url.URL
	token string
	now   func() time.Time
	sleep func(context.Context, time.Duration) error
	next  http.RoundTripper
	kept  memory

	mu     sync.Mutex
	waited time.Duration // for rate limits, of all calls
	lost   time.Duration // on attempts without an answer, since there was the last one
	closed *limited      // the limit that was not waited for
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

// RoundTrip sends a request until there is an answer worth giving, read whole.
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
			// Such a request was not taken, whatever its method.
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

// mayRepeat: a request that changes nothing when it arrives twice, or one that
// was never sent.
func mayRepeat(req *http.Request, err error) bool {
	var op *net.OpError
	query := strings.HasSuffix(req.URL.Path, "/graphql") // the one we send asks only
	return req.Method != http.MethodPost || query || errors.As(err, &op) && op.Op == "dial"
}

// backoff doubles from half a second. The clock's fraction of a second keeps
// runners that failed together from coming back together.
func (w *wire) backoff(try int) time.Duration {
	full := 500 * time.Millisecond << (try - 1)
	return full/2 + time.Duration(w.now().Nanosecond())*full/2/time.Second
}

// count adds up what was lost, and forgets it once there is an answer.
func (w *wire) count(answered bool, took time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.lost += took; answered {
		w.lost = 0
	}
}

func (w *wire) tired() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lost >= patience
}

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
		return nil, fmt.Errorf("read the answer: %w", err)
	case len(b) > maxAnswer:
		return nil, fmt.Errorf("the answer is larger than %d MiB", maxAnswer>>20)
	case len(b) == 0 && (res.StatusCode == http.StatusOK || res.StatusCode == http.StatusCreated):
		return nil, errors.New("the answer is empty") // go-github takes it for no result
	}
	res.Body, res.Request = whole(w.kept.take(out, res, b)), req
	return res, nil
}

func (w *wire) home(u *url.URL) bool { return u.Scheme == w.base.Scheme && u.Host == w.base.Host }

// redirect follows what GitHub sends for a renamed repository, and nothing else.
func (w *wire) redirect(req *http.Request, via []*http.Request) error {
	switch {
	case !w.home(req.URL):
		return fmt.Errorf("redirected from %s to another host, which is not followed", w.base.Host)
	case len(via) > 3:
		return errors.New("redirected more than 3 times")
	case req.Method != via[0].Method:
		return errors.New("redirected in a way that loses what was sent: has the repository been renamed? use its new name")
	}
	return nil
}
