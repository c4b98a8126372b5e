package localpath

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/battery"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// predicates are the reports that say something about an artifact.
var predicates = map[string]string{
	"test": evidence.Tests, "security-gate": evidence.Gate, "battery": evidence.Battery, "scorecard": evidence.Scorecard,
}

// Attest states reports of other jobs about an artifact. A report about another
// commit or artifact is refused, and then nothing is stated.
func Attest(ctx context.Context, d Deps, repo, digest string, reports []*report.Report) (*report.Report, error) {
	w, err := alone(ctx, d, repo, os.TempDir())
	if err != nil {
		return nil, err
	}
	a, err := w.repo.Resolve(ctx, digest, v1.Platform{})
	if errors.Is(err, artifact.ErrNotFound) {
		return nil, report.Usage(fmt.Sprintf("%v: push the artifact first", err))
	}
	if err != nil {
		return nil, err
	}
	r := w.report("attest", report.Pass, report.ReasonAttested)
	r.Digest, r.Commit = a.Digest, a.Commit()
	r.Set("digest", a.Digest)
	var statements []evidence.Statement
	for _, of := range whole(reports) {
		kind, environment := predicates[of.Name], ""
		c := report.Check{Name: of.Name, State: report.OK, Result: "signed: " + string(of.Verdict), Note: of.Title}
		switch {
		case kind == "":
			return nil, report.Usage(fmt.Sprintf("a report of %q is no evidence about an artifact: want those of test, security-gate, battery and scorecard", report.Clean(of.Name)))
		case of.Commit != a.Commit():
			c.State, c.Result = report.Failed, fmt.Sprintf("it is about commit %.7s, the artifact is of %.7s", of.Commit, a.Commit())
		case of.Digest != "" && of.Digest != a.Digest:
			c.State, c.Result = report.Failed, fmt.Sprintf("it is about %.19s", of.Digest)
		}
		if c.State == report.Failed && r.Verdict == report.Pass {
			r.Verdict, r.Reason, r.Title = report.Fail, report.ReasonOtherCommit, of.Name+": "+c.Result
		}
		r.Checks = append(r.Checks, c)
		predicate := TestResult(of)
		if kind == evidence.Battery {
			environment = environmentOf(of)
		}
		if kind != evidence.Tests {
			if predicate, err = predicateOf(of, environment); err != nil {
				return nil, err
			}
		}
		statements = append(statements, evidence.Statement{Type: kind, Name: w.config.Artifact.Image, Digest: a.Digest, Predicate: predicate})
	}
	if r.Verdict == report.Fail {
		return w.concluded(r), nil
	}
	for _, s := range statements {
		if err := evidence.Put(ctx, w.repo, w.Key, s, w.Now()); err != nil {
			return nil, err
		}
	}
	r.Title = fmt.Sprintf("%d signed about %.19s", len(statements), a.Digest)
	return w.concluded(r), nil
}

// whole puts the parts of the tests together: the newest statement of a kind
// counts, so there is one, and it is as bad as the worst part.
func whole(reports []*report.Report) []*report.Report {
	var all []*report.Report
	var tests *report.Report
	for _, r := range reports {
		if r.Name != "test" || tests == nil || r.Commit != tests.Commit {
			all = append(all, r)
			if r.Name == "test" {
				part := *r
				tests, all[len(all)-1] = &part, &part
			}
			continue
		}
		tests.Checks = append(slices.Clone(tests.Checks), r.Checks...)
		if verdictRank(r.Verdict) > verdictRank(tests.Verdict) {
			tests.Verdict, tests.Title = r.Verdict, r.Title
		}
	}
	return all
}

// verdictRank orders verdicts from the best: what is no verdict is the worst.
func verdictRank(v report.Verdict) int {
	i := slices.Index([]report.Verdict{report.Pass, report.Warn, report.Skip, report.Fail}, v)
	if i < 0 {
		return 4
	}
	return i
}

// environmentOf is where a battery ran. The data of a report that was read back is
// plain JSON.
func environmentOf(r *report.Report) string {
	var d battery.Data
	b, err := json.Marshal(r.Data)
	if err != nil || json.Unmarshal(b, &d) != nil {
		return ""
	}
	return d.Environment
}
