package release

import (
	"fmt"
	"slices"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/release/indicator"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Samples are the measurements of a soak.
type Samples struct {
	Taken        int       `json:"taken"`
	Unanswered   int       `json:"unanswered"`   // no answer within sampleTimeout
	Errors       int       `json:"errors"`       // answers with a status of 400 or above
	Availability float64   `json:"availability"` // percent
	ErrorRate    float64   `json:"error_rate"`   // percent of the answers
	P95          float64   `json:"p95_ms"`       // an unanswered sample takes sampleTimeout
	Restarts     int       `json:"restarts"`
	Seconds      float64   `json:"seconds"`
	Breach       string    `json:"breach,omitempty"`   // the SLO that is broken
	FirstBad     time.Time `json:"first_bad,omitzero"` // unanswered, or an error
	// Curve is for the report. The ledger does not keep it.
	Curve *report.Curve `json:"curve,omitempty"`
}

func (s Samples) String() string {
	return fmt.Sprintf("%d samples in %.1f s: availability %.2f %%, errors %.2f %%, p95 %.0f ms", s.Taken, s.Seconds, s.Availability, s.ErrorRate, s.P95)
}

// counted returns how many samples can be used for the SLOs. If the error rate is the
// only SLO, samples without a response are not used, because the error rate is a share
// of the responses.
func (s Samples) counted(o Soak) int {
	if o.ErrorRate > 0 && o.Availability == 0 && o.P95 == 0 {
		return s.Taken - s.Unanswered
	}
	return s.Taken
}

// add adds one sample, taken at the given time.
func (s *Samples) add(one indicator.Sample, at time.Time) {
	s.Taken++
	switch {
	case !one.Answered:
		s.Unanswered++
	case one.Failed:
		s.Errors++
	}
	if (!one.Answered || one.Failed) && s.FirstBad.IsZero() {
		s.FirstBad = at.UTC()
	}
	bad := s.Unanswered + s.Errors
	s.Availability = 100 * float64(s.Taken-bad) / float64(s.Taken)
	if answered := s.Taken - s.Unanswered; answered > 0 {
		s.ErrorRate = 100 * float64(s.Errors) / float64(answered)
	}
}

// budget returns how many bad samples a soak allows, and how many of these it has had. An
// SLO for the latency alone allows any number: all is false then.
func (s Samples) budget(o Soak, planned int) (allowed, bad float64, all bool) {
	switch {
	case o.Availability > 0:
		allowed, bad = (100-o.Availability)/100*float64(planned), float64(s.Unanswered+s.Errors)
	case o.ErrorRate > 0:
		allowed, bad = o.ErrorRate/100*float64(planned), float64(s.Errors)
	default:
		return 0, 0, false
	}
	return allowed, bad, true
}

// progress describes a soak that has not ended, for the person who waits for it.
func (s Samples) progress(o Soak, planned int, elapsed time.Duration) string {
	at := fmt.Sprintf("%s of %s, %d of %d samples", elapsed.Round(time.Second), o.For, s.Taken, planned)
	allowed, bad, ok := s.budget(o, planned)
	switch {
	case !ok:
		return at
	case allowed < 1:
		return at + fmt.Sprintf(", %.0f bad, none allowed", bad)
	}
	return at + fmt.Sprintf(", %.0f bad, %.0f %% of the error budget left", bad, max(0, 100*(1-bad/allowed)))
}

// drawn returns the samples with the curve completed.
func (s Samples) drawn(o Soak, planned int) Samples {
	c := s.Curve
	c.For, c.Limit = o.For.Seconds(), float64(o.P95.Microseconds())/1000
	if allowed, bad, ok := s.budget(o, planned); ok && allowed > 0 {
		c.Budget, c.Spent = allowed, 100*bad/allowed
	} else if ok && bad > 0 {
		c.Spent = 100 * bad
	}
	return s
}

// p95 returns the 95th percentile in milliseconds.
func p95(took []time.Duration) float64 {
	sorted := slices.Sorted(slices.Values(took))
	return float64(sorted[(len(sorted)*95+99)/100-1].Microseconds()) / 1000
}

// breach describes the SLO that is broken, or returns "". Before the end of the soak, an
// SLO is broken only if the samples so far already exceed what the whole soak allows.
func (s Samples) breach(o Soak, planned int, ended bool) string {
	bad := s.Unanswered + s.Errors
	samples, answers := s.Taken, s.Taken-s.Unanswered
	if !ended { // as many as there can be at the end
		samples, answers = max(planned, samples), max(planned-s.Unanswered, o.AtLeast, answers)
	}
	// 100 - 99.9 is slightly less than 0.1 in floating point: allow the exact bound.
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
