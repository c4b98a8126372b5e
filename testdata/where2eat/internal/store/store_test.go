package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"sync"
	"testing"

	"example.com/where2eat/internal/poll"
)

func open(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func withDemo(t *testing.T) *Store {
	t.Helper()
	s := open(t, filepath.Join(t.TempDir(), "test.db"))
	if _, err := s.Create(t.Context(), poll.Demo()); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestCreate(t *testing.T) {
	s := withDemo(t)
	t.Run("W2E-1 a new poll has no votes", func(t *testing.T) {
		got, err := s.Results(t.Context(), "demo")
		if err != nil {
			t.Fatal(err)
		}
		if want := poll.Tally(poll.Demo(), nil); !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
	t.Run("W2E-6 the same poll again changes nothing", func(t *testing.T) {
		created, err := s.Create(t.Context(), poll.Demo())
		if created || err != nil {
			t.Errorf("got %v, %v", created, err)
		}
	})
	t.Run("W2E-6 an id is not given twice", func(t *testing.T) {
		for _, other := range []poll.Poll{
			{ID: "demo", Title: "Something else", Options: poll.Demo().Options},
			{ID: "demo", Title: poll.Demo().Title, Options: []string{"Thai", "Sushi"}},
		} {
			if _, err := s.Create(t.Context(), other); !errors.Is(err, poll.ErrTaken) {
				t.Errorf("%v: got error %v", other, err)
			}
		}
	})
}

func TestVote(t *testing.T) {
	s := withDemo(t)
	vote := func(id, option, voter string) error {
		return s.Vote(t.Context(), poll.Vote{Poll: id, Option: option, Voter: voter})
	}
	votes := func() map[string]int {
		r, err := s.Results(t.Context(), "demo")
		if err != nil {
			t.Fatal(err)
		}
		return r.Votes
	}
	t.Run("W2E-2 votes are counted by option", func(t *testing.T) {
		if err := errors.Join(vote("demo", "Thai", "Ada"), vote("demo", "Thai", "Bob"), vote("demo", "Pizza", "Cem")); err != nil {
			t.Fatal(err)
		}
		if want := map[string]int{"Sushi": 0, "Thai": 2, "Pizza": 1, "Falafel": 0}; !reflect.DeepEqual(votes(), want) {
			t.Errorf("got %v, want %v", votes(), want)
		}
	})
	t.Run("W2E-3 a second vote replaces the first", func(t *testing.T) {
		if err := vote("demo", "Sushi", "Ada"); err != nil {
			t.Fatal(err)
		}
		if want := map[string]int{"Sushi": 1, "Thai": 1, "Pizza": 1, "Falafel": 0}; !reflect.DeepEqual(votes(), want) {
			t.Errorf("got %v, want %v", votes(), want)
		}
	})
	t.Run("W2E-5 unknown poll and option", func(t *testing.T) {
		if err := vote("nope", "Thai", "Ada"); !errors.Is(err, poll.ErrUnknownPoll) {
			t.Errorf("poll: got %v", err)
		}
		if err := vote("demo", "Soup", "Ada"); !errors.Is(err, poll.ErrUnknownOption) {
			t.Errorf("option: got %v", err)
		}
		if _, err := s.Results(t.Context(), "nope"); !errors.Is(err, poll.ErrUnknownPoll) {
			t.Errorf("results: got %v", err)
		}
	})
}

func TestVoteConcurrently(t *testing.T) {
	s := withDemo(t)
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			if err := s.Vote(t.Context(), poll.Vote{Poll: "demo", Option: "Thai", Voter: fmt.Sprint(i % 10)}); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if r, err := s.Results(t.Context(), "demo"); err != nil || r.Total != 10 {
		t.Errorf("got %v, %v, want 10 votes", r, err)
	}
}

func TestMigrate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "odd name?.db")
	first := open(t, path)
	if _, err := first.Create(t.Context(), poll.Demo()); err != nil {
		t.Fatal(err)
	}
	t.Run("W2E-12 a second process finds data and applies nothing twice", func(t *testing.T) {
		second := open(t, path)
		if _, err := second.Results(t.Context(), "demo"); err != nil {
			t.Error(err)
		}
	})
	t.Run("W2E-12 an older release runs on a newer database", func(t *testing.T) {
		if _, err := first.db.Exec(`INSERT INTO schema_migrations (version, name) VALUES ('0099', 'from_the_future')`); err != nil {
			t.Fatal(err)
		}
		older := open(t, path)
		if v, err := older.Version(t.Context()); err != nil || v != "0099" {
			t.Errorf("got %q, %v", v, err)
		}
	})
	t.Run("W2E-12 a failed migration leaves no trace", func(t *testing.T) {
		s := open(t, filepath.Join(t.TempDir(), "test.db"))
		if _, err := s.db.Exec(`DELETE FROM schema_migrations`); err != nil {
			t.Fatal(err)
		}
		if err := s.migrate(t.Context()); err == nil { // the table polls exists
			t.Fatal("applied 0001 twice")
		}
		if v, err := s.Version(t.Context()); err == nil {
			t.Errorf("got version %s", v)
		}
	})
}

func TestOpenNoFolder(t *testing.T) {
	if _, err := Open(t.Context(), filepath.Join(t.TempDir(), "missing", "test.db")); err == nil {
		t.Error("opened a database in a folder that does not exist")
	}
}
