// Package sarif imports the findings of other tools from SARIF 2.1.0 files, such as
// those of CodeQL, Semgrep, Snyk, ESLint, hadolint and gosec.
//
// A file is untrusted input. If the file states that the tool did not finish, that is
// accepted; if the file states that a result may be ignored, that is not.
package sarif

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Scanner holds the results of a tool that ran before, outside goldenpath. Read returns
// scanners.
type Scanner struct {
	name string
	runs []*run
}

// Name returns the tool's name as a short word. The name never equals that of a scanner
// that goldenpath runs.
func (s *Scanner) Name() string { return s.name }

// Kind is "imported".
func (*Scanner) Kind() string { return "imported" }

// Version returns the tool's version as stated in the file, or "unknown".
func (s *Scanner) Version() string {
	var all []string
	for _, r := range s.runs {
		d := r.Tool.Driver
		v := oneLine(cmp.Or(d.SemanticVersion, d.Version), 50)
		if v != "" && !slices.Contains(all, v) && len(all) < 3 {
			all = append(all, v)
		}
	}
	return cmp.Or(strings.Join(all, ", "), "unknown")
}

// Select selects no files, because the tool has already run.
func (*Scanner) Select([]gate.File, gate.Changes) ([]gate.File, bool) { return nil, true }

// Scan converts the results to findings. A file about another commit, or from a tool
// that did not finish, is an error.
func (s *Scanner) Scan(ctx context.Context, in gate.Input) (gate.Result, error) {
	root, err := os.OpenRoot(in.Dir)
	if err != nil {
		return gate.Result{}, fmt.Errorf("cannot open the repository: %w", err)
	}
	defer root.Close()
	var hits []hit
	total, excluded := 0, 0
	for _, r := range s.runs {
		if err := r.finished(); err != nil {
			return gate.Result{}, err
		}
		if err := r.isOf(in.Head); err != nil {
			return gate.Result{}, err
		}
		total += len(r.Results)
		c := newConverter(r, s.name, in.Dir)
		for i := range r.Results {
			if err := ctx.Err(); err != nil {
				return gate.Result{}, err
			}
			h, counts, err := c.convert(&r.Results[i])
			if err != nil {
				return gate.Result{}, err
			}
			if counts && h.At.Path != "" && gate.Excluded(h.At.Path, in.Exclude) {
				excluded++
				continue
			}
			if counts {
				hits = append(hits, h)
			}
		}
	}
	hits = inOrder(hits)
	if err := identify(ctx, root, hits); err != nil {
		return gate.Result{}, err
	}
	if in.Base != "" {
		if err := compare(ctx, in, hits); err != nil {
			return gate.Result{}, fmt.Errorf("cannot compare with the base %.7s: %w", in.Base, err)
		}
	}
	res := gate.Result{Findings: make([]report.Finding, len(hits)), Covered: covered(total, len(s.runs), excluded), Compared: in.Base != ""}
	for i, h := range hits {
		res.Findings[i] = h.Finding
	}
	return res, nil
}

func covered(results, runs, excluded int) string {
	noun := "results"
	if results == 1 {
		noun = "result"
	}
	out := fmt.Sprintf("%s %s of %s", humanize.Comma(int64(results)), noun, english.Plural(runs, "run", ""))
	if excluded > 0 {
		out += fmt.Sprintf(", %d of them in excluded paths", excluded)
	}
	return out
}

// hit is a finding with the data that is needed to compare it with the base.
type hit struct {
	report.Finding
	text    string // the tool's own message
	mark    string // the tool's own fingerprint, stable across commits; empty: none
	end     int    // last line
	touches []span // other places of the result, such as the steps of a flow
	here    bool   // its file and line exist in the checkout
}

// span is a range of lines; if first is 0, the whole file.
type span struct {
	path        string
	first, last int
}

// inOrder sorts the hits, so that their order in the file has no effect, and merges
// duplicates.
func inOrder(hits []hit) []hit {
	slices.SortStableFunc(hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(a.At.Path, b.At.Path), cmp.Compare(a.At.Line, b.At.Line), cmp.Compare(a.At.Column, b.At.Column),
			cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Message, b.Message), cmp.Compare(a.mark, b.mark),
			cmp.Compare(slices.Index(report.Severities, a.Severity), slices.Index(report.Severities, b.Severity)), cmp.Compare(a.end, b.end))
	})
	var out []hit
	for _, h := range hits {
		if n := len(out); n > 0 {
			if l := &out[n-1]; l.At == h.At && l.Rule == h.Rule && l.Message == h.Message && l.mark == h.mark {
				l.end, l.touches = max(l.end, h.end), append(l.touches, h.touches...)
				continue
			}
		}
		out = append(out, h)
	}
	return out
}
