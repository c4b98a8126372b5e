package github

import (
	"context"
	"errors"
)

// create sends what makes something new. A POST whose answer got lost may have
// been taken, so look says whether it was before it is sent again. What look
// returns has been judged.
func (c *Client) create(ctx context.Context, a asked, post func() error, look func() (bool, error)) error {
	for try := 1; ; try++ {
		err := c.judge(ctx, a, post())
		var lost *failure
		if !errors.As(err, &lost) {
			return err
		}
		if err := c.wire.sleep(ctx, c.wire.backoff(try)); err != nil {
			return err
		}
		found, unknown := look()
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
