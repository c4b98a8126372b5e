package junit

import (
	"cmp"
	"strings"
)

// A record is one testcase element.
type record struct {
	name    string
	key     string // identifies the test in its suite; empty: it has no name
	verdict Verdict
	todo    bool // Node: the test may fail
	// failures and retries are numbers of elements: of failures, and of earlier runs
	// that failed.
	failures, retries int
}

// newRecord starts a record with the verdict that the attributes state.
func newRecord(a attributes) *record {
	name := strings.TrimSpace(a.get("name"))
	r := &record{name: cmp.Or(name, strings.TrimSpace(a.get("classname")), "unnamed test")}
	if name != "" {
		r.key = a.key("name", "classname", "file", "line")
	}
	if a.get("failure") != "" { // Node repeats the message of the failure here
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

// words are the values of status and result that mean something other than a pass. For
// all other values, such as "run" and "completed", the verdict depends on the child
// elements.
var words = map[string]Verdict{
	"notrun": Skipped, "not run": Skipped, "not_run": Skipped, "notexecuted": Skipped, "suppressed": Skipped, "disabled": Skipped,
	"skipped": Skipped, "skip": Skipped, "ignored": Skipped, "pending": Skipped, "excluded": Skipped, "filtered": Skipped, "todo": Skipped,
	"inconclusive": Skipped, "fail": Failed, "failed": Failed, "failure": Failed, "error": Failed, "errored": Failed, "broken": Failed,
	"aborted": Failed, "crashed": Failed, "timeout": Failed, "timedout": Failed, "timed out": Failed, "cancelled": Failed, "canceled": Failed,
}

// child adds an element inside the testcase.
func (r *record) child(t token) {
	switch t.name {
	case "failure", "error":
		r.failures++
		r.worsen(Failed)
	case "flakyFailure", "flakyError", "rerunFailure", "rerunError":
		r.retries++
		r.worsen(Flaky)
	case "skipped", "ignored", "disabled":
		r.todo = r.todo || t.attrs.get("type") == "todo"
		r.worsen(Skipped)
	}
}

// worsen replaces the verdict if v is worse: a test that failed and was skipped
// afterwards failed.
func (r *record) worsen(v Verdict) { r.verdict = max(r.verdict, v) }

// result returns the verdict of the complete record.
func (r *record) result() Verdict {
	if r.todo {
		return Skipped
	}
	return r.verdict
}
