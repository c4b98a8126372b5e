package release

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// injected is the id of a release that was added to the ledger by hand.
const injected = "2026.11.20-1"

// inject adds a release of a digest to the branch, as anyone can who may push it,
// and makes it the one before the current release.
func (b *bench) inject(digest string, change func(*ledger.Entry)) {
	b.t.Helper()
	e := ledger.Entry{
		Schema: "goldenpath.ledger/v1", ID: injected, Kind: ledger.KindRelease, App: "shop", Environment: "production",
		Digest: digest, Time: noon, By: "the workflow", Verdict: "pass", Target: testTarget,
	}
	if a, err := b.repository.Resolve(b.t.Context(), digest, v1.Platform{}); err == nil {
		e.Commit, e.PlatformDigest = a.Commit(), a.PlatformDigest
	}
	err := b.Ledger.Update(b.t.Context(), "innocent", func(ctx context.Context, tx *ledger.Tx) error {
		now, err := tx.Current(ctx, "production")
		if err != nil {
			return err
		}
		e.Previous, now.Previous = now.Previous, e.ID
		if change != nil {
			change(&e)
		}
		soak := e
		soak.Kind = ledger.KindSoak
		for name, entry := range map[string]ledger.Entry{
			"current/production.json":                                  now,
			"entries/production/2026/11/" + injected + ".release.json": e,
			"entries/production/2026/11/" + injected + ".soak.json":    soak,
		} {
			j, err := json.Marshal(entry)
			if err != nil {
				return err
			}
			tx.Write(name, j)
		}
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// prod is a rollback of production with the evidence that a promotion needs.
func (b *bench) prod(to string) RollbackOptions {
	return RollbackOptions{Options: b.production(""), To: to, Reason: "slow today"}
}

// TestRollbackOfAForgedLedger: an entry on the ledger's branch is not proof. Each
// case used to bring the injected digest into production.
func TestRollbackOfAForgedLedger(t *testing.T) {
	const unsigned, proven = 2, 1
	for name, test := range map[string]struct {
		digest int
		change func(*bench, *ledger.Entry)
		reason string
		text   string
	}{
		"an image without evidence": {unsigned, nil, "evidence-missing", "provenance, security-gate, battery on staging"},
		"an image without evidence, under another commit": {unsigned, func(b *bench, e *ledger.Entry) {
			e.Commit = strings.Repeat("o", 40)
		}, "ledger-mismatch", "the commit is"},
		"another commit": {proven, func(_ *bench, e *ledger.Entry) { e.Commit = strings.Repeat("f", 40) }, "ledger-mismatch", "the commit is"},
		"no commit":      {proven, func(_ *bench, e *ledger.Entry) { e.Commit = "" }, "ledger-mismatch", "the commit is"},
		"another platform": {proven, func(_ *bench, e *ledger.Entry) {
			e.PlatformDigest = "sha256:" + strings.Repeat("0", 64)
		}, "ledger-mismatch", "has no manifest"},
		"another app": {proven, func(_ *bench, e *ledger.Entry) { e.App = "till" }, "ledger-mismatch", "is about till"},
		"a tag": {proven, func(b *bench, e *ledger.Entry) {
			if err := b.repository.Tag(b.t.Context(), e.Digest, "latest"); err != nil {
				b.t.Fatal(err)
			}
			e.Digest = "latest"
		}, "ledger-mismatch", "which is not a digest"},
		"a digest that is not in the registry": {proven, func(_ *bench, e *ledger.Entry) {
			e.Digest = "sha256:" + strings.Repeat("0", 64)
		}, "not-pullable", "cannot be pulled any more"},
		"evidence of the old key": {proven, func(b *bench, _ *ledger.Entry) {
			b.Trust = evidence.Trust(b.newKey())
		}, "evidence-missing", "no trusted evidence"},
		"evidence that has failed since": {proven, func(b *bench, e *ledger.Entry) {
			b.prove(b.key, e.Digest, evidence.Gate, map[string]any{"verdict": "fail"})
		}, "evidence-failed", "security-gate"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.stage(b.artifacts[proven])
			b.release(b.artifacts[0])
			b.inject(b.artifacts[test.digest], func(e *ledger.Entry) {
				if test.change != nil {
					test.change(b, e)
				}
			})
			tip := b.tip()
			for _, to := range []string{"", injected} {
				r := must(Rollback(t.Context(), b.Deps, b.prod(to)))(t)
				b.want(r, report.Fail, test.reason)
				if !strings.Contains(r.Title, test.text) || report.Worst(r.Checks) != report.Fail {
					t.Errorf("to %q: title %q, want %q; rows %+v", to, r.Title, test.text, r.Checks)
				}
			}
			if b.tip() != tip || b.runs() != "one" {
				t.Errorf("something was changed: production runs %s", b.runs())
			}
		})
	}
}

// An entry that was injected but is true, and whose image is proven, is a release
// like any other: nothing is gained by it.
func TestRollbackToAProvenRelease(t *testing.T) {
	b := newBench(t)
	b.release(b.artifacts[0])
	b.release(b.artifacts[1])
	r := must(Rollback(t.Context(), b.Deps, b.prod("")))(t)
	b.want(r, report.Pass, "rolled-back")
	var rows []string
	for _, c := range r.Checks {
		rows = append(rows, c.Name+" "+string(c.State))
	}
	if diff := cmp.Diff([]string{"target pass", "from pass", "to pass", "entry pass", "evidence pass", "rollback pass"}, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	m := b.manifest()
	if b.runs() != "one" || len(m.Evidence) != 3 {
		t.Errorf("production runs %s, evidence %v", b.runs(), m.Evidence)
	}
}

// TestBreachWithAForgedLedger: the automatic rollback asks the same questions. It
// goes past what is not proven.
func TestBreachWithAForgedLedger(t *testing.T) {
	for name, test := range map[string]struct{ digest, reason string }{
		"to the release before it":      {"", "evidence-missing"},
		"what is named is not a digest": {"sha256:zz", "ledger-mismatch"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.release(b.artifacts[0])
			b.stage(b.artifacts[1])
			b.inject(b.artifacts[2], func(e *ledger.Entry) {
				e.Previous = "2026.11.21-1"
				if test.digest != "" {
					e.Digest = test.digest
				}
			})
			// The injected release is the current one: the next promotion replaces it.
			b.current(injected)
			b.probed = always(bad)
			r := must(Promote(t.Context(), b.Deps, b.production(b.artifacts[1])))(t)
			b.want(r, report.Fail, "slo-breach")
			if b.runs() != "one" || r.Output("rollback") == "" {
				t.Errorf("production runs %s, outputs %v", b.runs(), r.Outputs)
			}
			if got := b.rows(r, "rollback"); len(got) != 2 || !strings.Contains(got[0], "not to "+injected+": "+test.reason) {
				t.Errorf("rows %q", got)
			}
		})
	}
	t.Run("there is no other", func(t *testing.T) {
		b := newBench(t)
		b.release(b.artifacts[0])
		b.stage(b.artifacts[1])
		b.inject(b.artifacts[2], nil)
		b.current(injected)
		b.probed = always(bad)
		r := must(Promote(t.Context(), b.Deps, b.production(b.artifacts[1])))(t)
		b.want(r, report.Fail, "slo-breach-no-proven-release")
		if !strings.Contains(r.Title, "was NOT rolled back") || r.Output("rollback") != "" {
			t.Errorf("title %q, outputs %v", r.Title, r.Outputs)
		}
		if diff := cmp.Diff([]string{"one", "two"}, b.deployed()); diff != "" || b.runs() != "two" {
			t.Errorf("deployed (-want +got):\n%s", diff)
		}
		b.unlocked()
		// A second call tries again, and still finds nothing.
		b.want(must(Watch(t.Context(), b.Deps, b.production(b.artifacts[1])))(t), report.Fail, "slo-breach-no-proven-release")
	})
}

// current makes an entry the current release of production, by hand.
func (b *bench) current(id string) {
	b.t.Helper()
	err := b.Ledger.Update(b.t.Context(), "innocent", func(ctx context.Context, tx *ledger.Tx) error {
		e, err := tx.Find(ctx, "production", id, "")
		if err != nil {
			return err
		}
		j, err := json.Marshal(e)
		tx.Write("current/production.json", j)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// manifest is that of the current release of production.
func (b *bench) manifest() Manifest {
	b.t.Helper()
	var m Manifest
	err := b.Ledger.View(b.t.Context(), func(ctx context.Context, tx *ledger.Tx) error {
		e, err := tx.Current(ctx, "production")
		if err == nil {
			m, err = manifestOf(e)
		}
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return m
}

// rows lists the results of the rows with a name.
func (b *bench) rows(r *report.Report, name string) (all []string) {
	for _, c := range r.Checks {
		if c.Name == name {
			all = append(all, c.Result)
		}
	}
	return all
}

func (b *bench) newKey() *evidence.Key {
	b.t.Helper()
	k, err := evidence.OpenKey(b.t.TempDir())
	if err != nil {
		b.t.Fatal(err)
	}
	return k
}
