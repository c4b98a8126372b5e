package stage

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/battery"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestAttestReports: GP-PROM-2, only reports about this commit and image become
// evidence, and all of a call or none.
func TestAttestReports(t *testing.T) {
	l := newLab(t)
	j, digest := l.packed("one")
	commit, other := j.Commit.ID, "sha256:"+strings.Repeat("1", 64)
	test := func(verdict report.Verdict, digest string, failed ...string) *report.Report {
		r := &report.Report{Name: "test", Commit: commit, Verdict: verdict, Digest: digest, Checks: []report.Check{{Name: "ok", State: report.OK}}}
		for _, name := range failed {
			r.Checks = append(r.Checks, report.Check{Name: name, State: report.Failed})
		}
		return r
	}
	about := func(name, commit, digest string) *report.Report {
		return &report.Report{Name: name, Commit: commit, Digest: digest, Verdict: report.Pass}
	}
	in := func(environment string) *report.Report {
		r := about("battery", commit, digest)
		r.SetData(battery.Data{Environment: environment})
		return r
	}
	broken := about("battery", commit, digest)
	broken.Data = []byte(`{"environment": 7}`)
	for name, tt := range map[string]struct {
		reports []*report.Report
		signed  map[string]string // verdict by type or environment; empty: nothing is signed
		usage   bool              // none of the files is a report
	}{
		"one":                               {[]*report.Report{test("pass", "")}, map[string]string{evidence.Tests: "pass"}, false},
		"shards":                            {[]*report.Report{test("pass", ""), test("pass", "")}, map[string]string{evidence.Tests: "pass"}, false},
		"a shard failed":                    {[]*report.Report{test("pass", ""), test("fail", "", "b"), test("pass", "")}, map[string]string{evidence.Tests: "fail"}, false},
		"a shard was skipped":               {[]*report.Report{test("skip", ""), test("pass", "")}, map[string]string{evidence.Tests: "warn"}, false},
		"a shard without a verdict":         {[]*report.Report{test("pass", ""), test("", "")}, map[string]string{evidence.Tests: "fail"}, false},
		"a shard with an unknown verdict":   {[]*report.Report{test("excellent", ""), test("pass", "")}, map[string]string{evidence.Tests: "fail"}, false},
		"a shard of the image":              {[]*report.Report{test("pass", ""), test("pass", digest)}, map[string]string{evidence.Tests: "pass"}, false},
		"the first shard of another image":  {[]*report.Report{test("pass", other), test("pass", "")}, nil, false},
		"the second shard of another image": {[]*report.Report{test("pass", ""), test("pass", other)}, nil, false},
		"the last shard of another image":   {[]*report.Report{test("pass", digest), test("pass", ""), test("pass", other)}, nil, false},
		"a shard of another commit":         {[]*report.Report{test("pass", ""), about("test", strings.Repeat("2", 40), "")}, nil, false},
		"no commit":                         {[]*report.Report{about("scorecard", "", digest)}, nil, false},
		"a short commit":                    {[]*report.Report{about("scorecard", commit[:7], digest)}, nil, false},
		"a commit in capitals":              {[]*report.Report{about("scorecard", strings.ToUpper(commit)+" ", digest)}, nil, false},
		"another image":                     {[]*report.Report{about("security-gate", commit, other)}, nil, false},
		"a good one before a bad one":       {[]*report.Report{in("staging"), about("scorecard", commit, other)}, nil, false},
		"two environments":                  {[]*report.Report{in("staging"), in("production")}, map[string]string{"staging": "pass", "production": "pass"}, false},
		"no environment":                    {[]*report.Report{in("")}, map[string]string{evidence.Battery: "pass", "staging": ""}, false},
		"an environment of a wrong type":    {[]*report.Report{broken}, nil, true},
		"an unknown name":                   {[]*report.Report{about("Test", commit, digest)}, nil, true},
		"no name":                           {[]*report.Report{about("", commit, digest)}, nil, true},
		"a name with a line break":          {[]*report.Report{about("test\n::error::x", commit, digest)}, nil, true},
		"another command":                   {[]*report.Report{about("promote", commit, digest)}, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			to := l.job()
			if _, err := j.Image.Copy(t.Context(), digest, to.Image); err != nil {
				t.Fatal(err)
			}
			before := make([]int, len(tt.reports))
			for i, r := range tt.reports {
				before[i] = len(r.Checks)
			}
			r, err := Attest(t.Context(), to, digest, tt.reports)
			var usage *report.UsageError
			switch {
			case errors.As(err, &usage) != tt.usage || err != nil && !tt.usage:
				t.Fatalf("%v", err)
			case err != nil && strings.Contains(err.Error(), "\n"):
				t.Errorf("%q has two lines", err)
			case err == nil && (r.Reason == report.ReasonAttested) != (tt.signed != nil):
				t.Errorf("%s: %s", r.Reason, r.Title)
			case err == nil && tt.signed == nil && (r.Verdict != report.Fail || r.Reason != report.ReasonOtherCommit):
				t.Errorf("%s %s", r.Verdict, r.Reason)
			}
			for i, r := range tt.reports {
				if len(r.Checks) != before[i] {
					t.Errorf("report %d of the caller is changed", i)
				}
			}
			c, err := evidence.Collect(t.Context(), to.Image, to.Trust, digest, noon)
			if err != nil {
				t.Fatal(err)
			}
			if len(tt.signed) == 0 && len(c.Trusted) > 0 {
				t.Errorf("%d statements are signed", len(c.Trusted))
			}
			got := map[string]string{}
			for key := range tt.signed {
				if strings.Contains(key, "/") {
					got[key] = c.Verdict(key, "").Verdict
				} else {
					got[key] = c.Verdict(evidence.Battery, key).Verdict
				}
			}
			if diff := cmp.Diff(tt.signed, got); diff != "" && tt.signed != nil {
				t.Error(diff)
			}
		})
	}
}
