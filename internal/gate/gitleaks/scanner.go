// Package gitleaks finds secrets with gitleaks, in the files of the tree and in the
// lines that commits added.
package gitleaks

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/seed-b235b314/goldenpath/internal/gate"
)

// Scanner finds secrets with the default rules of gitleaks. Nothing in the repository
// can loosen the rules: .gitleaks.toml, .gitleaksignore and gitleaks:allow comments are
// ignored. A waiver belongs in the waiver file.
type Scanner struct {
	once     sync.Once
	detector *detector
	err      error

	mu     sync.Mutex
	values map[string]bool // the secrets that were found
}

// rules loads the rules on first use.
func (s *Scanner) rules() (*detector, error) {
	s.once.Do(func() { s.detector, s.err = newDetector(context.Background()) })
	return s.detector, s.err
}

// Redact returns the text without the secrets that the rules recognise. It is applied
// to messages of other scanners, which may quote a file.
func (s *Scanner) Redact(text string) string {
	d, err := s.rules()
	if err != nil { // Scan returns it
		return "(not shown: the rules that recognise secrets cannot be loaded)"
	}
	if len(text) < 16 { // no rule matches a shorter secret
		return text
	}
	whole := text
	d.look(context.Background(), piece{text: text, line: 1}, func(hit secret) {
		if strings.Contains(whole, hit.value) {
			text = strings.ReplaceAll(text, hit.value, "(secret)")
		} else { // the secret is encoded: base64, hex or percent signs
			text = code.ReplaceAllString(text, "(secret)")
		}
	})
	return text
}

// code matches text that may be an encoded secret.
var code = regexp.MustCompile(`[A-Za-z0-9+/_=%\\-]{16,}`)

// Conceal is like Redact, and also removes the secrets that this scan found. The rules
// recognise some secrets only by the words around them, which a quotation may leave
// out.
func (s *Scanner) Conceal(text string) string {
	s.mu.Lock()
	values := slices.SortedFunc(maps.Keys(s.values), func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	s.mu.Unlock()
	for _, v := range values {
		text = strings.ReplaceAll(text, v, "(secret)")
	}
	return s.Redact(text)
}

// remember keeps the secrets that were found, for Conceal.
func (s *Scanner) remember(hits []secret) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.values == nil {
		s.values = map[string]bool{}
	}
	for _, hit := range hits {
		if len(hit.value) >= 8 {
			s.values[hit.value] = true
		}
	}
}

// Name is "gitleaks".
func (*Scanner) Name() string { return "gitleaks" }

// Kind is "secrets".
func (*Scanner) Kind() string { return "secrets" }

// Version is the version of the linked library.
func (*Scanner) Version() string { return gate.ModuleVersion("github.com/zricethezav/gitleaks/v8") }

// Select returns the changed files, because each file is examined on its own.
func (*Scanner) Select(files []gate.File, changed gate.Changes) ([]gate.File, bool) {
	var out []gate.File
	for _, f := range files {
		if changed.Has(f.Path) && !f.Link { // the target is a file of its own
			out = append(out, f)
		}
	}
	return out, true // commits may have added a secret and removed it again
}

// Scan examines every file of in.Files and every line that the commits in.Base..in.Head
// added; without a base, it examines all commits up to in.Head. A secret in both a file
// and the history is reported once, in the file.
func (s *Scanner) Scan(ctx context.Context, in gate.Input) (gate.Result, error) {
	d, err := s.rules()
	if err != nil {
		return gate.Result{}, fmt.Errorf("cannot load the rules of gitleaks: %w", err)
	}
	sc := &scan{in: in, detector: d, counts: newCounts(), kept: newKept(in.Databases, in.Exclude)}
	if err := sc.read(ctx); err != nil {
		return gate.Result{}, fmt.Errorf("cannot scan files for secrets: %w", err)
	}
	group, both := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := sc.tree(both); err != nil {
			return fmt.Errorf("cannot scan files for secrets: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		if err := sc.history(both); err != nil {
			sc.miss(gate.Gap{What: "git history", Why: err.Error(), Remedy: repair}) // the files are examined all the same
		}
		return both.Err()
	})
	err = group.Wait()
	s.remember(sc.found.hits)
	if err != nil {
		return gate.Result{}, err
	}
	// The detector stops silently at a deadline.
	if err := ctx.Err(); err != nil {
		return gate.Result{}, fmt.Errorf("cannot scan for secrets: %w", err)
	}
	if sc.passes != nil {
		sc.kept.save(sc.passes, sc.found.inTree())
	}
	return gate.Result{Findings: sc.found.findings(), Covered: sc.covered(), Missing: append(sc.missing, sc.elsewhere()...), SetAside: slices.Sorted(maps.Keys(sc.counts.values))}, nil
}

// scan is the state of one run.
type scan struct {
	counts
	in       gate.Input
	detector *detector
	found    found
	kept     *kept
	outer    *scan                   // that this one is a part of; nil: none
	text     string                  // id of the text that it examines, for outer.kept; "": none
	passes   func(commit string) int // how many passes examine a commit; nil: the history was not examined completely
}
