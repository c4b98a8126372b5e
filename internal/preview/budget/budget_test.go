package budget

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// TestPerHour proves GP-PREV-7: the estimate, and what it does not know.
func TestPerHour(t *testing.T) {
	p := Prices{CPU: 0.04, Memory: 0.005, Storage: 0.0002, Resources: map[string]float64{"google_cloud_run_v2_service": 0.1, "random_id": 0}}
	for name, test := range map[string]struct {
		ask      target.Requests
		want     float64
		unpriced string
	}{
		"GP-PREV-7 nothing":                     {target.Requests{}, 0, ""},
		"GP-PREV-7 a pod and its volume":        {target.Requests{CPU: 0.5, Memory: 2, Storage: 10}, 0.032, ""},
		"GP-PREV-7 Terraform":                   {target.Requests{Resources: map[string]int{"google_cloud_run_v2_service": 3, "random_id": 2}}, 0.3, ""},
		"GP-PREV-7 types without a price":       {target.Requests{Resources: map[string]int{"google_sql_database_instance": 1, "aws_nat_gateway": 2, "null_resource": 0}}, 0, "aws_nat_gateway google_sql_database_instance"},
		"GP-PREV-7 hostile: less than nothing":  {target.Requests{CPU: -100, Memory: -1, Storage: -1}, 0, ""},
		"GP-PREV-7 hostile: one less, one more": {target.Requests{CPU: -100, Memory: 2}, 0.01, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, unpriced := p.PerHour(test.ask)
			if math.Abs(got-test.want) > 1e-12 || strings.Join(unpriced, " ") != test.unpriced {
				t.Errorf("%v %v, want %v %q", got, unpriced, test.want, test.unpriced)
			}
		})
	}
}

// TestMoney proves GP-PREV-7: small amounts are shown too, in the currency.
func TestMoney(t *testing.T) {
	for want, v := range map[string]float64{"0.00 EUR": 0, "0.0042 EUR": 0.0042, "0.10 EUR": 0.1, "12.35 EUR": 12.345001, "-0.0100 EUR": -0.01, "1234567.00 EUR": 1234567} {
		if got := Money(v, "EUR"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestCosts(t *testing.T) {
	c := Costs(nil).From(noon, 1).From(noon.Add(time.Hour), 1).From(noon.Add(2*time.Hour), 3)
	if len(c) != 2 || c.Current() != 3 || Costs(nil).Current() != 0 {
		t.Errorf("%+v", c)
	}
	for name, tt := range map[string]struct {
		from, to time.Duration
		want     float64
	}{
		"before it existed":   {-2 * time.Hour, -time.Hour, 0},
		"from the beginning":  {-time.Hour, time.Hour, 1},
		"over a price change": {time.Hour, 3 * time.Hour, 4},
		"backwards":           {3 * time.Hour, time.Hour, 0},
		"all":                 {-time.Hour, 4 * time.Hour, 8},
	} {
		if got := c.Between(noon.Add(tt.from), noon.Add(tt.to)); math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

func preview(name, owner string, perHour float64, expires time.Duration) Preview {
	return Preview{Name: name, Owner: owner, Created: noon, Updated: noon, Expires: noon.Add(expires), Costs: Costs{{noon, perHour}}}
}

// TestAdmit proves GP-PREV-7 and GP-PREV-8: a preview that exceeds a limit, or on any
// day the budget, is not admitted.
func TestAdmit(t *testing.T) {
	others := []Preview{preview("pr-1", "ann", 1, time.Hour), preview("pr-2", "bob", 1, 2*time.Hour)}
	for name, tt := range map[string]struct {
		limits Limits
		p      Preview
		spent  float64
		want   report.Reason
		most   float64
	}{
		"no limits":                        {Limits{}, preview("pr-3", "ann", 1, time.Hour), 0, "", 4},
		"a sweep interval counts":          {Limits{SweepEvery: time.Hour}, preview("pr-3", "ann", 1, time.Hour), 0, "", 7},
		"the repository is full":           {Limits{Limit: 2}, preview("pr-3", "cy", 1, time.Hour), 0, report.ReasonLimitReached, 0},
		"its own place does not count":     {Limits{Limit: 2}, preview("pr-2", "bob", 1, time.Hour), 0, "", 2},
		"the author has too many":          {Limits{Author: 1}, preview("pr-3", "ann", 1, time.Hour), 0, report.ReasonLimitReached, 0},
		"an unknown author is not limited": {Limits{Author: 1}, preview("pr-3", "", 1, time.Hour), 0, "", 4},
		"exactly the budget":               {Limits{PerDay: 4}, preview("pr-3", "ann", 1, time.Hour), 0, "", 4},
		"over the budget":                  {Limits{PerDay: 3.9}, preview("pr-3", "ann", 1, time.Hour), 0, report.ReasonOverBudget, 4},
		"what was spent counts":            {Limits{PerDay: 4.5}, preview("pr-3", "ann", 1, time.Hour), 1, report.ReasonOverBudget, 5},
		"over the budget of another day":   {Limits{PerDay: 16}, preview("pr-3", "ann", 1, 36*time.Hour), 0, report.ReasonOverBudget, 24},
	} {
		today := Spend{Previews: map[string]Booking{"pr-9 since then": {Cost: tt.spent}}}
		day, err := tt.limits.Admit(today, tt.p, others, noon)
		reason := report.Reason("")
		if exceeded, ok := err.(*Exceeded); ok {
			if reason = exceeded.Reason; exceeded.Remedy == "" {
				t.Errorf("%s: no remedy", name)
			}
		}
		if reason != tt.want || math.Abs(day.Most-tt.most) > 1e-9 {
			t.Errorf("%s: %q, at most %v, want %q, %v", name, reason, day.Most, tt.want, tt.most)
		}
	}
}

// A change that the budget does not allow leaves the forecast as it was. A day that is
// over the budget already may stay as it is.
func TestReplace(t *testing.T) {
	p := preview("pr-1", "ann", 1, 2*time.Hour)
	f := NewForecast(Spend{}, noon, 0)
	f.Add(p)
	before := append([]Day(nil), f.Days...)
	longer := p
	longer.Expires = noon.Add(5 * time.Hour)
	if f.Replace(p, longer, 4) {
		t.Error("5 were allowed of 4")
	}
	if diff := cmp.Diff(before, f.Days); diff != "" {
		t.Error(diff)
	}
	if !f.Replace(p, p, 1) {
		t.Error("no change was refused")
	}
	if !f.Replace(p, longer, 5) || f.Days[0].Most != 5 {
		t.Errorf("at most %v", f.Days[0].Most)
	}
	longer.Removing = true
	f.Remove(Preview{Name: "pr-1", Expires: noon.Add(5 * time.Hour), Costs: p.Costs})
	f.Add(longer)
	if f.Days[0].Most != 0 {
		t.Errorf("a removal leaves %v", f.Days[0].Most)
	}
}
