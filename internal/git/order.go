package git

import (
	"context"
	"strconv"
)

// Order is how a commit relates to another one, the base.
type Order struct {
	Older   bool  // the base contains it
	Without int   // commits of the base that it does not contain
	Err     error // why this is not known
}

// Order finds out whether replacing base with commit would take commits away. The zero
// Order is that of two equal commits, and of an empty id.
func (r Repository) Order(ctx context.Context, base, commit string) Order {
	if base == commit || base == "" || commit == "" {
		return Order{}
	}
	_, err := r.Run(ctx, "merge-base", "--is-ancestor", "--end-of-options", commit, base)
	if err == nil {
		return Order{Older: true}
	}
	if !Exited(err, 1) {
		return Order{Err: err}
	}
	out, err := r.Run(ctx, "rev-list", "--count", "--end-of-options", base, "^"+commit)
	if err != nil {
		return Order{Err: err}
	}
	n, err := strconv.Atoi(out)
	return Order{Without: n, Err: err}
}
