package budget

import "time"

// Cost is a price per hour that applies from a moment on.
type Cost struct {
	From    time.Time `json:"from"`
	PerHour float64   `json:"per_hour"`
}

// Costs are the prices of one preview over time, the earliest first.
type Costs []Cost

// Current returns the latest price per hour.
func (c Costs) Current() float64 {
	if len(c) == 0 {
		return 0
	}
	return c[len(c)-1].PerHour
}

// From returns the costs with a different price from the given moment on.
func (c Costs) From(from time.Time, perHour float64) Costs {
	if len(c) > 0 && c.Current() == perHour {
		return c
	}
	return append(c, Cost{from, perHour})
}

// Between returns the cost of the period between two moments.
func (c Costs) Between(from, to time.Time) (sum float64) {
	for i, cost := range c {
		begin, end := Latest(cost.From, from), to
		if i+1 < len(c) {
			end = Earliest(to, c[i+1].From)
		}
		if end.After(begin) {
			sum += end.Sub(begin).Hours() * cost.PerHour
		}
	}
	return sum
}
