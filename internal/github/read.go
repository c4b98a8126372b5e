package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	gh "github.com/google/go-github/v74/github"
)

// get reads a path below the repository's URL. It decodes into types of this package
// because go-github v74 lacks newer fields (sha_pinning_required, use_immutable_subject)
// and does not escape names in paths.
func get[T any](ctx context.Context, c *Client, a request, path string) (T, error) {
	var into T
	_, err := c.read(ctx, a, path, &into)
	return into, err
}

// list reads every page of a list. The function items returns the list from a decoded
// page.
func list[P, T any](ctx context.Context, c *Client, a request, path string, items func(P) []T) ([]T, error) {
	var all []T
	err := pages(a, func(page gh.ListOptions) (*gh.Response, error) {
		var one P
		res, err := c.read(ctx, a, paged(path, page), &one)
		if err != nil {
			return nil, err
		}
		all = append(all, items(one)...)
		return res, nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

func (c *Client) read(ctx context.Context, a request, path string, into any) (*gh.Response, error) {
	return c.do(ctx, a, http.MethodGet, "repos/"+c.owner+"/"+c.name+path, into)
}

// do sends a request without a body.
func (c *Client) do(ctx context.Context, a request, method, path string, into any) (*gh.Response, error) {
	req, err := c.api.NewRequest(method, path, nil)
	if err != nil {
		return nil, err
	}
	res, err := c.api.Do(ctx, req, into)
	return res, c.judge(ctx, a, err)
}

func paged(path string, page gh.ListOptions) string {
	sign := "?"
	if strings.Contains(path, sign) {
		sign = "&"
	}
	return fmt.Sprintf("%s%sper_page=%d&page=%d", path, sign, page.PerPage, page.Page)
}

// absent reports whether GitHub responded with 404. GitHub sends 404 both for missing
// objects and for objects that the token may not read, so check the token's permission
// first.
func absent(err error) bool {
	var d *Denied
	return errors.As(err, &d) && d.Status == http.StatusNotFound
}
