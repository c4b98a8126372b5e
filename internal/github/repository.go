package github

import (
	"context"
	"fmt"
)

// Repository holds the settings of the repository itself.
type Repository struct {
	Visibility   string // public, private, internal
	Branch       string // default branch
	Organization bool   // the owner is an organisation, not a person
	Admin        bool   // the token's owner administers it
	Archived     bool
}

// Public reports whether the repository is public. For public repositories, every GitHub
// plan includes rulesets.
func (r Repository) Public() bool { return r.Visibility == "public" }

// Repository reads the settings. If the token may not read them, the error is a *Denied.
func (c *Client) Repository(ctx context.Context) (Repository, error) {
	a := request{"read the repository " + c.owner + "/" + c.name, "metadata: read"}
	r, err := get[struct {
		Private    bool   `json:"private"`
		Visibility string `json:"visibility"`
		Branch     string `json:"default_branch"`
		Archived   bool   `json:"archived"`
		Owner      struct {
			Type string `json:"type"`
		} `json:"owner"`
		Permissions struct {
			Admin bool `json:"admin"`
		} `json:"permissions"`
	}](ctx, c, a, "")
	if err != nil {
		return Repository{}, err
	}
	if r.Branch == "" {
		return Repository{}, fmt.Errorf("cannot %s: GitHub's response has no default branch: run it again", a.what)
	}
	o := Repository{
		Visibility: bounded(r.Visibility, 20), Branch: bounded(r.Branch, 255), Organization: r.Owner.Type == "Organization",
		Admin: r.Permissions.Admin, Archived: r.Archived,
	}
	switch {
	case r.Private && o.Visibility != "internal":
		o.Visibility = "private"
	case !r.Private:
		o.Visibility = "public"
	}
	return o, nil
}
