package main

import (
	"strings"
	"testing"

	"example.com/where2eat/internal/apptest"
	"example.com/where2eat/internal/poll"
	"example.com/where2eat/internal/web"
)

func TestSeed(t *testing.T) {
	t.Run("W2E-6 seeding twice is seeding once", func(t *testing.T) {
		url := apptest.Local(t, web.Options{})
		for _, want := range []string{"created poll demo", "poll demo is there already"} {
			if said, err := seed(t.Context(), url+"/"); err != nil || said != want {
				t.Errorf("got %q, %v, want %q", said, err, want)
			}
		}
	})
}

func TestSeedFails(t *testing.T) {
	taken := apptest.Local(t, web.Options{})
	other := poll.Poll{ID: "demo", Title: "Lunch", Options: []string{"Soup", "Salad"}}
	apptest.Post(t, taken+"/poll", other)
	for name, tt := range map[string]struct{ url, want string }{
		"no address":               {"", "GOLDENPATH_URL is empty"},
		"not an address":           {":", "missing protocol scheme"},
		"another poll is \"demo\"": {taken, "409 Conflict: {\"error\":\"another poll has this id\"}"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := seed(t.Context(), tt.url); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}
