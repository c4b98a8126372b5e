package release

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/target"
)

// Samples is what a soak has measured.
type Samples struct {
	Taken        int       `json:"taken"`
	Unanswered   int       `json:"unanswered"` // no answer in time
	Errors       int       `json:"errors"`     // answers with a 5xx status
	Availability float64   `json:"availability"`
	ErrorRate    float64   `json:"error_rate"` // of the answers
	P95          float64   `json:"p95_ms"`     // what is not answered takes probeTimeout
	Restarts     int       `json:"restarts"`
	Seconds      float64   `json:"seconds"`
	Breach       string    `json:"breach,omitempty"`
	FirstBad     time.Time `json:"first_bad,omitzero"` // unanswered, or an error
}

func (s Samples) String() string {
	return fmt.Sprintf("%d samples in %.1f s: availability %.2f %%, errors %.2f %%, p95 %.0f ms", s.Taken, s.Seconds, s.Availability, s.ErrorRate, s.P95)
}

// withDefaults fills in how often to probe: so that the samples are reached
// twice.
func (s *Soak) withDefaults() *Soak {
	out := *s
	if out.Every <= 0 {
		out.Every = max(out.For/time.Duration(2*max(1, out.AtLeast)), time.Millisecond)
	}
	return &out
}

// samples is how many its time has room for: the first is taken at once, the last
// when the time is over.
func (s *Soak) samples() int { return int((s.For+s.Every-1)/s.Every) + 1 }

// limit is when a soak ends whose samples do not come.
func (s *Soak) limit() time.Duration { return 3*s.For + time.Minute }

// probeTimeout is when a probe counts as unanswered.
const probeTimeout = 5 * time.Second

// soak probes until both time and samples are enough, or an SLO can no longer
// be kept.
func (d Deps) soak(ctx context.Context, o Options, before target.Running) (Samples, error) {
	var s Samples
	var took []time.Duration
	start := d.Now()
	planned := max(o.Soak.AtLeast, o.Soak.samples())
	tick := time.NewTicker(o.Soak.Every)
	defer tick.Stop()
	said := start
	for {
		at := d.Now()
		probe, cancel := context.WithTimeout(ctx, probeTimeout)
		status, duration, err := d.Probe(probe, before.URL+o.Soak.Path)
		cancel()
		if ctx.Err() != nil {
			return s, context.Cause(ctx)
		}
		s.Taken++
		switch {
		case err != nil:
			s.Unanswered++
		case status >= 500:
			s.Errors++
		}
		if (err != nil || status >= 500) && s.FirstBad.IsZero() {
			s.FirstBad = at.UTC()
		}
		if err != nil {
			duration = probeTimeout
		}
		took = append(took, duration)
		s.sum()
		elapsed := d.Now().Sub(start)
		s.Seconds = elapsed.Seconds()
		enough := elapsed >= o.Soak.For && s.counted(*o.Soak) >= o.Soak.AtLeast
		if enough {
			s.P95 = p95(took)
		}
		if s.Breach = s.breach(*o.Soak, planned, enough); s.Breach != "" || enough || elapsed > o.Soak.limit() {
			break
		}
		if d.Now().Sub(said) >= 5*time.Second {
			d.say("soak %s of %s, %d samples", elapsed.Round(time.Second), o.Soak.For, s.Taken)
			said = d.Now()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return s, context.Cause(ctx)
		}
	}
	s.P95 = p95(took)
	after, err := d.Target.Status(ctx, o.Environment)
	switch {
	case s.Breach != "": // the way back does not wait for this
	case err != nil:
		return s, fmt.Errorf("soak %s: %w", o.Environment, err)
	case after.Digest != before.Digest || after.Generation != before.Generation:
		return s, fmt.Errorf("soak %s: something else was deployed meanwhile (%s, generation %d): soak again", o.Environment, short(after.Digest), after.Generation)
	}
	if err == nil {
		s.Restarts = after.Restarts - before.Restarts
	}
	return s, nil
}

// counted is how many samples count. An error rate is a rate of answers: where
// nothing asks for answers, none are no data.
func (s Samples) counted(o Soak) int {
	if o.ErrorRate > 0 && o.Availability == 0 && o.P95 == 0 {
		return s.Taken - s.Unanswered
	}
	return s.Taken
}

func (s *Samples) sum() {
	bad := s.Unanswered + s.Errors
	s.Availability = 100 * float64(s.Taken-bad) / float64(s.Taken)
	if answered := s.Taken - s.Unanswered; answered > 0 {
		s.ErrorRate = 100 * float64(s.Errors) / float64(answered)
	}
}

// p95 is in milliseconds.
func p95(took []time.Duration) float64 {
	sorted := slices.Sorted(slices.Values(took))
	return float64(sorted[(len(sorted)*95+99)/100-1].Microseconds()) / 1000
}

// breach says which SLO is broken. Before the end it speaks only when the bad
// samples so far are more than the whole soak allows.
func (s Samples) breach(o Soak, planned int, ended bool) string {
	bad := s.Unanswered + s.Errors
	samples, answers := s.Taken, s.Taken-s.Unanswered
	if !ended { // as many as there can be in the end
		samples, answers = max(planned, samples), max(planned-s.Unanswered, o.AtLeast, answers)
	}
	// 100 - 99.9 is a little less than 0.1: what is allowed exactly is allowed.
	over := func(count, of int, allowedPercent float64) bool {
		return float64(count) > allowedPercent/100*float64(of)+1e-6
	}
	most := float64(o.P95.Microseconds()) / 1000
	switch {
	case o.Availability > 0 && over(bad, samples, 100-o.Availability):
		return fmt.Sprintf("availability %.2f %% is below %g %% (%d of %d samples bad)", s.Availability, o.Availability, bad, s.Taken)
	case o.ErrorRate > 0 && over(s.Errors, answers, o.ErrorRate):
		return fmt.Sprintf("errors %.2f %% are above %g %% (%d of %d answers)", s.ErrorRate, o.ErrorRate, s.Errors, s.Taken-s.Unanswered)
	case ended && o.P95 > 0 && s.P95 > most:
		return fmt.Sprintf("p95 %.4g ms is above %g ms", s.P95, most)
	}
	return ""
}
