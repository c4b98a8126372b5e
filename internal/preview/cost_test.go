package preview

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/preview/budget"
)

// many has the ledger promise so many previews, of open pull requests.
func (b *bench) many(n int) {
	b.t.Helper()
	err := b.Ledger.Update(b.t.Context(), "many", func(_ context.Context, tx *ledger.Tx) error {
		for i := range n {
			r := record{
				App: b.policy.App, Repository: b.policy.Repository,
				Name: fmt.Sprintf("pr-%d", 10_000+i), PullRequest: 10_000 + i, Owner: fmt.Sprintf("dev-%d", i%50), Commit: commit(0), Digest: b.digests[0],
				Phase: deploying, Revision: 1, Created: noon, Updated: noon, Due: noon.Add(time.Hour), Expires: noon.Add(time.Hour), Costs: budget.Costs{{From: noon, PerHour: 0.01}},
			}
			if err := writeRecord(tx, r); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
	for i := range n {
		b.pull(10_000+i, 0)
	}
}

// counted returns how many git processes a call starts.
func counted(t *testing.T, call func()) int {
	t.Helper()
	real, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	if err := os.WriteFile(filepath.Join(dir, "git"), []byte(fmt.Sprintf("#!/bin/sh\necho >>'%s'\nexec '%s' \"$@\"\n", log, real)), 0o755); err != nil {
		t.Fatal(err)
	}
	before := os.Getenv("PATH")
	t.Setenv("PATH", dir+string(os.PathListSeparator)+before)
	call()
	t.Setenv("PATH", before)
	out, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(out), "\n")
}

// TestCostDoesNotGrow: up and sweep start as many processes with 2,000 previews as
// with a few, also where every one of them is extended.
func TestCostDoesNotGrow(t *testing.T) {
	counts := map[string][]int{}
	for _, n := range []int{5, 2000} {
		b := newBench(t)
		b.policy.PerDay = 1e6
		b.prices(1)
		b.many(n)
		counts["up"] = append(counts["up"], counted(t, func() { b.up(b.of(12, 0)) }))
		counts["up again"] = append(counts["up again"], counted(t, func() { b.up(b.of(12, 0)) }))
		counts["sweep"] = append(counts["sweep"], counted(t, func() { b.sweep() }))
		for i := range n {
			b.pull(10_000+i, 0, "preview-extend-2h")
		}
		counts["extend"] = append(counts["extend"], counted(t, func() { b.sweep() }))
		if r := b.records()["pr-10003"]; !r.Expires.Equal(noon.Add(3 * time.Hour)) {
			t.Errorf("record %+v", r)
		}
	}
	t.Log(counts)
	for what, c := range counts {
		if c[0] != c[1] || c[0] == 0 {
			t.Errorf("%s: %d processes with 5 previews, %d with 2,000", what, c[0], c[1])
		}
	}
}

func BenchmarkUpAmong5000(b *testing.B) {
	h := newBench(b)
	h.policy.PerDay = 1e6
	h.many(5000)
	for b.Loop() {
		h.up(h.of(12, 0))
	}
}

func BenchmarkSweepOf5000(b *testing.B) {
	h := newBench(b)
	h.policy.PerDay = 1e6
	h.many(5000)
	for b.Loop() {
		h.sweep()
	}
}
