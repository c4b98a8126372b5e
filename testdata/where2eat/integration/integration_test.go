// Package integration uses the whole service as its users and its operators do.
package integration

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"

	"example.com/where2eat/internal/apptest"
	"example.com/where2eat/internal/poll"
)

func create(t *testing.T, url string, options ...string) (id string) {
	t.Helper()
	a := apptest.Post(t, url+"/poll", poll.Poll{Title: "Where do we eat?", Options: options})
	var created struct{ ID string }
	if a.Decode(t, &created); a.Status != http.StatusCreated || created.ID == "" {
		t.Fatalf("create poll: %d %s", a.Status, a.Body)
	}
	return created.ID
}

func vote(t *testing.T, url, id, option, voter string) {
	t.Helper()
	if a := apptest.Post(t, url+"/vote", poll.Vote{Poll: id, Option: option, Voter: voter}); a.Status != http.StatusCreated {
		t.Fatalf("vote: %d %s", a.Status, a.Body)
	}
}

func results(t *testing.T, url, id string) (r poll.Results) {
	t.Helper()
	a := apptest.Get(t, url+"/results?poll="+id)
	if a.Decode(t, &r); a.Status != http.StatusOK {
		t.Fatalf("results: %d %s", a.Status, a.Body)
	}
	r.Percentages = nil // depends on a flag
	return r
}

// Each step depends on the one before it, so they are named parts of one test.
func TestDinner(t *testing.T) {
	url := apptest.URL(t)
	options := []string{"Sushi", "Thai", "Pizza"}
	var id string
	t.Run("W2E-1 a friend creates a poll", func(t *testing.T) {
		id = create(t, url, options...)
		want := poll.Results{Title: "Where do we eat?", Options: options, Votes: map[string]int{"Sushi": 0, "Thai": 0, "Pizza": 0}}
		if got := results(t, url, id); !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
	t.Run("W2E-2 everybody votes", func(t *testing.T) {
		vote(t, url, id, "Pizza", "Ada")
		vote(t, url, id, "Thai", "Bob")
		vote(t, url, id, "Pizza", "Cem")
		want := poll.Results{Title: "Where do we eat?", Options: options, Votes: map[string]int{"Sushi": 0, "Thai": 1, "Pizza": 2}, Total: 3, Winner: "Pizza"}
		if got := results(t, url, id); !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
	t.Run("W2E-3 a voter changes their vote", func(t *testing.T) {
		vote(t, url, id, "Sushi", "Cem")
		if got := results(t, url, id); got.Total != 3 || got.Votes["Sushi"] != 1 || got.Votes["Pizza"] != 1 {
			t.Errorf("got %v", got)
		}
	})
	t.Run("W2E-4 in a tie the option listed first wins", func(t *testing.T) {
		if got := results(t, url, id); got.Winner != "Sushi" {
			t.Errorf("got %v", got)
		}
	})
}

func TestPollsDoNotMix(t *testing.T) {
	url := apptest.URL(t)
	t.Run("W2E-2 a vote counts in its own poll only", func(t *testing.T) {
		one, other := create(t, url, "Sushi", "Thai"), create(t, url, "Sushi", "Thai")
		vote(t, url, one, "Thai", "Ada")
		if got := results(t, url, other); got.Total != 0 {
			t.Errorf("the other poll has %v", got)
		}
	})
}

func TestCrowd(t *testing.T) {
	url := apptest.URL(t)
	id := create(t, url, "Sushi", "Thai")
	t.Run("W2E-2 no concurrent vote is lost", func(t *testing.T) {
		const voters = 20
		var group sync.WaitGroup
		for i := range voters {
			group.Go(func() {
				a := apptest.Post(t, url+"/vote", poll.Vote{Poll: id, Option: "Thai", Voter: fmt.Sprint("voter ", i)})
				if a.Status != http.StatusCreated {
					t.Errorf("vote %d: %d %s", i, a.Status, a.Body)
				}
			})
		}
		group.Wait()
		if got := results(t, url, id); got.Total != voters {
			t.Errorf("got %d votes, want %d", got.Total, voters)
		}
	})
}

func TestOperations(t *testing.T) {
	url := apptest.URL(t)
	for name, tt := range map[string]struct{ path, want string }{
		"W2E-7 the page is served":           {"/", "<title>where2eat</title>"},
		"W2E-8 health is ok":                 {"/healthz", `"status":"ok"`},
		"W2E-9 the version has a commit":     {"/version", `"commit":"`},
		"W2E-10 metrics count":               {"/metrics", "http_requests_total{"},
		"W2E-12 all migrations were applied": {"/version", `"migration":"` + apptest.Migration(t) + `"`},
	} {
		t.Run(name, func(t *testing.T) {
			apptest.Get(t, url+"/healthz") // so that the metrics have a request to count
			if a := apptest.Get(t, url+tt.path); a.Status != http.StatusOK || !strings.Contains(a.Body, tt.want) {
				t.Errorf("got %d %s", a.Status, a.Body)
			}
		})
	}
	t.Run("W2E-11 a huge body is refused", func(t *testing.T) {
		body := `{"title":"` + strings.Repeat("a", 65<<10) + `"}`
		if a := apptest.Post(t, url+"/poll", body); a.Status != http.StatusRequestEntityTooLarge {
			t.Errorf("got %d %s", a.Status, a.Body)
		}
	})
	t.Run("W2E-11 the page has a content security policy", func(t *testing.T) {
		if got := apptest.Get(t, url+"/").Header.Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'none'") {
			t.Errorf("got %q", got)
		}
	})
}
