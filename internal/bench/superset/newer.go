package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
)

// differ writes what the newer commands find in the repository and the ones in use do
// not, and the reverse. It is read before a scanner is upgraded in go.mod.
func (r *repository) differ(ctx context.Context, newer string, before [][]fact, out io.Writer) error {
	after := *r
	after.upstream = newer
	b := &strings.Builder{}
	for i, s := range scanners() {
		found, err := s.facts(ctx, &after)
		if err != nil {
			return fmt.Errorf("cannot run the newer %s: %w", s.title, err)
		}
		for _, f := range without(found, before[i]) {
			fmt.Fprintf(b, "| %s | %s | gained |\n", s.title, f)
		}
		for _, f := range without(before[i], found) {
			fmt.Fprintf(b, "| %s | %s | lost |\n", s.title, f)
		}
	}
	if b.Len() == 0 {
		_, err := fmt.Fprintf(out, "\nThe newer commands report the same in %s.\n", r.name)
		return err
	}
	_, err := fmt.Fprintf(out, "\n| command | fact in %s | with the newer version |\n|---|---|---|\n%s", cell(r.name), b)
	return err
}

// without returns the facts that are not among the others. A vulnerability under another
// of its names and a secret in another commit are the same fact.
func without(facts, others []fact) []fact {
	return slices.DeleteFunc(slices.Clone(facts), func(f fact) bool {
		return slices.ContainsFunc(others, f.equal)
	})
}

func (f fact) equal(o fact) bool {
	if f.path != o.path || f.line != o.line || f.column != o.column || f.pkg != o.pkg || f.message != o.message {
		return false
	}
	if len(f.marks) > 0 || len(o.marks) > 0 {
		return f.rule == o.rule && common(f.marks, o.marks)
	}
	return f.rule == o.rule || common(f.names, o.names)
}

func common(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}
