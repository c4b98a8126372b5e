package preview

import (
	"slices"
	"time"
)

// day is what a day has cost until now, and what it will have cost at most.
type day struct {
	Day     time.Time
	Spent   float64 // until now
	Promise float64 // with everything that may live on, until its end and the sweep after it
}

// outlook is every day from today to the last that a preview may reach.
type outlook struct {
	now   time.Time
	sweep time.Duration
	days  []day
}

// lookOut begins with what is booked for today. No later day has anything booked.
func lookOut(today booked, now time.Time, sweep time.Duration) *outlook {
	d := day{Day: midnight(now)}
	for _, b := range today.Previews {
		d.Spent += b.Cost
	}
	d.Promise = d.Spent
	return &outlook{now: now, sweep: sweep, days: []day{d}}
}

// add counts a preview in; with a sign of -1 it takes one out again.
func (o *outlook) add(r record, sign float64) {
	end := o.end(r)
	for last := o.days[len(o.days)-1].Day; !midnight(end).Before(last.Add(24 * time.Hour)); {
		last = last.Add(24 * time.Hour)
		o.days = append(o.days, day{Day: last})
	}
	for i := range o.days {
		d := &o.days[i]
		midnight := d.Day.Add(24 * time.Hour)
		d.Spent += sign * between(r.Costs, d.Day, earliest(midnight, o.now))
		d.Promise += sign * between(r.Costs, d.Day, earliest(midnight, end))
	}
}

// end is when a preview is gone at the latest, if sweeps run: one that is overdue
// lives until the next.
func (o *outlook) end(r record) time.Time {
	if r.gone {
		return o.now
	}
	return latest(o.now, r.Expires).Add(o.sweep)
}

// grown changes a preview that is counted in, and takes the change back where it
// brings a day over the budget.
func (o *outlook) grown(r *record, budget float64, change func(*record)) bool {
	before, was := slices.Clone(o.days), *r
	o.add(*r, -1)
	change(r)
	o.add(*r, 1)
	for i, d := range o.days {
		if budget > 0 && over(d, budget) && (i >= len(before) || over(d, before[i].Promise)) {
			o.days, *r = before, was
			return false
		}
	}
	return true
}

// over compares with a budget. Sums of many prices are not exact.
func over(d day, budget float64) bool { return d.Promise > budget+1e-9 }
