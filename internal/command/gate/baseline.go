package gate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"github.com/dustin/go-humanize/english"

	"github.com/seed-b235b314/goldenpath/internal/command"
	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// Baseline is `security-gate baseline`.
type Baseline struct {
	Source
	command.Output
}

// Help is shown by --help.
func (Baseline) Help() string {
	return `Writes the findings that the checkout has to .goldenpath/baseline.json. They are then known: shown and counted, but they do not block. Secrets in the files and vulnerabilities that are known to be exploited are left out, because they always block. The file contains rules, paths and fingerprints, and no secret. goldenpath run needs no such file: its first run takes the findings as they are. Commit the file: on GitHub the baseline of the base branch applies, and of a push the one before it.`
}

// Do writes the baseline.
func (c *Baseline) Do(ctx context.Context, env *command.Env) (*report.Report, error) {
	start := env.Now()
	found, _, incomplete, err := c.findings(ctx, env)
	if err != nil {
		return nil, err
	}
	file := path.Join(c.folder, gate.BaselineFile)
	entries, refused := gate.NewBaseline(found.Findings)
	total := 0
	for _, e := range entries {
		total += e.Count
	}
	var b bytes.Buffer
	if err := gate.WriteBaseline(&b, entries); err != nil {
		return nil, err
	}
	rep := &report.Report{
		Name: "baseline", Commit: found.Commit, Verdict: report.Pass, Reason: report.ReasonBaselineWritten, Started: start.UTC(),
		Title: fmt.Sprintf("%s accepted in %s: commit it", english.Plural(total, "finding is", "findings are"), file),
	}
	old, err := os.ReadFile(filepath.Join(c.Dir, file))
	switch {
	case err == nil && bytes.Equal(old, b.Bytes()):
		rep.Reason, rep.Title = report.ReasonUnchanged, fmt.Sprintf("%s is unchanged: %s accepted", file, english.Plural(total, "finding is", "findings are"))
	case err != nil && !errors.Is(err, os.ErrNotExist):
		return nil, err
	default:
		if err := write(c.Dir, file, b.Bytes()); err != nil {
			return nil, err
		}
	}
	rep.Checks = append(rules(found.Findings, entries), leftOut(refused)...)
	if incomplete != nil {
		rep.Checks = append(rep.Checks, incompleteRow(incomplete))
	}
	if len(refused) > 0 || incomplete != nil {
		rep.Verdict = report.Warn
	}
	rep.Seconds = env.Now().Sub(start).Seconds()
	return rep, nil
}

// rules returns a row for each accepted rule.
func rules(findings []report.Finding, entries []gate.Accepted) []report.Check {
	accepted := map[string]bool{}
	for _, e := range entries {
		accepted[e.Fingerprint] = true
	}
	var rows []report.Check
	index := map[string]int{}
	counts := map[string]int{}
	for _, f := range findings {
		if !accepted[gate.ID(f)] || f.Status == report.Waived {
			continue
		}
		if _, ok := index[f.Rule]; !ok {
			index[f.Rule] = len(rows)
			rows = append(rows, report.Check{Name: f.Rule, State: report.OK, Note: f.Message})
		}
		counts[f.Rule]++
		rows[index[f.Rule]].Result = fmt.Sprintf("%s, %s", english.Plural(counts[f.Rule], "finding", ""), f.Severity)
	}
	return rows
}

// leftOut returns a row for each finding that no baseline accepts.
func leftOut(refused []report.Finding) []report.Check {
	var rows []report.Check
	for _, f := range refused {
		c := report.Check{Name: f.Rule, State: report.Warned, Result: "not accepted: a secret in " + f.At.String(), Note: "revoke and rotate it"}
		if f.Secret == "" {
			c.Result, c.Note = "not accepted: known to be exploited since "+f.Exploited, f.Fix
		}
		rows = append(rows, c)
	}
	return rows
}
