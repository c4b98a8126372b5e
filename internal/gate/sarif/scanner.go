// Package sarif takes in what other tools found: any SARIF 2.1.0 file, such as
// CodeQL, Semgrep, Snyk, ESLint, hadolint and gosec write.
//
// A file is outside text. What it says of itself decides only against it: it can
// say that its tool did not finish, and not that a result does not count.
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

// Scanner stands for a tool that ran elsewhere. Make one with Read.
type Scanner struct {
	name string
	runs []*run
}

// Name is the tool's own name, as a short word. It is never that of a scanner
// that goldenpath runs.
func (s *Scanner) Name() string { return s.name }

// Kind is "imported".
func (*Scanner) Kind() string { return "imported" }

// Version is the tool's version as its file says it, or "unknown".
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

// Select wants no files: the tool has run.
func (*Scanner) Select([]gate.File, gate.Changes) ([]gate.File, bool) { return nil, true }

// Scan converts the results. Of a file that is about another commit, or whose
// tool did not finish, there is no answer.
func (s *Scanner) Scan(ctx context.Context, in gate.Input) (gate.Result, error) {
	root, err := os.OpenRoot(in.Dir)
	if err != nil {
		return gate.Result{}, fmt.Errorf("open the repository: %w", err)
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
			return gate.Result{}, fmt.Errorf("compare with base %.7s: %w", in.Base, err)
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

// hit is a finding with what its comparison needs.
type hit struct {
	report.Finding
	text    string // the tool's own message
	mark    string // what identifies it over commits by the tool's own account
	end     int    // last line
	touches []span // where else the tool says it runs through
	here    bool   // its file and its line are there
}

// span is lines of a file; a zero first is the whole file.
type span struct {
	path        string
	first, last int
}

// inOrder sorts, so that the order in a file decides nothing, and drops what is
// told twice.
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
