package evidence

import (
	"strings"
	"testing"
	"time"
)

func TestCollect(t *testing.T) {
	key, other := openKey(t), openKey(t)
	store := &memory{}
	put := func(k *Key, predicate, about, verdict string) {
		t.Helper()
		s := Statement{Type: predicate, Name: "app", Digest: about, Predicate: map[string]any{"verdict": verdict}}
		if err := Put(t.Context(), store, k, s, noon); err != nil {
			t.Fatal(err)
		}
	}
	put(key, Gate, digest, "pass")
	put(key, Gate, digest, "fail")
	put(key, Scorecard, digest, "great")
	put(other, Provenance, digest, "")
	put(key, Provenance, strings.Replace(digest, "5be1", "0000", 1), "")
	*store = append(*store, []byte("{"))
	c, err := Collect(t.Context(), store, Trust(key), digest, noon)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Trusted) != 3 || c.Untrusted != 3 {
		t.Errorf("%d trusted and %d untrusted, want 3 and 3", len(c.Trusted), c.Untrusted)
	}
	for predicate, want := range map[string]string{Gate: "fail", Scorecard: "fail", Provenance: ""} {
		if r := c.Verdict(predicate, ""); r.Verdict != want || r.Found() != (want != "") {
			t.Errorf("%s: %+v, want %q", predicate, r, want)
		}
	}
}

// TestNewest holds the order of evidence to time. The names with a number are
// tamperings that an evidence review tried: all of them were accepted as a pass.
func TestNewest(t *testing.T) {
	type claim struct {
		verdict string
		signed  any // nil: the field is missing
	}
	for name, test := range map[string]struct {
		claims  []claim
		want    string
		problem string
	}{
		"one":                          {[]claim{{"pass", "2026-11-21T11:00:00Z"}}, "pass", ""},
		"the newer replaces the older": {[]claim{{"fail", "2026-11-21T11:00:00Z"}, {"pass", "2026-11-21T11:00:01Z"}}, "pass", ""},
		"the order of storage has no meaning": {
			[]claim{{"pass", "2026-11-21T11:00:01Z"}, {"fail", "2026-11-21T11:00:00Z"}}, "pass", ""},
		"the worse of the same time": {[]claim{{"fail", "2026-11-21T11:00:00Z"}, {"pass", "2026-11-21T11:00:00Z"}}, "fail", ""},
		"the worse of the same time, in two zones": {
			[]claim{{"fail", "2026-11-21T11:00:00Z"}, {"pass", "2026-11-21T12:00:00+01:00"}}, "fail", ""},
		"49 a fraction of a second later": {
			[]claim{{"pass", "2026-11-21T11:00:33Z"}, {"fail", "2026-11-21T11:00:33.9Z"}}, "fail", ""},
		"fractions of different lengths": {
			[]claim{{"pass", "2026-11-21T11:00:33.1Z"}, {"fail", "2026-11-21T11:00:33.12Z"}}, "fail", ""},
		"50 a zone east of Greenwich": {
			[]claim{{"pass", "2026-11-21T15:00:00+05:00"}, {"fail", "2026-11-21T11:00:00Z"}}, "fail", ""},
		"57 far in the future":     {[]claim{{"pass", "2999-01-01T00:00:00Z"}, {"fail", "2026-11-21T11:00:00Z"}}, "fail", "signed in the future"},
		"57 alone":                 {[]claim{{"pass", "2999-01-01T00:00:00Z"}}, "fail", "signed in the future"},
		"58 not a time":            {[]claim{{"pass", "zzzz"}, {"fail", "2026-11-21T11:00:00Z"}}, "fail", "without a valid time"},
		"58 not a time, alone":     {[]claim{{"pass", "zzzz"}}, "fail", "without a valid time"},
		"59 a number":              {[]claim{{"pass", 1795258800}, {"fail", "2026-11-21T11:00:00Z"}}, "fail", "without a valid time"},
		"60 a fail without a time": {[]claim{{"fail", nil}, {"pass", "2026-11-21T11:00:00Z"}}, "fail", "without a valid time"},
		"a pass without a time":    {[]claim{{"pass", nil}, {"pass", "2026-11-21T11:00:00Z"}}, "fail", "without a valid time"},
		"a date without a time":    {[]claim{{"pass", "2026-11-21"}}, "fail", "without a valid time"},
		"a clock a little ahead":   {[]claim{{"fail", "2026-11-21T11:59:00Z"}, {"pass", "2026-11-21T12:05:00Z"}}, "pass", ""},
		"a clock too far ahead":    {[]claim{{"pass", "2026-11-21T12:05:00.000000001Z"}}, "fail", "signed in the future"},
		"53 an unknown verdict":    {[]claim{{"FAIL", "2026-11-21T11:00:00Z"}}, "fail", "unknown verdict"},
		"54 no verdict":            {[]claim{{"", "2026-11-21T11:00:00Z"}}, "fail", "unknown verdict"},
	} {
		t.Run(name, func(t *testing.T) {
			key, store := openKey(t), &memory{}
			for _, c := range test.claims {
				predicate := map[string]any{"verdict": c.verdict}
				if c.signed != nil {
					predicate[signedField] = c.signed
				}
				b, err := seal(t.Context(), key, Statement{Type: Gate, Name: "app", Digest: digest, Predicate: predicate})
				if err != nil {
					t.Fatal(err)
				}
				*store = append(*store, b)
			}
			c, err := Collect(t.Context(), store, Trust(key), digest, noon)
			if err != nil {
				t.Fatal(err)
			}
			if c.Untrusted > 0 {
				t.Fatalf("%d statements were ignored: a bad time must count against the artifact", c.Untrusted)
			}
			r := c.Verdict(Gate, "")
			if r.Verdict != test.want || !strings.Contains(r.Problem, test.problem) || (r.Problem == "") != (test.problem == "") {
				t.Errorf("%+v, want %s %q", r, test.want, test.problem)
			}
		})
	}
}

func TestVerdictOfAnEnvironment(t *testing.T) {
	key, store := openKey(t), &memory{}
	for i, environment := range []string{"preview", "staging"} {
		s := Statement{Type: Battery, Name: "app", Digest: digest, Predicate: map[string]any{
			"verdict": []string{"fail", "pass"}[i], "environment": environment,
		}}
		if err := Put(t.Context(), store, key, s, noon.Add(-time.Duration(i)*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Collect(t.Context(), store, Trust(key), digest, noon)
	if err != nil {
		t.Fatal(err)
	}
	for environment, want := range map[string]string{"preview": "fail", "staging": "pass", "beta": "", "": "fail"} {
		if got := c.Verdict(Battery, environment).Verdict; got != want {
			t.Errorf("%q: %q, want %q", environment, got, want)
		}
	}
}

func TestVerdictOfTheTests(t *testing.T) {
	for result, want := range map[any]string{"PASSED": "pass", "WARNED": "warn", "FAILED": "fail", "passed": "fail", nil: "fail"} {
		if got := verdictOf(Statement{Type: Tests, Predicate: map[string]any{"result": result}}); got != want {
			t.Errorf("%v: %s, want %s", result, got, want)
		}
	}
}
