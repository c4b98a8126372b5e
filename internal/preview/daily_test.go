package preview

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestDaily proves GP-PREV-7 and GP-OBS-4: what a day has cost, by preview and by
// owner, with what was removed and what is there.
func TestDaily(t *testing.T) {
	b := newBench(t)
	b.prices(1)
	b.policy.TTL, b.policy.MaxTTL = 24*time.Hour, 24*time.Hour
	b.owned(1, "ann")
	b.up(b.of(1, 0))
	b.clock.Add(2 * time.Hour) // 14:00
	b.owned(2, "bob")
	b.up(b.of(2, 0))
	b.close(1)
	b.sweep()                   // pr-1 cost 2
	b.clock.Add(11 * time.Hour) // 01:00 of the next day
	for _, test := range []struct {
		name   string
		on     time.Time
		perDay float64
		alert  float64
		title  string
		reason string
		rows   []string
	}{
		{"GP-OBS-4 yesterday", noon, 0, 0, "2 previews cost 12.00 USD on 21 Nov", "reported", []string{"pr-2 | bob | 10.0 | 10.00 USD | until 22 Nov 14:00", "pr-1 since 2026-11-21T12:00:00Z | ann | 2.0 | 2.00 USD | removed"}},
		{"GP-OBS-4 today", noon.AddDate(0, 0, 1), 0, 0, "1 preview cost 1.00 USD on 22 Nov", "reported", []string{"pr-2 | bob | 1.0 | 1.00 USD | until 22 Nov 14:00"}},
		{"GP-OBS-4 a day without any", noon.AddDate(0, 0, -1), 10, 80, "0 previews cost 0.00 USD on 20 Nov", "reported", nil},
		{"GP-OBS-4 tomorrow", noon.AddDate(0, 0, 2), 10, 80, "0 previews cost 0.00 USD on 23 Nov", "reported", nil},
		{"GP-PREV-7 alert", noon, 14, 80, "2 previews cost 12.00 USD on 21 Nov", "budget-alert", nil},
		{"GP-PREV-7 no alert yet", noon, 20, 80, "2 previews cost 12.00 USD on 21 Nov", "reported", nil},
		{"GP-PREV-7 over", noon, 11, 80, "2 previews cost 12.00 USD on 21 Nov", "over-budget", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := b.policy
			p.PerDay, p.Alert = test.perDay, test.alert
			r, err := Daily(t.Context(), b.Deps, p, test.on)
			if err != nil || r.Title != test.title || string(r.Reason) != test.reason {
				t.Fatalf("%+v, %v", r, err)
			}
			if warned := test.reason != "reported"; warned != (r.Verdict == report.Warn) {
				t.Errorf("verdict %s", r.Verdict)
			}
			if test.rows == nil {
				return
			}
			var got []string
			for _, row := range r.Sections[0].Rows {
				got = append(got, strings.Join(row, " | "))
			}
			if diff := cmp.Diff(test.rows, got); diff != "" {
				t.Errorf("rows (-want +got):\n%s", diff)
			}
		})
	}
}

// TestDailyTellsOfOverdue proves GP-OBS-4: a sweep that does not run is noticed.
func TestDailyTellsOfOverdue(t *testing.T) {
	b := newBench(t)
	b.raise(12, 0)
	b.clock.Add(2 * time.Hour)
	for _, want := range []string{"reported", "overdue"} {
		r, err := Daily(t.Context(), b.Deps, b.policy, noon)
		if err != nil || string(r.Reason) != want {
			t.Errorf("%+v, %v, want %s", r, err, want)
		}
		b.clock.Add(time.Minute)
	}
}

// TestListKnowsBoth proves GP-PREV-5: the list has what only the ledger or only the
// target knows, and what today has cost.
func TestListKnowsBoth(t *testing.T) {
	b := newBench(t)
	b.prices(1)
	for n := 1; n <= 3; n++ {
		b.raise(n, 0)
	}
	b.forget("pr-1")
	b.target.Down(t.Context(), "preview/pr-2")
	b.clock.Add(30 * time.Minute)
	b.policy.PerDay = 9
	r, err := List(t.Context(), b.Deps, b.policy)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, row := range r.Sections[0].Rows {
		got = append(got, row[0]+" | "+row[5]+" | "+row[7])
	}
	want := []string{"pr-1 | ? | ready", "pr-3 | 30 minutes from now | ready", "pr-2 | 30 minutes from now | recorded as ready, but it does not exist"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if r.Checks[0].Result != "1.00 USD spent of 9.00 USD" {
		t.Errorf("checks %+v", r.Checks)
	}
}
