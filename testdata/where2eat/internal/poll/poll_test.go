package poll

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func TestPollClean(t *testing.T) {
	two := []string{"Sushi", "Thai"}
	tests := map[string]struct {
		poll Poll
		want string // part of the error; empty: the poll is valid
	}{
		"W2E-1 two options":           {Poll{Title: "Lunch", Options: two}, ""},
		"W2E-1 twenty options":        {Poll{Title: "Lunch", Options: numbered(20)}, ""},
		"W2E-1 a title in any script": {Poll{Title: strings.Repeat("食", 200), Options: two}, ""},
		"W2E-1 one option":            {Poll{Title: "Lunch", Options: two[:1]}, "options: give 2 to 20, not 1"},
		"W2E-1 twenty-one options":    {Poll{Title: "Lunch", Options: numbered(21)}, "options: give 2 to 20, not 21"},
		"W2E-1 no title":              {Poll{Title: " ", Options: two}, "title: missing"},
		"W2E-1 long title":            {Poll{Title: strings.Repeat("食", 201), Options: two}, "title: 201 characters"},
		"W2E-1 empty option":          {Poll{Title: "Lunch", Options: []string{"Thai", ""}}, "options[1]: missing"},
		"W2E-1 same option":           {Poll{Title: "Lunch", Options: []string{"Thai", " Thai "}}, `options[1]: "Thai" is listed twice`},
		"W2E-1 control character":     {Poll{Title: "Lu\x00nch", Options: two}, "title: control characters"},
		"W2E-6 id of the client":      {Poll{ID: "team-7", Title: "Lunch", Options: two}, ""},
		"W2E-6 bad id":                {Poll{ID: "../etc", Title: "Lunch", Options: two}, "id: use 1 to 63"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := tt.poll.Clean()
			if got := fmt.Sprint(err); tt.want == "" && err != nil || !strings.Contains(got, tt.want) {
				t.Errorf("got error %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPollCleanTrims(t *testing.T) {
	got, err := Poll{Title: " Lunch ", Options: []string{"Sushi ", "\tThai"}}.Clean()
	want := Poll{Title: "Lunch", Options: []string{"Sushi", "Thai"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func TestPollCleanTellsEverything(t *testing.T) {
	_, err := Poll{ID: "?", Options: []string{""}}.Clean()
	for _, field := range []string{"title:", "id:", "options:", "options[0]:"} {
		if !strings.Contains(fmt.Sprint(err), field) {
			t.Errorf("error does not mention %s\n%v", field, err)
		}
	}
}

func TestVoteClean(t *testing.T) {
	got, err := Vote{Poll: "demo", Option: " Thai ", Voter: " Ada "}.Clean()
	if want := (Vote{Poll: "demo", Option: "Thai", Voter: "Ada"}); err != nil || got != want {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	_, err = Vote{}.Clean()
	for _, field := range []string{"poll:", "option:", "voter:"} {
		if !strings.Contains(fmt.Sprint(err), field) {
			t.Errorf("error does not mention %s\n%v", field, err)
		}
	}
}

func TestTally(t *testing.T) {
	p := Poll{Title: "Lunch", Options: []string{"Sushi", "Thai", "Pizza"}}
	tests := map[string]struct {
		votes  map[string]int
		winner string
		total  int
	}{
		"W2E-4 most votes win":                 {map[string]int{"Sushi": 1, "Thai": 2}, "Thai", 3},
		"W2E-4 a tie goes to the listed first": {map[string]int{"Pizza": 2, "Thai": 2, "Sushi": 1}, "Thai", 5},
		"W2E-4 the last can win":               {map[string]int{"Pizza": 1}, "Pizza", 1},
		"W2E-4 no votes":                       {nil, "", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := Tally(p, tt.votes)
			if r.Winner != tt.winner || r.Total != tt.total {
				t.Errorf("got winner %q of %d, want %q of %d", r.Winner, r.Total, tt.winner, tt.total)
			}
			if len(r.Votes) != len(p.Options) {
				t.Errorf("votes %v miss an option", r.Votes)
			}
		})
	}
}

func TestWithPercentages(t *testing.T) {
	p := Poll{Title: "Lunch", Options: []string{"Sushi", "Thai"}}
	got := Tally(p, map[string]int{"Sushi": 1, "Thai": 2}).WithPercentages().Percentages
	if want := map[string]float64{"Sushi": 33.3, "Thai": 66.7}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	got = Tally(p, nil).WithPercentages().Percentages
	if want := map[string]float64{"Sushi": 0, "Thai": 0}; !reflect.DeepEqual(got, want) {
		t.Errorf("no votes: got %v, want %v", got, want)
	}
}

func TestDemoIsClean(t *testing.T) {
	got, err := Demo().Clean()
	if err != nil || !reflect.DeepEqual(got, Demo()) {
		t.Errorf("got %v, %v", got, err)
	}
}

func numbered(n int) []string {
	s := make([]string, n)
	for i := range s {
		s[i] = fmt.Sprintf("option %d", i+1)
	}
	return s
}
