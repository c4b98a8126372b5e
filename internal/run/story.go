package run

import (
	"context"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

const (
	maxChanges = 20 // commits that a page lists
	maxLogs    = 50
)

// story describes the commit of the run and what changed since the release before it. It
// is for people: what cannot be read is left out.
func (x *execution) story(ctx context.Context, end report.End) report.Story {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	s := report.Story{Message: x.Job.Commit.Title, Branch: x.Job.Commit.Branch, Logs: x.logs()}
	if own := x.changes(ctx, "--no-walk", x.Job.Commit.ID); len(own) == 1 {
		s.Author = own[0].Author
	}
	release, since := x.before(ctx, end)
	if since == "" || since == x.Job.Commit.ID {
		return s
	}
	s.Since = release
	s.Changes = x.changes(ctx, "--max-count="+strconv.Itoa(maxChanges), since+".."+x.Job.Commit.ID)
	if len(s.Changes) == maxChanges {
		if out, err := x.Options.Repo.Run(ctx, "rev-list", "--count", since+".."+x.Job.Commit.ID, "--"); err == nil {
			if n, err := strconv.Atoi(strings.TrimSpace(out)); err == nil {
				s.More = max(0, n-maxChanges)
			}
		}
	}
	return s
}

// before returns the release that this run replaced, or if it replaced none, the release of
// the last environment, and its commit.
func (x *execution) before(ctx context.Context, end report.End) (release, commit string) {
	chain := x.Config.Chain()
	environment := chain[len(chain)-1]
	_ = x.Ledger.View(ctx, func(ctx context.Context, tx *ledger.Tx) (err error) {
		var e ledger.Entry
		if end.Replaced != "" {
			e, err = tx.Find(ctx, end.Environment, end.Replaced, "")
		}
		if end.Replaced == "" || err == nil && e.Commit == x.Job.Commit.ID { // this run's own release was rolled back
			e, err = tx.Current(ctx, environment)
		}
		if err == nil && isCommit(e.Commit) {
			release, commit = "release "+e.ID, e.Commit
		}
		return err
	})
	return release, commit
}

func isCommit(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdef") == ""
}

// changes lists commits, the newest first.
func (x *execution) changes(ctx context.Context, args ...string) []report.Change {
	out, err := x.Options.Repo.Run(ctx, append(append([]string{"log", "--format=%H%x00%an%x00%s"}, args...), "--")...)
	if err != nil {
		return nil
	}
	var all []report.Change
	for line := range strings.Lines(out) {
		if f := strings.SplitN(strings.TrimSuffix(line, "\n"), "\x00", 3); len(f) == 3 {
			all = append(all, report.Change{Commit: f[0], Author: f[1], Message: f[2]})
		}
	}
	return all
}

// logs lists the logs of the stages, which are in folders beside the summary.
func (x *execution) logs() []report.Log {
	found, _ := filepath.Glob(filepath.Join(x.Out, "*", "*.log")) // the pattern is valid
	slices.Sort(found)
	var all []report.Log
	for _, name := range found[:min(len(found), maxLogs)] {
		file, err := filepath.Rel(x.Out, name)
		if err != nil {
			continue
		}
		file = filepath.ToSlash(file)
		stage, _, _ := strings.Cut(file, "/")
		all = append(all, report.Log{Stage: stage, File: file})
	}
	return all
}
