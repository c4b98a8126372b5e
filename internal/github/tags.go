package github

import (
	"context"
	"fmt"
)

// TagRules is an active ruleset for tags.
type TagRules struct {
	Name             string
	Include, Exclude []string // patterns such as refs/tags/v*, or ~ALL
	Rules
}

// TagRules reads the active rulesets for tags, including those of the organisation.
func (c *Client) TagRules(ctx context.Context) ([]TagRules, error) {
	a := request{"read the rulesets of tags", "metadata: read"}
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
			continue // enforcement "evaluate" only logs
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
		t := TagRules{Name: bounded(one.Name, 255), Include: boundedAll(full.Conditions.Ref.Include), Exclude: boundedAll(full.Conditions.Ref.Exclude)}
		for _, r := range full.Rules {
			if err := t.add(r); err != nil {
				return nil, fmt.Errorf("cannot %s: %s: run it again", a.what, c.plain(err.Error()))
			}
		}
		out = append(out, t)
	}
	return out, nil
}

// ImmutableReleases reports whether published releases and their tags are immutable.
// GitHub responds with 404 if they are not, and also if the token lacks the permission;
// only an administrator's token can distinguish the two.
func (c *Client) ImmutableReleases(ctx context.Context) (bool, error) {
	a := request{"read whether releases are immutable", "administration: read"}
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

func boundedAll(all []string) []string {
	var out []string
	for _, s := range all[:min(len(all), 1000)] {
		out = append(out, bounded(s, 255))
	}
	return out
}
