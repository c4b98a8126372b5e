package github

import (
	"context"
	"errors"
)

// create sends a POST that creates an object. If the response is lost, GitHub may
// already have created the object, so create calls exists before it sends the POST
// again. exists must return errors from judge.
func (c *Client) create(ctx context.Context, a request, post func() error, exists func() (bool, error)) error {
	for try := 1; ; try++ {
		err := c.judge(ctx, a, post())
		var lost *failure
		if !errors.As(err, &lost) {
			return err
		}
		if err := c.wire.sleep(ctx, c.wire.backoff(try)); err != nil {
			return err
		}
		found, unknown := exists()
		switch {
		case unknown != nil:
			return unknown
		case found:
			return nil
		case try == tries:
			return err
		}
	}
}
