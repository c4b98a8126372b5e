package stage

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/battery"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// predicates maps the names of the reports that Attest signs to their predicate types.
var predicates = map[string]string{
	"test": evidence.Tests, "security-gate": evidence.Gate, "battery": evidence.Battery, "scorecard": evidence.Scorecard,
}

// Attest signs reports as evidence about an image, and attaches the statements to it.
// If one report is about another commit or image, the verdict is fail and nothing is
// signed.
func Attest(ctx context.Context, j *Job, digest string, reports []*report.Report) (*report.Report, error) {
	a, err := j.Image.Resolve(ctx, digest, v1.Platform{})
	if errors.Is(err, artifact.ErrNotFound) {
		return nil, report.Usage(fmt.Sprintf("%v: push the image first", err))
	}
	if err != nil {
		return nil, err
	}
	r := j.report("attest")
	r.Verdict, r.Reason = report.Pass, report.ReasonAttested
	r.Digest, r.Commit = a.Digest, a.Commit()
	r.Set("digest", a.Digest)
	var statements []evidence.Statement
	for _, of := range joinShards(reports) {
		kind := predicates[of.Name]
		if kind == "" {
			return nil, report.Usage(fmt.Sprintf("a report from %q is not evidence about an image: pass reports from test, security-gate, battery and scorecard", report.LogLine(of.Name)))
		}
		c := attestable(of, a)
		if c.State == report.Failed && r.Verdict == report.Pass {
			r.Verdict, r.Reason, r.Title = report.Fail, report.ReasonOtherCommit, of.Name+": "+c.Result
		}
		r.Checks = append(r.Checks, c)
		predicate, err := predicateOf(of, kind)
		if err != nil {
			return nil, err
		}
		statements = append(statements, evidence.Statement{Type: kind, Name: j.Config.Artifact.Image, Digest: a.Digest, Predicate: predicate})
	}
	if r.Verdict == report.Fail {
		return r, nil
	}
	for _, s := range statements {
		if err := evidence.Put(ctx, j.Image, j.Signer, s, j.Now()); err != nil {
			return nil, err
		}
	}
	r.Title = fmt.Sprintf("%d signed about %.19s", len(statements), a.Digest)
	return r, nil
}

// attestable compares the commit and the digest of a report with those of an image.
func attestable(of *report.Report, a artifact.Artifact) report.Check {
	c := report.Check{Name: of.Name, State: report.OK, Result: "signed: " + string(of.Verdict), Note: of.Title}
	switch {
	case of.Commit != a.Commit():
		c.State, c.Result = report.Failed, fmt.Sprintf("it is about commit %.7s, but the artifact is of %.7s", of.Commit, a.Commit())
	case of.Digest != "" && of.Digest != a.Digest:
		c.State, c.Result = report.Failed, fmt.Sprintf("it is about %.19s", of.Digest)
	}
	return c
}

// joinShards joins the reports of the shards of the tests into one, with the worst
// verdict: promotion reads only the newest statement of a type.
func joinShards(reports []*report.Report) []*report.Report {
	var all []*report.Report
	var tests *report.Report
	for _, r := range reports {
		sameImage := tests != nil && (r.Digest == "" || tests.Digest == "" || r.Digest == tests.Digest)
		if r.Name != "test" || !sameImage || r.Commit != tests.Commit {
			all = append(all, r)
			if r.Name == "test" {
				part := *r
				tests, all[len(all)-1] = &part, &part
			}
			continue
		}
		tests.Digest = cmp.Or(tests.Digest, r.Digest)
		tests.Checks = append(slices.Clone(tests.Checks), r.Checks...)
		if rank(r.Verdict) > rank(tests.Verdict) {
			tests.Verdict, tests.Title = r.Verdict, r.Title
		}
	}
	return all
}

// rank orders verdicts from the best to the worst. An unknown verdict is the worst.
func rank(v report.Verdict) int {
	i := slices.Index([]report.Verdict{report.Pass, report.Warn, report.Skip, report.Fail}, v)
	if i < 0 {
		return 4
	}
	return i
}

// predicateOf returns the predicate of a report: a test result for the checks, otherwise the
// report itself. The predicate of a battery also names the environment.
func predicateOf(r *report.Report, kind string) (map[string]any, error) {
	if kind == evidence.Tests {
		return testResult(r), nil
	}
	var b bytes.Buffer
	if err := r.WriteJSON(&b); err != nil {
		return nil, err
	}
	var predicate map[string]any
	if err := json.Unmarshal(b.Bytes(), &predicate); err != nil {
		return nil, err
	}
	if kind == evidence.Battery {
		d, err := report.DataOf[battery.Data](r)
		if err != nil {
			return nil, report.Usage(err.Error() + ": pass a report that goldenpath battery wrote")
		}
		if d.Environment != "" {
			predicate["environment"] = d.Environment
		}
	}
	return predicate, nil
}

// testResult is an in-toto test-result predicate.
func testResult(r *report.Report) map[string]any {
	result := map[report.Verdict]string{report.Pass: "PASSED", report.Warn: "WARNED", report.Skip: "WARNED"}[r.Verdict]
	if result == "" {
		result = "FAILED"
	}
	var passed, failed []any
	for _, c := range r.Checks {
		if c.State == report.OK {
			passed = append(passed, c.Name)
		} else {
			failed = append(failed, c.Name)
		}
	}
	return map[string]any{
		"result": result, "configuration": []any{}, "passedTests": passed, "failedTests": failed,
	}
}
