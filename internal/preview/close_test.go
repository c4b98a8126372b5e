package preview

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/github"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// TestClosedMeanwhile proves GP-PREV-6: whenever a pull request closes, the run for
// it leaves nothing, says so, and does not fail. With the close event's own run and
// without it.
func TestClosedMeanwhile(t *testing.T) {
	t.Parallel()
	for name, arrange := range map[string]func(b *bench, closes func()){
		"before up": func(_ *bench, closes func()) { closes() },
		"between the question and the promise": func(b *bench, closes func()) {
			b.target.Refuse = func(target.Deployment) error { closes(); return nil }
		},
		"between the promise and the deploy": func(b *bench, closes func()) {
			b.target.Before = func(context.Context, target.Deployment) error { closes(); return nil }
		},
		"long before the deploy goes on": func(b *bench, closes func()) {
			b.target.Before = func(context.Context, target.Deployment) error { closes(); b.clock.Add(time.Minute); return nil }
		},
		"during the deploy": func(b *bench, closes func()) {
			b.target.During = func(context.Context, target.Deployment) error { closes(); b.clock.Add(time.Minute); return nil }
		},
		"just before the deploy ends": func(b *bench, closes func()) {
			b.target.During = func(context.Context, target.Deployment) error { closes(); return nil }
		},
		"while the deploy fails": func(b *bench, closes func()) {
			b.target.During = func(context.Context, target.Deployment) error {
				closes()
				return &target.Failure{What: "deployment/shop: its namespace is gone"}
			}
		},
		"during the seed": func(b *bench, closes func()) {
			b.Say = func(p target.Phase) {
				if p.Name == "seed" {
					closes()
				}
			}
		},
	} {
		for _, event := range []bool{false, true} {
			title := "GP-PREV-6 close " + name
			if event {
				title += ", with down"
			}
			t.Run(title, func(t *testing.T) {
				b := newBench(t)
				arrange(b, func() {
					b.close(12)
					if event {
						b.down(nil)
					}
				})
				o := b.options(0)
				r, err := Up(t.Context(), b.Deps, o)
				if name == "long before the deploy goes on" && b.deployed() != 0 {
					t.Error("it was deployed first")
				}
				if report.ExitCode(r, err) != report.ExitOK || r.Verdict != report.Skip || r.Output("url") != "" {
					t.Errorf("report %+v, error %v", r, err)
				}
				b.nothing()
			})
		}
	}
}

// TestClosedAtTheEnd proves GP-PREV-5 for a close after the last question: the close
// event's run removes what has just been made, and nothing brings it back.
func TestClosedAtTheEnd(t *testing.T) {
	b := newBench(t)
	pulls := b.PullRequests
	b.PullRequests = asking{pulls, func(n int) {
		if n == 2 { // the last
			b.close(12)
			b.PullRequests = pulls
			b.down(nil)
		}
	}, new(int)}
	r := b.up(b.of(12, 0))
	if r.Verdict != report.Skip || r.Reason != "pull-request-closed" {
		t.Errorf("%s %s: %s", r.Verdict, r.Reason, r.Title)
	}
	b.nothing()
}

// asking calls after with the number of the question, once it is answered.
type asking struct {
	PullRequests
	after func(int)
	n     *int
}

func (a asking) PullRequest(ctx context.Context, number int) (p github.PullRequest, err error) {
	p, err = a.PullRequests.PullRequest(ctx, number)
	*a.n++
	a.after(*a.n)
	return p, err
}

// TestHeadMoved proves GP-PREV-6: the run of a commit that is not the head changes
// nothing more, whenever it finds out.
func TestHeadMoved(t *testing.T) {
	t.Parallel()
	for name, arrange := range map[string]func(b *bench, push func()){
		"before up": func(_ *bench, push func()) { push() },
		"before the deploy": func(b *bench, push func()) {
			b.target.Before = func(context.Context, target.Deployment) error { push(); b.clock.Add(time.Minute); return nil }
		},
		"during the deploy": func(b *bench, push func()) {
			b.target.During = func(context.Context, target.Deployment) error { push(); return nil }
		},
	} {
		t.Run("GP-PREV-6 push "+name, func(t *testing.T) {
			b := newBench(t)
			arrange(b, func() { b.pull(12, 1) })
			r := b.up(b.options(0))
			if r.Verdict != report.Skip || r.Reason != "head-moved" || !strings.Contains(r.Title, "is now 2222222, not 1111111") {
				t.Errorf("%s %s: %s", r.Verdict, r.Reason, r.Title)
			}
			if name != "during the deploy" && b.deployed() != 0 {
				t.Error("it was deployed first")
			}
			b.target.Before, b.target.During = nil, nil
			if r := b.up(b.options(1)); r.Reason != "ready" || b.there()["pr-12"] != commit(1) {
				t.Errorf("the run of the head: %s: %s", r.Reason, r.Title)
			}
		})
	}
}

// TestSlowerThanThePush proves GP-PREV-6 for a run that asked before a push and
// promises after the run of that push did: it does not take over.
func TestSlowerThanThePush(t *testing.T) {
	b := newBench(t)
	plan := 0
	b.target.Refuse = func(target.Deployment) error {
		if plan++; plan == 1 {
			b.pull(12, 1)
			b.target.Before = func(context.Context, target.Deployment) error { panic(killed{}) }
			b.kill(b.of(12, 1)) // the later run is under way
			b.target.Before = nil
		}
		return nil
	}
	if r := b.up(b.of(12, 0)); r.Reason != "head-moved" {
		t.Errorf("%s: %s", r.Reason, r.Title)
	}
	if r := b.records()["pr-12"]; r.Revision != 1 || r.Commit != commit(1) {
		t.Errorf("record %+v", r)
	}
}

// TestGitHubIsAway proves GP-PREV-6: nothing is raised nor removed for a pull request
// of which nothing is known.
func TestGitHubIsAway(t *testing.T) {
	b := newBench(t)
	b.outage()
	if r, err := Up(t.Context(), b.Deps, b.options(0)); report.ExitCode(r, err) != report.ExitFailure || !strings.Contains(err.Error(), "only if its pull request is known to be open") {
		t.Errorf("up: %+v, %v", r, err)
	}
	b.nothing()
	b.github.Break(nil)
	b.up(b.options(0))
	b.outage()
	if r, err := Down(t.Context(), b.Deps, DownOptions{Policy: b.policy, Name: "pr-12", PullRequest: 12}); report.ExitCode(r, err) != report.ExitFailure || len(b.there()) != 1 {
		t.Errorf("down: %+v, %v", r, err)
	}
}

// TestNoSuchPullRequest proves GP-PREV-6 for a number that GitHub does not know.
func TestNoSuchPullRequest(t *testing.T) {
	b := newBench(t)
	if r := b.up(b.of(99, 0)); r.Verdict != report.Skip || r.Reason != "pull-request-closed" {
		t.Errorf("%s %s", r.Verdict, r.Reason)
	}
	b.nothing()
}

// TestRemovalFails proves GP-PREV-5: what could not be removed is reported, stays known,
// and is removed by the next call.
func TestRemovalFails(t *testing.T) {
	b := newBench(t)
	b.target.During = func(context.Context, target.Deployment) error { b.close(12); return nil }
	stuck := errors.New("namespace shop-pr-12: held by the finalizer example.com/volume")
	b.target.BeforeDown = func(string) error { return stuck }
	if _, err := Up(t.Context(), b.Deps, b.options(0)); !errors.Is(err, stuck) || !strings.Contains(err.Error(), "its deployment could not be removed") {
		t.Errorf("up: %v", err)
	}
	if _, err := Down(t.Context(), b.Deps, DownOptions{Policy: b.policy, Name: "pr-12", PullRequest: 12}); !errors.Is(err, stuck) || len(b.records()) != 1 {
		t.Errorf("down: %v, %v", err, b.records())
	}
	b.target.BeforeDown = nil
	if r := b.down(nil); r.Reason != "removed" {
		t.Errorf("%s", r.Reason)
	}
	b.nothing()
}
