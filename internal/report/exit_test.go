package report

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestExitCode(t *testing.T) {
	boom := errors.New("boom")
	for _, test := range []struct {
		name string
		r    *Report
		err  error
		want int
	}{
		{"pass", &Report{Verdict: Pass}, nil, 0},
		{"warn", &Report{Verdict: Warn}, nil, 0},
		{"skip", &Report{Verdict: Skip}, nil, 0},
		{"fail", &Report{Verdict: Fail}, nil, 1},
		{"fail for invalid input", &Report{Verdict: Fail, Reason: ReasonInvalidInput}, nil, 2},
		{"no verdict", &Report{}, nil, 3},
		{"a verdict that is not known", &Report{Verdict: "passed"}, nil, 3},
		{"nothing", nil, nil, 3},
		{"usage", nil, Usage("no such flag"), 2},
		{"wrapped usage", nil, fmt.Errorf("read options: %w", Usage("no such flag")), 2},
		{"joined usage", nil, errors.Join(boom, Usage("no such flag")), 2},
		{"error", nil, boom, 3},
		{"error with a report that passes", &Report{Verdict: Pass}, boom, 3},
		{"error with a report that fails", &Report{Verdict: Fail}, boom, 3},
		{"usage with a report", &Report{Verdict: Fail}, Usage("x"), 2},
	} {
		if got := ExitCode(test.r, test.err); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}

func TestCauses(t *testing.T) {
	a, b, c := errors.New("a"), errors.New("b\nb"), Usage("c")
	for _, test := range []struct {
		name string
		err  error
		want []string
	}{
		{"none", nil, nil},
		{"one", a, []string{"a"}},
		{"joined", errors.Join(a, b), []string{"a", "b\nb"}},
		{"nested", errors.Join(a, errors.Join(b, nil, c)), []string{"a", "b\nb", "c"}},
		{"wrapped", fmt.Errorf("scan: %w", a), []string{"scan: a"}},
		{"wrapped join", fmt.Errorf("scan: %w", errors.Join(a, b)), []string{"scan: a\nb\nb"}},
		{"joined wrapped", errors.Join(fmt.Errorf("scan: %w", a), c), []string{"scan: a", "c"}},
		{"two in one sentence", fmt.Errorf("stop: %w, and then %w", a, c), []string{"stop: a, and then c"}},
	} {
		var got []string
		for _, cause := range Causes(test.err) {
			got = append(got, cause.Error())
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestErrorText(t *testing.T) {
	for in, want := range map[string]string{
		"one":                               "one",
		"preview: 403\n  try: a\n  kept: b": "preview: 403\n  try: a\n  kept: b",
		"x\n::error::gotcha\n  ::set-output name=a::b":   "x\n:​:error::gotcha\n  :​:set-output name=a::b",
		"x ##[command]y \x1b[31m":                        "x ##​[command]y �[31m",
		"a\r\n::error::b":                                "a \n:​:error::b",
		"a\r::error::b":                                  "a ::error::b",
		"a\u2028::error::b":                              "a ::error::b",
		".goldenpath.yml:14:3 unknown key \"max_ttl\"\n": ".goldenpath.yml:14:3 unknown key \"max_ttl\"\n",
	} {
		if got := ErrorText(errors.New(in)); got != want {
			t.Errorf("ErrorText(%q)\n got %q\nwant %q", in, got, want)
		}
	}
}
