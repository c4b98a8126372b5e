// Package poll defines the rules of a dining poll: which polls and votes are valid, and which option wins.
package poll

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits on the length of input, in characters.
const (
	minOptions = 2
	maxOptions = 20
	maxTitle   = 200
	maxOption  = 100
	maxVoter   = 100
)

// Errors of a poll or a vote that is well formed.
var (
	ErrUnknownPoll   = errors.New("unknown poll")
	ErrUnknownOption = errors.New("unknown option")
	ErrTaken         = errors.New("another poll has this id")
)

var validID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// Poll is a question with 2 to 20 distinct options, in the order they were listed.
type Poll struct {
	ID      string   `json:"id,omitempty"`
	Title   string   `json:"title"`
	Options []string `json:"options"`
}

// Vote is the choice of one voter in one poll.
type Vote struct {
	Poll   string `json:"poll"`
	Option string `json:"option"`
	Voter  string `json:"voter"`
}

// Demo is the fixed poll for previews and tests.
func Demo() Poll {
	return Poll{
		ID:      "demo",
		Title:   "Where do we eat on Friday?",
		Options: []string{"Sushi", "Thai", "Pizza", "Falafel"},
	}
}

// Clean returns the poll without surrounding spaces, or all its errors.
func (p Poll) Clean() (Poll, error) {
	var problems []error
	title, err := text("title", p.Title, maxTitle)
	problems = append(problems, err)
	if p.ID != "" && !validID.MatchString(p.ID) {
		problems = append(problems, errors.New("id: use 1 to 63 of a-z, 0-9 and -, not starting with -"))
	}
	if n := len(p.Options); n < minOptions || n > maxOptions {
		problems = append(problems, fmt.Errorf("options: give %d to %d, not %d", minOptions, maxOptions, n))
	}
	options := make([]string, len(p.Options))
	seen := map[string]bool{}
	for i, o := range p.Options {
		options[i], err = text(fmt.Sprintf("options[%d]", i), o, maxOption)
		if err == nil && seen[options[i]] {
			err = fmt.Errorf("options[%d]: %q is listed twice", i, options[i])
		}
		seen[options[i]] = true
		problems = append(problems, err)
	}
	return Poll{ID: p.ID, Title: title, Options: options}, errors.Join(problems...)
}

// Clean returns the vote without surrounding spaces, or all its errors.
// The store checks whether the poll and the option exist.
func (v Vote) Clean() (Vote, error) {
	voter, err := text("voter", v.Voter, maxVoter)
	problems := []error{err}
	if v.Poll == "" {
		problems = append(problems, errors.New("poll: missing"))
	}
	if v.Option == "" {
		problems = append(problems, errors.New("option: missing"))
	}
	return Vote{Poll: v.Poll, Option: strings.TrimSpace(v.Option), Voter: voter}, errors.Join(problems...)
}

func text(field, s string, limit int) (string, error) {
	s = strings.TrimSpace(s)
	switch n := utf8.RuneCountInString(s); {
	case n == 0:
		return s, fmt.Errorf("%s: missing", field)
	case n > limit:
		return s, fmt.Errorf("%s: %d characters, at most %d are allowed", field, n, limit)
	case strings.ContainsFunc(s, unicode.IsControl):
		return s, fmt.Errorf("%s: control characters are not allowed", field)
	}
	return s, nil
}
