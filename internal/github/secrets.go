package github

import (
	"context"
	"net/url"
)

// Secrets reads the names of the secrets that every job of the repository can use: those
// of the repository, and those of the organisation that are available to the repository.
// GitHub never returns the value of a secret.
func (c *Client) Secrets(ctx context.Context) ([]string, error) {
	a := request{"read the names of the secrets", "secrets: read"}
	own, err := c.secrets(ctx, a, "/actions/secrets")
	if err != nil {
		return nil, err
	}
	shared, err := c.secrets(ctx, a, "/actions/organization-secrets")
	return append(own, shared...), err
}

// EnvironmentSecrets reads the names of the secrets of an environment.
func (c *Client) EnvironmentSecrets(ctx context.Context, environment string) ([]string, error) {
	a := request{"read the names of the secrets of " + bounded(environment, 255), "environments: read"}
	return c.secrets(ctx, a, "/environments/"+url.PathEscape(environment)+"/secrets")
}

func (c *Client) secrets(ctx context.Context, a request, path string) ([]string, error) {
	type secret struct {
		Name string `json:"name"`
	}
	type page struct {
		Secrets []secret `json:"secrets"`
	}
	all, err := list(ctx, c, a, path, func(p page) []secret { return p.Secrets })
	var names []string
	for _, s := range all {
		names = append(names, bounded(s.Name, 255))
	}
	return names, err
}
