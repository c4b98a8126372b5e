package release

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestBreach(t *testing.T) {
	soak := Soak{Availability: 50, ErrorRate: 50}
	for name, test := range map[string]struct {
		s       Samples
		soak    Soak
		planned int
		ended   bool
		want    bool
	}{
		"none":                                  {Samples{Taken: 2}, soak, 4, false, false},
		"half of what will be, so far all":      {Samples{Taken: 2, Errors: 2}, soak, 4, false, false},
		"more than half of what will be":        {Samples{Taken: 3, Errors: 3}, soak, 4, false, true},
		"half at the end":                       {Samples{Taken: 4, Errors: 2}, soak, 4, true, false},
		"more samples than planned":             {Samples{Taken: 8, Errors: 4}, soak, 4, false, false},
		"unanswered samples are not errors":     {Samples{Taken: 4, Unanswered: 3}, Soak{ErrorRate: 1}, 4, true, false},
		"one error of one answer":               {Samples{Taken: 4, Unanswered: 3, Errors: 1}, Soak{ErrorRate: 50}, 4, true, true},
		"one error, and answers may follow":     {Samples{Taken: 4, Unanswered: 3, Errors: 1}, Soak{ErrorRate: 50, AtLeast: 4}, 4, false, false},
		"nothing asked":                         {Samples{Taken: 4, Unanswered: 4}, Soak{}, 4, true, false},
		"99.95 of 2000":                         {Samples{Taken: 2000, Errors: 1}, Soak{Availability: 99.95}, 2000, true, false},
		"99.95 of 1999":                         {Samples{Taken: 1999, Errors: 1}, Soak{Availability: 99.95}, 1999, true, true},
		"availability 100, the first bad":       {Samples{Taken: 1, Errors: 1}, Soak{Availability: 100}, 1000, false, true},
		"p95 is not asked before the end":       {Samples{Taken: 4, P95: 900}, Soak{P95: time.Millisecond}, 4, false, false},
		"p95 at the bound":                      {Samples{Taken: 4, P95: 250}, Soak{P95: 250 * time.Millisecond}, 4, true, false},
		"p95 half a millisecond over the bound": {Samples{Taken: 4, P95: 250.5}, Soak{P95: 250 * time.Millisecond}, 4, true, true},
	} {
		if got := test.s.breach(test.soak, test.planned, test.ended); (got != "") != test.want {
			t.Errorf("%s: %q, want a breach: %v", name, got, test.want)
		}
	}
}

// What breaks early would have broken in the end, whatever came: planned is not
// less than what a soak takes.
func TestPlannedSamples(t *testing.T) {
	b := newBench(t)
	o := b.alone(b.artifacts[0])
	o.Soak = &Soak{For: 3 * time.Second, AtLeast: 1, Every: time.Millisecond, Availability: 50}
	// Samples at 0, 1, 2 and 3 s; two of the four are bad, which 50 % allows.
	o.Soak.Every = time.Second
	b.probed = func(n int) answer {
		if n < 2 {
			return bad
		}
		return good
	}
	s := Samples{Taken: 2, Errors: 2}
	planned := max(o.Soak.AtLeast, o.Soak.samples())
	if planned != 4 || s.breach(*o.Soak, planned, false) != "" {
		t.Errorf("planned %d: %q", planned, s.breach(*o.Soak, planned, false))
	}
}

func TestSoakDefaults(t *testing.T) {
	for _, test := range []struct{ in, want Soak }{
		{Soak{For: time.Minute, AtLeast: 30}, Soak{For: time.Minute, AtLeast: 30, Every: time.Second}},
		{Soak{}, Soak{Every: time.Millisecond}},
		{Soak{For: time.Minute, Every: time.Second}, Soak{For: time.Minute, Every: time.Second}},
	} {
		if diff := cmp.Diff(test.want, *test.in.withDefaults()); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", test.in, diff)
		}
	}
}

// TestSoakProgress: the person who waits sees the samples and what is left of the error budget.
func TestSoakProgress(t *testing.T) {
	for name, tt := range map[string]struct {
		soak Soak
		s    Samples
		want string
	}{
		"availability": {Soak{For: time.Minute, Availability: 99}, Samples{Taken: 100, Errors: 1}, "12s of 1m0s, 100 of 400 samples, 1 bad, 75 % of the error budget left"},
		"errors":       {Soak{For: time.Minute, ErrorRate: 1}, Samples{Taken: 100, Unanswered: 50, Errors: 3}, "12s of 1m0s, 100 of 400 samples, 3 bad, 25 % of the error budget left"},
		"overspent":    {Soak{For: time.Minute, Availability: 99}, Samples{Taken: 100, Errors: 9}, "12s of 1m0s, 100 of 400 samples, 9 bad, 0 % of the error budget left"},
		"none allowed": {Soak{For: time.Minute, Availability: 99.9}, Samples{Taken: 100}, "12s of 1m0s, 100 of 400 samples, 0 bad, none allowed"},
		"latency":      {Soak{For: time.Minute, P95: time.Second}, Samples{Taken: 100, Errors: 1}, "12s of 1m0s, 100 of 400 samples"},
	} {
		if got := tt.s.progress(tt.soak, 400, 12*time.Second); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
