package database

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"

	registry "github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

const (
	attempts    = 4               // at one mirror
	firstWait   = time.Second     // doubles from one to the next
	longestWait = 2 * time.Minute // a mirror that asks for more is skipped
)

// brokenError means that the downloaded content is not valid.
type brokenError struct{ error }

func (e *brokenError) Unwrap() error { return e.error }

func broken(err error) error { return &brokenError{err} }

// retry calls do until it succeeds, with growing pauses. retryablehttp of hashicorp is
// not used: it retries only up to the header, and here reading and checking the body
// belong to the attempt.
func (o Options) retry(ctx context.Context, do func() error) error {
	once := false
	for n := range attempts {
		err := do()
		if err == nil || ctx.Err() != nil {
			return err
		}
		if isBroken := (*brokenError)(nil); errors.As(err, &isBroken) {
			if once { // the same twice: the mirror's content is broken
				return err
			}
			once = true
		}
		wait, again := o.pause(err, n)
		if !again || n == attempts-1 {
			return err
		}
		if stop := o.Wait(ctx, wait); stop != nil {
			return errors.Join(err, stop)
		}
	}
	return nil
}

// pause returns how long to wait after attempt n, and false if another attempt is
// useless.
func (o Options) pause(err error, n int) (time.Duration, bool) {
	if ours(err) {
		return 0, false
	}
	if e := (*refusedError)(nil); errors.As(err, &e) {
		return 0, false
	}
	if e := (*registry.Error)(nil); errors.As(err, &e) && e.StatusCode >= 400 && e.StatusCode < 500 {
		return 0, false
	}
	if e := (*busyError)(nil); errors.As(err, &e) && e.after > 0 {
		return e.after + time.Duration(o.Random()*float64(time.Second)), e.after <= longestWait
	}
	full := firstWait << n
	return full/2 + time.Duration(o.Random()*float64(full/2)), true
}

// ours reports whether the error concerns the disk of this machine, so that another
// mirror cannot help.
func ours(err error) bool {
	path, link := (*fs.PathError)(nil), (*os.LinkError)(nil)
	return errors.As(err, &path) || errors.As(err, &link)
}
