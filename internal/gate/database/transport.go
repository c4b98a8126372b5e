package database

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// transport sends requests to mirrors, over https unless the mirror is on this machine.
// It returns an error for a response after which another attempt may succeed, and
// closes connections that deliver no data.
type transport struct {
	base  http.RoundTripper
	stall time.Duration
	now   func() time.Time
}

// busyError is a response after which another attempt may succeed.
type busyError struct {
	status int
	after  time.Duration // from Retry-After; 0: none
}

func (e *busyError) Error() string {
	text := fmt.Sprintf("the mirror responded with %d %s", e.status, http.StatusText(e.status))
	if e.after > 0 {
		text += fmt.Sprintf(" and asks to wait %s", e.after)
	}
	return text
}

// refusedError means that a request was not sent, or that another attempt would get the
// same response.
type refusedError struct{ why string }

func (e *refusedError) Error() string { return e.why }

// RoundTrip sends the request if it is allowed.
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := allowed(req); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(req.Context())
	stalled := fmt.Errorf("no data arrived for %s", t.stall)
	watch := time.AfterFunc(t.stall, func() { cancel(stalled) })
	base := t.base
	if base == nil {
		base = http.DefaultTransport
	}
	res, err := base.RoundTrip(req.WithContext(ctx))
	if err != nil {
		watch.Stop()
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		cancel(nil)
		return nil, err
	}
	watch.Stop()
	res.Body = &body{ReadCloser: res.Body, ctx: ctx, cancel: cancel, watch: watch, stall: t.stall}
	if !busy(res.StatusCode) {
		return res, nil
	}
	res.Body.Close()
	return nil, &busyError{status: res.StatusCode, after: retryAfter(res.Header.Get("Retry-After"), t.now())}
}

// allowed refuses plain http, because only TLS authenticates advisory data. A mirror on
// this machine is exempt.
func allowed(req *http.Request) error {
	switch {
	case req.URL.Scheme == "https":
		return nil
	case req.URL.Scheme != "http" || !loopback(req.URL.Hostname()):
		return &refusedError{fmt.Sprintf("%s://%s was not used: a mirror must be https", req.URL.Scheme, req.URL.Host)}
	case req.Response != nil && req.Response.Request.URL.Scheme == "https":
		return &refusedError{fmt.Sprintf("the mirror redirects to http://%s: redirects from https to http are not followed", req.URL.Host)}
	}
	return nil
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

func busy(status int) bool {
	return status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status == http.StatusTooEarly
}

// retryAfter reads the header Retry-After, in seconds or as a date. It returns 0 if the
// header is missing or not valid.
func retryAfter(text string, now time.Time) time.Duration {
	if n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 32); err == nil {
		return max(0, time.Duration(n)*time.Second)
	}
	if when, err := http.ParseTime(text); err == nil {
		return max(0, when.Sub(now)).Round(time.Second)
	}
	return 0
}

// body is the body of a response. It is closed if no data arrives within the time
// limit.
type body struct {
	io.ReadCloser
	ctx    context.Context
	cancel context.CancelCauseFunc
	watch  *time.Timer
	stall  time.Duration
}

func (b *body) Read(p []byte) (int, error) {
	b.watch.Reset(b.stall)
	n, err := b.ReadCloser.Read(p)
	b.watch.Stop() // time spent on the disk does not count
	if err != nil && !errors.Is(err, io.EOF) {
		if cause := context.Cause(b.ctx); cause != nil {
			err = cause
		}
	}
	return n, err
}

func (b *body) Close() error {
	b.watch.Stop()
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}

// label returns an address or reference of a mirror without the parts that may be
// secret.
func label(mirror string) string {
	if !strings.Contains(mirror, "://") {
		if user, rest, ok := strings.Cut(mirror, "@"); ok && !strings.HasPrefix(rest, "sha256:") {
			return strings.Repeat("*", min(3, len(user))) + "@" + rest
		}
		return mirror
	}
	u, err := url.Parse(mirror)
	if err != nil {
		return "an address that is not valid"
	}
	return u.Scheme + "://" + u.Host + u.EscapedPath()
}

var address = regexp.MustCompile(`[a-zA-Z]+://[^\s"'<>]+`)

// plainError returns the error in one line of bounded length. Addresses in it are
// shortened by label.
func plainError(err error) string {
	if u := (*url.Error)(nil); errors.As(err, &u) && u.Error() == err.Error() {
		err = u.Err
	}
	text := address.ReplaceAllStringFunc(strings.Join(strings.Fields(err.Error()), " "), label)
	if len(text) > 300 {
		text = text[:300] + "…"
	}
	return strings.ToValidUTF8(text, "?")
}
