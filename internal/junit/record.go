package junit

import (
	"cmp"
	"strings"
)

// A record is one testcase element.
type record struct {
	name    string
	key     string // of the test, in its suite; empty: it has no name
	verdict Verdict
	todo    bool // the test is expected to fail
	// failures and retries are the numbers of elements that report a failure, and
	// of those that report a run before the last.
	failures, retries int
}

// newRecord begins a testcase with the verdict in its attributes.
func newRecord(a attributes) *record {
	name := strings.TrimSpace(a.get("name"))
	r := &record{name: cmp.Or(name, strings.TrimSpace(a.get("classname")), "unnamed test")}
	if name != "" {
		r.key = a.key("name", "classname", "file", "line")
	}
	if a.get("failure") != "" { // Node repeats its message here
		r.worsen(Failed)
	}
	for _, name := range []string{"status", "result"} {
		r.worsen(words[strings.ToLower(strings.TrimSpace(a.get(name)))])
	}
	for _, name := range []string{"skipped", "disabled", "ignored"} {
		if v := a.get(name); v == "true" || v == "1" {
			r.worsen(Skipped)
		}
	}
	return r
}

// words are the values of status and result that are not a pass. The rest, such
// as "run" and "completed", report nothing on their own.
var words = map[string]Verdict{
	"notrun": Skipped, "not run": Skipped, "not_run": Skipped, "notexecuted": Skipped, "suppressed": Skipped, "disabled": Skipped,
	"skipped": Skipped, "skip": Skipped, "ignored": Skipped, "pending": Skipped, "excluded": Skipped, "filtered": Skipped, "todo": Skipped,
	"inconclusive": Skipped, "fail": Failed, "failed": Failed, "failure": Failed, "error": Failed, "errored": Failed, "broken": Failed,
	"aborted": Failed, "crashed": Failed, "timeout": Failed, "timedout": Failed, "timed out": Failed, "cancelled": Failed, "canceled": Failed,
}

// child takes an element within the testcase.
func (r *record) child(t token) {
	switch t.name {
	case "failure", "error":
		r.failures++
		r.worsen(Failed)
	case "flakyFailure", "flakyError", "rerunFailure", "rerunError":
		r.retries++
		r.worsen(Flaky)
	case "skipped", "ignored", "disabled":
		r.todo = r.todo || t.attrs.get("type") == "todo" // Node: the test may fail
		r.worsen(Skipped)
	}
}

// worsen keeps the worst verdict: a test that failed and was skipped afterwards
// failed.
func (r *record) worsen(v Verdict) { r.verdict = max(r.verdict, v) }

// result is the verdict of the closed element.
func (r *record) result() Verdict {
	if r.todo {
		return Skipped
	}
	return r.verdict
}
