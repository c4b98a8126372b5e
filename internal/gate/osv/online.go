package osv

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// connect is the time limit for connecting to osv.dev.
const connect = 10 * time.Second

// online is the transport to osv.dev. A host that cannot be reached is tried twice in
// total. The library itself would retry each request four times, for half a minute.
type online struct {
	ctx   context.Context // the library takes none
	next  http.RoundTripper
	pause time.Duration // before the second attempt

	mu   sync.Mutex
	down error
}

func newOnline(ctx context.Context, client *http.Client) (*http.Client, *online) {
	o := &online{ctx: ctx, pause: 300 * time.Millisecond}
	c := http.Client{}
	if client != nil {
		c = *client
	}
	if o.next = c.Transport; o.next == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.DialContext = (&net.Dialer{Timeout: connect}).DialContext
		o.next = t
	}
	c.Transport = o
	return &c, o
}

// RoundTrip implements http.RoundTripper.
func (o *online) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := o.state(); err != nil {
		return nil, err
	}
	resp, err := o.next.RoundTrip(r)
	if !isUnreachable(err) {
		return resp, err
	}
	select {
	case <-o.ctx.Done():
		return nil, o.state()
	case <-time.After(o.pause):
	}
	if r.GetBody != nil {
		r = r.Clone(r.Context())
		if r.Body, err = r.GetBody(); err != nil {
			return nil, err
		}
	}
	if resp, err = o.next.RoundTrip(r); !isUnreachable(err) {
		return resp, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.down == nil { // the first failure; it cancels the requests beside it
		o.down = &unreachable{r.URL.Hostname(), err}
	}
	return nil, o.down
}

// state returns an error if further requests are useless.
func (o *online) state() error {
	if err := o.ctx.Err(); err != nil {
		return &unreachable{"osv.dev", err}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.down
}

// isUnreachable reports whether the connection failed.
func isUnreachable(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.As(err, &dns) || errors.As(err, &op) && (op.Op == "dial" || op.Op == "proxyconnect")
}

// unreachable stops the retries of the library. Because only context.DeadlineExceeded
// stops them (osvdev's makeRetryRequest), unreachable matches that error.
type unreachable struct {
	host string
	err  error
}

func (u *unreachable) Error() string {
	g := u.Gap()
	return g.Why + "; " + g.Remedy
}

// Gap returns what was not checked.
func (u *unreachable) Gap() gate.Gap {
	return gate.Gap{What: "the list of dependencies", Why: fmt.Sprintf("%s cannot be reached: %v", u.host, u.err), Remedy: "allow " + u.host + ", or scan offline with databases"}
}

func (u *unreachable) Unwrap() error        { return u.err }
func (u *unreachable) Is(target error) bool { return target == context.DeadlineExceeded }
