package poll

import "math"

// Results is the state of a poll. Votes contains every option, including those without a vote.
type Results struct {
	Title       string             `json:"title"`
	Options     []string           `json:"options"`
	Votes       map[string]int     `json:"votes"`
	Total       int                `json:"total"`
	Winner      string             `json:"winner"` // empty until somebody votes
	Percentages map[string]float64 `json:"percentages,omitempty"`
}

// Tally counts votes by option and names the winner. In a tie, the option listed first wins.
func Tally(p Poll, votes map[string]int) Results {
	r := Results{Title: p.Title, Options: p.Options, Votes: make(map[string]int, len(p.Options))}
	for _, o := range p.Options {
		n := votes[o]
		if n > r.Votes[r.Winner] {
			r.Winner = o
		}
		r.Votes[o] = n
		r.Total += n
	}
	return r
}

// WithPercentages adds each option's share, rounded to a tenth.
func (r Results) WithPercentages() Results {
	r.Percentages = make(map[string]float64, len(r.Votes))
	for o, n := range r.Votes {
		r.Percentages[o] = 0
		if r.Total > 0 {
			r.Percentages[o] = math.Round(1000*float64(n)/float64(r.Total)) / 10
		}
	}
	return r
}
