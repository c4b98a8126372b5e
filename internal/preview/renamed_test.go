package preview

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// elsewhere finds nothing, as a cluster does by the names of another repository.
type elsewhere struct{ Target }

func (elsewhere) Status(context.Context, string) (target.Running, error) {
	return target.Running{}, target.ErrNotDeployed
}

func (elsewhere) List(context.Context) iter.Seq2[target.Running, error] {
	return func(func(target.Running, error) bool) {}
}

// TestRenamed proves GP-PREV-5: a preview of before the repository or the app was
// renamed is never taken for gone, nor raised a second time beside itself.
func TestRenamed(t *testing.T) {
	t.Parallel()
	for name, rename := range map[string]func(*Policy){
		"repository":    func(p *Policy) { p.Repository = "acme/store" },
		"app":           func(p *Policy) { p.App = "store" },
		"no GitHub yet": func(p *Policy) { p.Repository = "" },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.raise(12, 0)
			before := b.Deps
			b.Target = elsewhere{b.target}
			o, policy := b.of(12, 1), b.policy
			rename(&policy)
			o.Policy = policy
			b.pull(12, 1)
			var usage *report.UsageError
			if _, err := Up(t.Context(), b.Deps, o); !errors.As(err, &usage) || !strings.Contains(err.Error(), `pr-12 was deployed for app shop of repository "acme/shop"`) {
				t.Errorf("up: %v", err)
			}
			b.close(12)
			if r, err := Down(t.Context(), b.Deps, DownOptions{Policy: policy, Name: "pr-12", PullRequest: 12}); !errors.As(err, &usage) {
				t.Errorf("down: %+v, %v", r, err)
			}
			b.clock.Add(2 * time.Hour)
			if r, err := Sweep(t.Context(), b.Deps, SweepOptions{Policy: policy}); err == nil || fates(t, r)["pr-12"] != "error" {
				t.Errorf("sweep: %v, %v", fates(t, r), err)
			}
			if len(b.records()) != 1 {
				t.Errorf("the ledger knows %v", b.records())
			}
			b.Deps = before
			b.down(nil)
			b.nothing()
		})
	}
}
