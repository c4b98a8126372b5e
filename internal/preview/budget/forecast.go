package budget

import (
	"slices"
	"time"
)

// Day is what one day has cost so far, and the most that it can cost in total.
type Day struct {
	Day   time.Time
	Spent float64
	Most  float64 // if every preview exists until it expires and the next sweep removes it
}

// Forecast covers every day from today to the last day on which an existing preview may
// still exist.
type Forecast struct {
	Days  []Day // the first is today
	now   time.Time
	sweep time.Duration
}

// NewForecast returns a forecast that begins with today's spend. Later days begin at 0.
func NewForecast(today Spend, now time.Time, sweepEvery time.Duration) *Forecast {
	d := Day{Day: Midnight(now)}
	for _, b := range today.Previews {
		d.Spent += b.Cost
	}
	d.Most = d.Spent
	return &Forecast{now: now, sweep: sweepEvery, Days: []Day{d}}
}

// Add adds a preview to the forecast.
func (f *Forecast) Add(p Preview) { f.add(p, 1) }

// Remove removes a preview that was added.
func (f *Forecast) Remove(p Preview) { f.add(p, -1) }

func (f *Forecast) add(p Preview, sign float64) {
	end := f.end(p)
	for last := f.Days[len(f.Days)-1].Day; !Midnight(end).Before(last.Add(24 * time.Hour)); {
		last = last.Add(24 * time.Hour)
		f.Days = append(f.Days, Day{Day: last})
	}
	for i := range f.Days {
		d := &f.Days[i]
		midnight := d.Day.Add(24 * time.Hour)
		d.Spent += sign * p.Costs.Between(d.Day, Earliest(midnight, f.now))
		d.Most += sign * p.Costs.Between(d.Day, Earliest(midnight, end))
	}
}

// end returns when a preview is removed at the latest: with the next sweep after its
// expiry.
func (f *Forecast) end(p Preview) time.Time {
	if p.Removing {
		return f.now
	}
	return Latest(f.now, p.Expires).Add(f.sweep)
}

// Replace replaces a preview by its changed state, and reports whether the budget of
// each day allows the change. If not, the forecast stays unchanged.
func (f *Forecast) Replace(old, changed Preview, perDay float64) bool {
	before := slices.Clone(f.Days)
	f.Remove(old)
	f.Add(changed)
	for i, d := range f.Days {
		if perDay > 0 && d.Over(perDay) && (i >= len(before) || d.Over(before[i].Most)) {
			f.Days = before
			return false
		}
	}
	return true
}

// Over reports whether the day may cost more than an amount. It tolerates rounding
// errors, because sums of many prices are not exact.
func (d Day) Over(amount float64) bool { return d.Most > amount+1e-9 }
