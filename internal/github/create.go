package github

import (
	"context"
	"errors"
)

// create sends a POST that creates something. If the response is lost, GitHub may have
// carried the request out, so exists checks before the POST is sent again. The error of
// exists is one that judge returned.
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
