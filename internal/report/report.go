// Package report defines the result of a command, and renders it for every output.
//
// A Report is plain data. Every surface (log, annotations, job summary, comment, JSON,
// SARIF, HTML, step outputs, exit code) is a pure function of it. The text in a Report
// is treated as hostile: the renderers escape it.
package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// Verdict is the result of a run. An error is not a verdict: it means that there is no
// result.
type Verdict string

// The four verdicts.
const (
	Pass Verdict = "pass"
	Warn Verdict = "warn"
	Fail Verdict = "fail"
	Skip Verdict = "skip"
)

// State is the result of one check. Unlike a verdict it can be that there is no result,
// which is never a pass.
type State string

// The states of a check.
const (
	OK            State = "pass"
	Warned        State = "warn"
	Failed        State = "fail"
	Skipped       State = "skip"
	Inconclusive  State = "inconclusive"
	Missing       State = "missing"
	NotApplicable State = "not-applicable"
)

// Severity of a finding, from the worst down.
type Severity string

// The severities.
const (
	Critical Severity = "critical"
	High     Severity = "high"
	Medium   Severity = "medium"
	Low      Severity = "low"
	Note     Severity = "note"
)

// Severities lists every severity, the worst first.
var Severities = []Severity{Critical, High, Medium, Low, Note}

// AtLeast reports whether s is as bad as t, or worse. An unknown severity counts as the
// worst, so that nothing passes because a scanner used a new word.
func (s Severity) AtLeast(t Severity) bool { return s.rank() <= t.rank() }

func (s Severity) rank() int { return max(0, slices.Index(Severities, s)) }

// Status of a finding: whether the change introduced it, and whether somebody accepted it.
type Status string

// The statuses.
const (
	New    Status = "new"    // introduced by the change, or there is no base to compare with
	Known  Status = "known"  // the base has it too
	Waived Status = "waived" // covered by a waiver that has not expired
	// Disclosed is known and was published after the base was committed. The change did
	// not cause it, and no one has decided on it yet.
	Disclosed Status = "disclosed"
)

// Report is the result of one run.
type Report struct {
	Schema   string    `json:"schema"`            // goldenpath.<name>/v1; set by JSON
	Name     string    `json:"name"`              // the command: security-gate, scorecard, promote…
	Subject  string    `json:"subject,omitempty"` // the app or preview that it is about: where2eat, pr-12
	Commit   string    `json:"commit,omitempty"`  // full commit id
	Digest   string    `json:"digest,omitempty"`  // sha256:… of the image index
	Verdict  Verdict   `json:"verdict"`
	Reason   Reason    `json:"reason"`
	Title    string    `json:"title"` // one sentence that completes "pass · …"
	Checks   []Check   `json:"checks"`
	Findings []Finding `json:"findings"`
	Outputs  []Output  `json:"outputs"`            // without verdict and reason, which AllOutputs adds
	Sections []Section `json:"sections,omitempty"` // details, folded where the surface can fold
	Started  time.Time `json:"started"`
	Seconds  float64   `json:"seconds"`
	// Data is specific to the command: the scorecard, a release manifest. SetData
	// writes it, DataOf reads it.
	Data json.RawMessage `json:"data,omitempty"`
}

// Check is one row of the table: one thing that was checked.
type Check struct {
	Name    string  `json:"name"`
	State   State   `json:"state"`
	Result  string  `json:"result"`         // what was observed, with units
	Note    string  `json:"note,omitempty"` // consequence: remedy, limit, next date
	Link    string  `json:"link,omitempty"` // http or https
	Seconds float64 `json:"seconds,omitempty"`
}

// Location is a place in the repository. The zero value is the whole repository.
type Location struct {
	Path   string `json:"path,omitempty"` // relative, with forward slashes
	Line   int    `json:"line,omitempty"` // from 1; 0 is unknown
	Column int    `json:"column,omitempty"`
}

// Finding is one fact worth acting on.
type Finding struct {
	Rule        string   `json:"rule"` // CVE-…, GHSA-…, a rule id
	Aliases     []string `json:"aliases,omitempty"`
	Severity    Severity `json:"severity"`
	Status      Status   `json:"status,omitempty"`
	Blocking    bool     `json:"blocking"`
	Message     string   `json:"message"` // never contains a secret
	At          Location `json:"at"`
	Package     string   `json:"package,omitempty"` // purl
	Fixed       string   `json:"fixed,omitempty"`   // first version without the problem
	Tools       []string `json:"tools,omitempty"`   // tools that report it
	Fix         string   `json:"fix,omitempty"`     // what to do
	Link        string   `json:"link,omitempty"`    // page that explains the rule or the vulnerability, http or https
	Waiver      string   `json:"waiver,omitempty"`  // reason, owner and expiry of the waiver
	Fingerprint string   `json:"fingerprint,omitempty"`
	Secret      string   `json:"secret,omitempty"` // SecretPresent, SecretPossible or SecretRemoved; empty: the finding is not about a secret
	Unused      string   `json:"unused,omitempty"` // why the file is not part of what is released; the finding does not block

	// Details of a vulnerability. Empty: not known.
	Rated     string     `json:"rated,omitempty"`     // source of the severity: "CVSS 4.0 score 8.7 of GHSA-…"
	Reach     string     `json:"reach,omitempty"`     // whether the app calls the vulnerable code: a sentence
	Published *time.Time `json:"published,omitempty"` // when it was disclosed
	Through   []string   `json:"through,omitempty"`   // direct dependency first, down to the package
	Exploited string     `json:"exploited,omitempty"` // day since which exploitation is known: 2026-03-01
	EPSS      float64    `json:"epss,omitempty"`      // probability of exploitation in 30 days, 0 to 1
	Also      []Location `json:"also,omitempty"`      // other places with the same problem
}

// Values of Finding.Secret.
const (
	SecretPresent  = "present"  // in the files of the commit
	SecretPossible = "possible" // in the files, but a guess by its form, or in a test
	SecretRemoved  = "removed"  // only in the history
)

// Output is one step output.
type Output struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Section is a block of detail. Of Rows, Text and Mermaid at most one is set.
type Section struct {
	Title   string     `json:"title"`
	Open    bool       `json:"open,omitempty"` // shown unfolded
	Head    []string   `json:"head,omitempty"`
	Rows    [][]string `json:"rows,omitempty"`
	Text    string     `json:"text,omitempty"`    // preformatted
	Mermaid string     `json:"mermaid,omitempty"` // built by goldenpath, never from outside text
}

// Sort puts findings into the order that every surface uses: blocking first, then
// severity, place and rule.
func (r *Report) Sort() {
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(compareBool(b.Blocking, a.Blocking),
			cmp.Compare(a.Severity.rank(), b.Severity.rank()),
			compareBool(a.Secret == SecretRemoved, b.Secret == SecretRemoved), // after those of today
			cmp.Compare(a.At.Path, b.At.Path), cmp.Compare(a.At.Line, b.At.Line),
			cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Package, b.Package))
	})
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// Set adds an output, or replaces the output with that name.
func (r *Report) Set(name, value string) {
	for i := range r.Outputs {
		if r.Outputs[i].Name == name {
			r.Outputs[i].Value = value
			return
		}
	}
	r.Outputs = append(r.Outputs, Output{name, value})
}

// AllOutputs returns the step outputs: verdict and reason, which are derived from the
// report, then the outputs that Set added, in their order.
func (r *Report) AllOutputs() []Output {
	all := []Output{{"verdict", string(r.Verdict)}, {"reason", string(r.Reason)}}
	for _, o := range r.Outputs {
		if o.Name != "verdict" && o.Name != "reason" {
			all = append(all, o)
		}
	}
	return all
}

// SetData sets the data that is specific to the command. It panics if v cannot be encoded
// as JSON, which is a mistake in the type of v, not in its value.
func (r *Report) SetData(v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("report %s: %v", r.Name, err))
	}
	r.Data = b
}

// DataOf reads what SetData wrote. A report without data is an error, because the zero
// value could be mistaken for a result.
func DataOf[T any](r *Report) (T, error) {
	var v T
	if len(r.Data) == 0 {
		return v, fmt.Errorf("the %s report has no data", r.Name)
	}
	if err := json.Unmarshal(r.Data, &v); err != nil {
		return v, fmt.Errorf("read the data of the %s report: %w", r.Name, err)
	}
	return v, nil
}

// Output returns the named output, or "".
func (r *Report) Output(name string) string {
	for _, o := range r.AllOutputs() {
		if o.Name == name {
			return o.Value
		}
	}
	return ""
}

// Count returns how many findings have the status.
func (r *Report) Count(s Status) int {
	n := 0
	for _, f := range r.Findings {
		if f.Status == s {
			n++
		}
	}
	return n
}

// Blocking returns how many findings block.
func (r *Report) Blocking() int {
	n := 0
	for _, f := range r.Findings {
		if f.Blocking {
			n++
		}
	}
	return n
}

// Worst returns the verdict that follows from the checks. A failed, missing or unknown
// state fails; a warning or an inconclusive state warns. If every check was skipped, so
// is the report.
func Worst(checks []Check) Verdict {
	v := Skip
	for _, c := range checks {
		switch c.State {
		case Skipped, NotApplicable:
		case Warned, Inconclusive:
			v = Warn
		case OK:
			if v == Skip {
				v = Pass
			}
		default:
			return Fail
		}
	}
	return v
}
