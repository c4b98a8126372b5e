package release

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/release/indicator"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
	"github.com/seed-b235b314/goldenpath/internal/text"
)

const (
	sampleTimeout = 5 * time.Second // an answer that takes longer is not counted as one
	progressEvery = 5 * time.Second
)

// withDefaults sets the interval between two samples, if it is 0, so that a soak can
// take twice as many samples as it needs.
func (s *Soak) withDefaults() *Soak {
	out := *s
	if out.Every <= 0 {
		out.Every = max(out.For/time.Duration(2*max(1, out.AtLeast)), time.Millisecond)
	}
	return &out
}

// samples returns how many samples fit into the duration of the soak: the first at the
// beginning, the last at the end.
func (s *Soak) samples() int { return int((s.For+s.Every-1)/s.Every) + 1 }

// limit returns the maximum duration of a soak that does not get enough samples.
func (s *Soak) limit() time.Duration { return 3*s.For + time.Minute }

// soak takes samples until the duration has passed and there are enough samples, or
// until an SLO can no longer be met.
func (d Deps) soak(ctx context.Context, o Options, before target.Running) (Samples, error) {
	s := Samples{Curve: &report.Curve{}}
	var took []time.Duration
	start := d.Now()
	planned := max(o.Soak.AtLeast, o.Soak.samples())
	tick := time.NewTicker(o.Soak.Every)
	defer tick.Stop()
	said, beaten, looked := start, start, start
	for {
		at := d.Now()
		one, err := d.sample(ctx, before.URL+o.Soak.Path)
		if err != nil {
			return s, err
		}
		bad := s.Unanswered + s.Errors
		s.add(one, at)
		s.Curve.Add(report.Point{At: at.Sub(start).Seconds(), Slowest: float64(one.Took.Microseconds()) / 1000, Taken: 1, Bad: s.Unanswered + s.Errors - bad})
		took = append(took, one.Took)
		elapsed := d.Now().Sub(start)
		s.Seconds = elapsed.Seconds()
		enough := elapsed >= o.Soak.For && s.counted(*o.Soak) >= o.Soak.AtLeast
		if enough {
			s.P95 = p95(took)
		}
		if s.Breach = s.breach(*o.Soak, planned, enough); s.Breach != "" || enough || elapsed > o.Soak.limit() {
			break
		}
		if d.Now().Sub(said) >= progressEvery {
			d.say("soak %s", s.progress(*o.Soak, planned, elapsed))
			said = d.Now()
		}
		switch now := d.Now(); {
		case now.Sub(beaten) >= beatEvery:
			if err := d.beat(ctx, o, ""); err != nil {
				return s, err
			}
			beaten, looked = now, now
		case now.Sub(looked) >= lookEvery:
			if err := d.holds(ctx, o); errors.As(err, new(*ledger.LockedError)) || errors.Is(err, ledger.ErrNone) {
				return s, fmt.Errorf("%w: %w", errTaken, err)
			}
			looked = now
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return s, context.Cause(ctx)
		}
	}
	s.P95 = p95(took)
	return d.sameDeployment(ctx, o, before, s.drawn(*o.Soak, max(planned, s.Taken)))
}

// sample takes one sample. If the release does not respond, this takes sampleTimeout.
func (d Deps) sample(ctx context.Context, url string) (indicator.Sample, error) {
	timed, cancel := context.WithTimeout(ctx, sampleTimeout)
	defer cancel()
	one, err := d.Indicator.Sample(timed, url)
	if ctx.Err() != nil {
		return one, context.Cause(ctx)
	}
	if err != nil {
		return one, fmt.Errorf("cannot soak: %w", err)
	}
	if !one.Answered {
		one.Took = sampleTimeout
	}
	return one, nil
}

// sameDeployment checks that all samples came from one deployment, and counts the
// restarts of that deployment. If an SLO was broken, errors of the target are ignored,
// because the rollback must not wait for the target.
func (d Deps) sameDeployment(ctx context.Context, o Options, before target.Running, s Samples) (Samples, error) {
	after, err := d.Target.Status(ctx, o.Environment)
	switch {
	case s.Breach != "":
	case err != nil:
		return s, fmt.Errorf("cannot soak %s: %w", o.Environment, err)
	case after.Digest != before.Digest || after.Generation != before.Generation:
		return s, fmt.Errorf("cannot soak %s: something else was deployed during the soak (%s, generation %d): soak again", o.Environment, text.Short(after.Digest), after.Generation)
	}
	if err == nil {
		s.Restarts = after.Restarts - before.Restarts
	}
	return s, nil
}
