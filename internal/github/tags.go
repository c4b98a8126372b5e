package github

import (
	"context"
	"fmt"
)

// TagRules is an active ruleset of tags.
type TagRules struct {
	Name             string
	Include, Exclude []string // patterns such as refs/tags/v*, or ~ALL
	Rules
}

// TagRules reads the active rulesets of tags, an organisation's too.
func (c *Client) TagRules(ctx context.Context) ([]TagRules, error) {
	a := asked{"read the rulesets of tags", "metadata: read"}
	type ruleset struct {
		ID          int64  `json:"id"`
		Name        string `json:"name"`
		Target      string `json:"target"`
		Enforcement string `json:"enforcement"`
	}
	all, err := list(ctx, c, a, "/rulesets?targets=tag&includes_parents=true", func(p []ruleset) []ruleset { return p })
	if err != nil {
		return nil, err
	}
	var out []TagRules
	for _, one := range all {
		if one.Target != "tag" || one.Enforcement != "active" {
			continue // evaluate only writes down what it would do
		}
		full, err := get[struct {
			Conditions struct {
				Ref struct {
					Include []string `json:"include"`
					Exclude []string `json:"exclude"`
				} `json:"ref_name"`
			} `json:"conditions"`
			Rules []rule `json:"rules"`
		}](ctx, c, a, fmt.Sprintf("/rulesets/%d?includes_parents=true", one.ID))
		if err != nil {
			return nil, err
		}
		t := TagRules{Name: text(one.Name, 255), Include: texts(full.Conditions.Ref.Include), Exclude: texts(full.Conditions.Ref.Exclude)}
		for _, r := range full.Rules {
			if err := t.add(r); err != nil {
				return nil, fmt.Errorf("%s: %s: run it again", a.what, c.plain(err.Error()))
			}
		}
		out = append(out, t)
	}
	return out, nil
}

// ImmutableReleases reports whether a release that is published, and its tag, can
// no longer be changed. GitHub answers 404 for "no", which says so only to
// somebody who administers the repository.
func (c *Client) ImmutableReleases(ctx context.Context) (bool, error) {
	a := asked{"read whether releases are immutable", "administration: read"}
	o, err := get[struct {
		Enabled bool `json:"enabled"`
	}](ctx, c, a, "/immutable-releases")
	if absent(err) {
		if r, seen := c.Repository(ctx); seen == nil && r.Admin {
			return false, nil
		}
	}
	return o.Enabled, err
}

func texts(all []string) []string {
	var out []string
	for _, s := range all[:min(len(all), 1000)] {
		out = append(out, text(s, 255))
	}
	return out
}
