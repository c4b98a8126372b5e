package main

import (
	"cmp"
	"debug/buildinfo"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// row is what came of one command.
type row struct {
	scanner
	reported, facts, ours int
	missing               []fact
	only                  []report.Finding
}

// row matches what a command found with what the gate did.
func (r *repository) row(s scanner, facts []fact) row {
	out := row{scanner: s, facts: len(facts)}
	matched := make([]bool, len(r.ours))
	for _, f := range facts {
		out.reported += f.times
		found := false
		for i, o := range r.ours {
			if slices.Contains(o.Tools, s.name) && s.same(f, o) {
				found, matched[i] = true, true
			}
		}
		if !found {
			out.missing = append(out.missing, f)
		}
	}
	slices.SortFunc(out.missing, func(a, b fact) int { // gitleaks has no order
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.line, b.line), cmp.Compare(a.rule, b.rule))
	})
	for i, o := range r.ours {
		if slices.Contains(o.Tools, s.name) {
			out.ours++
			if !matched[i] {
				out.only = append(out.only, o)
			}
		}
	}
	return out
}

// print writes the table of a repository, and why something is missing.
func print(out io.Writer, r *repository, rows []row) error {
	b := &strings.Builder{}
	what := ""
	if r.treeOnly {
		what = ", tree only"
	}
	fmt.Fprintf(b, "\n## %s at %.7s%s\n\n", r.name, r.commit, what)
	b.WriteString("| command | upstream findings | distinct facts | ours | missing in ours | only ours |\n|---|--:|--:|--:|--:|--:|\n")
	missing := [][3]string{}
	lost := 0
	for _, row := range rows {
		fmt.Fprintf(b, "| %s | %d | %d | %d | %d | %d |\n", row.title, row.reported, row.facts, row.ours, len(row.missing), len(row.only))
		for _, f := range row.missing {
			d, ok := r.explain(row.name, f)
			if !ok {
				lost++
			}
			missing = append(missing, [3]string{row.title, f.String(), cmp.Or(d.id, "**lost**")})
		}
	}
	if len(missing) > 0 {
		b.WriteString("\n| command | missing in ours | difference |\n|---|---|---|\n")
		for _, m := range missing {
			fmt.Fprintf(b, "| %s | %s | %s |\n", m[0], m[1], m[2])
		}
	}
	r.extras(b, rows)
	b.WriteString("\n| the gate looked at | | not checked |\n|---|---|---|\n")
	for _, c := range r.checks {
		note := strings.ReplaceAll(strings.TrimPrefix(c.Note, "not checked: "), r.databases, "DIR")
		fmt.Fprintf(b, "| %s | %s | %s |\n", c.Name, cell(c.Result), cell(note))
	}
	if _, err := io.WriteString(out, b.String()); err != nil {
		return err
	}
	if lost > 0 {
		return fmt.Errorf("%w: %d", errMissing, lost)
	}
	return nil
}

// extras writes why the gate has more, and how much of each rule.
func (r *repository) extras(b *strings.Builder, rows []row) {
	type why struct{ title, gain string }
	rules := map[why]map[string]int{}
	var order []why
	for _, row := range rows {
		for _, o := range row.only {
			w := why{row.title, r.gained(row.name, o)}
			if rules[w] == nil {
				rules[w] = map[string]int{}
				order = append(order, w)
			}
			rule := o.Rule
			if o.Package != "" {
				rule = strings.Split(o.Package, "@")[0]
			}
			rules[w][rule]++
		}
	}
	if len(order) == 0 {
		return
	}
	b.WriteString("\n| command | only ours | difference |\n|---|---|---|\n")
	for _, w := range order {
		var parts []string
		sum := 0
		for _, rule := range slices.Sorted(maps.Keys(rules[w])) {
			parts = append(parts, fmt.Sprintf("%d %s", rules[w][rule], rule))
			sum += rules[w][rule]
		}
		if len(parts) > 12 {
			parts = []string{fmt.Sprintf("%d of %d rules", sum, len(parts))}
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", w.title, strings.Join(parts, ", "), w.gain)
	}
}

// String names the fact, and nothing that a file holds.
func (f fact) String() string {
	at := report.Location{Path: f.path, Line: f.line}.String()
	if i := slices.IndexFunc(f.commits, func(c string) bool { return c != "" }); i >= 0 {
		at += fmt.Sprintf(" in %.7s", f.commits[i])
	}
	return "`" + cell(strings.Join(strings.Fields(f.rule+" "+f.pkg+" "+at), " ")) + "`"
}

func cell(s string) string { return strings.ReplaceAll(oneLine(s), "|", "\\|") }

// versions writes which programs are compared.
func versions(out io.Writer, upstream, gate string) error {
	fmt.Fprint(out, "| | upstream | linked into the gate |\n|---|---|---|\n")
	linked, err := modules(gate)
	if err != nil {
		return err
	}
	for _, m := range [][2]string{
		{"gitleaks", "github.com/zricethezav/gitleaks/v8"}, {"osv-scanner", "github.com/google/osv-scanner/v2"},
		{"trivy", "github.com/aquasecurity/trivy"}, {"actionlint", "github.com/rhysd/actionlint"},
	} {
		theirs, err := modules(filepath.Join(upstream, m[0]))
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "| %s | %s | %s |\n", m[0], theirs[m[1]], linked[m[1]])
	}
	return nil
}

// modules are the versions that a binary is built of.
func modules(name string) (map[string]string, error) {
	info, err := buildinfo.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("cannot read the versions in %s: %w", filepath.Base(name), err)
	}
	out := map[string]string{info.Main.Path: info.Main.Version}
	for _, m := range info.Deps {
		out[m.Path] = m.Version
	}
	return out, nil
}
