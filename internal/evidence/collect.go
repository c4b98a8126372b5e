package evidence

import (
	"context"
	"fmt"
	"time"
)

// maxSkew is how far a signer's clock may be ahead of the reader's.
const maxSkew = 5 * time.Minute

// Collection is the evidence found beside one artifact.
type Collection struct {
	Digest    string
	Trusted   []Statement // the policy trusts the signer, and the subject is Digest
	Untrusted int         // envelopes that were ignored
	Read      time.Time   // by the clock of the reader: later statements are from the future
}

// Collect reads the evidence of an artifact. Envelopes that the policy does not
// trust, and statements about another digest, are counted and ignored.
func Collect(ctx context.Context, store Store, policy Policy, digest string, now time.Time) (Collection, error) {
	all, err := store.Referrers(ctx, digest, MediaType)
	if err != nil {
		return Collection{}, fmt.Errorf("cannot read evidence of %s: %w", digest, err)
	}
	c := Collection{Digest: digest, Read: now}
	for _, b := range all {
		s, err := policy.Open(ctx, b)
		if err != nil || s.Digest != digest {
			c.Untrusted++
			continue
		}
		c.Trusted = append(c.Trusted, s)
	}
	return c, nil
}

// Result is the verdict that the evidence of one predicate type supports.
type Result struct {
	Verdict string // pass, warn, fail or skip; "": there is no such evidence
	Problem string // why a statement was taken as a fail; "": none was
}

// Found reports whether there is evidence of the predicate type.
func (r Result) Found() bool { return r.Verdict != "" }

// ranks orders verdicts, the worst last.
var ranks = map[string]int{"skip": 0, "pass": 1, "warn": 2, "fail": 3}

// Verdict returns the verdict of the newest statement of a predicate type. If
// environment is not empty, statements about other environments are ignored.
//
// The newest statement is the one signed last; if two were signed at the same time, the
// worse verdict is used. The result is a fail if a statement has no valid time or was
// signed more than maxSkew in the future, because its place in the order is unknown, and
// if the newest statement has an unknown verdict.
func (c Collection) Verdict(predicateType, environment string) Result {
	var newest time.Time
	var r Result
	for _, s := range c.Trusted {
		where, _ := s.Predicate["environment"].(string)
		if s.Type != predicateType || environment != "" && where != environment {
			continue
		}
		if problem := c.undated(s); problem != "" {
			return Result{"fail", problem}
		}
		one := Result{Verdict: verdictOf(s)}
		if _, known := ranks[one.Verdict]; !known {
			one = Result{"fail", fmt.Sprintf("unknown verdict %q", one.Verdict)}
		}
		if !r.Found() || s.Signed.After(newest) || s.Signed.Equal(newest) && ranks[one.Verdict] > ranks[r.Verdict] {
			r, newest = one, s.Signed
		}
	}
	return r
}

// undated reports why the time of a statement cannot be used, or "".
func (c Collection) undated(s Statement) string {
	switch {
	case s.Signed.IsZero():
		return "signed without a valid time"
	case s.Signed.After(c.Read.Add(maxSkew)):
		return "signed in the future, at " + s.Signed.Format(time.RFC3339)
	}
	return ""
}

// verdictOf reads the verdict of a report, or the result of a standard test
// result. Provenance has no verdict: it passes if it exists.
func verdictOf(s Statement) string {
	switch s.Type {
	case Provenance:
		return "pass"
	case Tests:
		switch s.Predicate["result"] {
		case "PASSED":
			return "pass"
		case "WARNED":
			return "warn"
		}
		return "fail"
	}
	v, _ := s.Predicate["verdict"].(string)
	return v
}
