package github_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/github/githubtest"
)

// TestDeleteImages: only images all of whose tags belong to the preview are deleted, of a person
// and, on any page of the list, of an organisation.
func TestDeleteImages(t *testing.T) {
	for _, organisation := range []bool{false, true} {
		hub := githubtest.Start(t, "acme/shop")
		hub.Settings.Organization = organisation
		images := []*githubtest.Image{
			{ID: 1, Tags: []string{"pr-1-aa"}}, {ID: 2, Tags: []string{"pr-1-aa2", "pr-1-bb"}}, {ID: 3}, {ID: 4, Tags: []string{"production-2026.11.21-1", "pr-1-cc"}}, {ID: 5, Tags: []string{"pr-11-aa"}},
		}
		for i := range 120 {
			if organisation { // GitHub's description has no pages for a person
				images = append(images, &githubtest.Image{ID: int64(100 + i)})
			}
		}
		images = append(images, &githubtest.Image{ID: 300, Tags: []string{"pr-1-dd"}})
		hub.Packages = map[string][]*githubtest.Image{"acme/team/shop": images}
		client := func(token string) *github.Client {
			c, err := github.New(github.Options{Repository: "acme/shop", API: hub.URL, Token: token, Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }})
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		ours := func(tag string) bool { return strings.HasPrefix(tag, "pr-1-") }
		hub.Tokens["reader"] = githubtest.Token{Account: githubtest.Actions, May: []string{"packages: read"}}
		if _, _, err := client("reader").DeleteImages(t.Context(), "acme", "team/shop", ours); err == nil || !strings.Contains(err.Error(), "packages: write") {
			t.Errorf("a token that reads: %v", err)
		}
		deleted, kept, err := client("job").DeleteImages(t.Context(), "acme", "team/shop", ours)
		if err != nil || deleted != 3 || kept != 1 {
			t.Errorf("organisation %v: %d deleted, %d kept, %v", organisation, deleted, kept, err)
		}
		var left []int64
		for _, v := range hub.Packages["acme/team/shop"] {
			if len(v.Tags) > 0 {
				left = append(left, v.ID)
			}
		}
		if diff := cmp.Diff([]int64{4, 5}, left); diff != "" {
			t.Error(diff)
		}
		if _, _, err := client("job").DeleteImages(t.Context(), "acme", "other", ours); err == nil {
			t.Error("a package that does not exist has images")
		}
	}
}
