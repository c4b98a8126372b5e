package release

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

// TestPromote proves GP-PROM-1, GP-PROM-4 and GP-PROM-6: staging, then the same
// digest in production, read back, recorded once with its manifest, and soaked.
func TestPromote(t *testing.T) {
	b := newBench(t)
	one := b.artifacts[0]
	b.stage(one)
	r := must(Promote(t.Context(), b.Deps, b.production(one)))(t)
	b.want(r, report.Pass, "soaked")
	if diff := cmp.Diff([]string{"1 release one pass", "1 soak one pass"}, b.history()); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
	var rows []string
	for _, c := range r.Checks {
		rows = append(rows, c.Name+" "+string(c.State))
	}
	if diff := cmp.Diff([]string{"target pass", "artifact pass", "staging pass", "replaces not-applicable", "evidence pass", "deployed pass", "release pass", "soak pass"}, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	running, err := b.target.Status(t.Context(), "production")
	if err != nil || running.Digest != one {
		t.Errorf("runs %+v, %v", running, err)
	}
	if r.Name != "promote" || r.Digest != one || r.Commit != strings.Repeat("o", 40) || r.Seconds <= 0 || r.Seconds > 60 {
		t.Errorf("report %+v", r)
	}
	for name, want := range map[string]string{"release": "2026.11.21-1", "url": running.URL, "digest": one} {
		if got := r.Output(name); got != want {
			t.Errorf("output %s = %q, want %q", name, got, want)
		}
	}
	want := Manifest{
		Version: "v1", Config: "sha256:c", Env: []string{"VOTE_LIMIT"}, From: "staging 2026.11.21-1", URL: running.URL,
		Evidence: []EvidenceLink{
			{"provenance", evidence.Provenance, "pass"}, {"security-gate", evidence.Gate, "warn"}, {"battery on staging", evidence.Battery, "pass"},
		},
	}
	var e ledger.Entry
	err = b.Ledger.View(t.Context(), func(ctx context.Context, tx *ledger.Tx) (err error) {
		e, err = tx.Current(ctx, "production")
		return err
	})
	var got Manifest
	if err = errors.Join(err, json.Unmarshal(e.Data, &got)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
	if e.PlatformDigest != running.PlatformDigest || e.By != b.By || e.Commit != r.Commit {
		t.Errorf("entry %+v", e)
	}
	// The report's data is the manifest, with what the soak measured beside it.
	j, err := json.Marshal(r.Data)
	var data struct {
		Version string
		Soak    Samples
	}
	if err = errors.Join(err, json.Unmarshal(j, &data)); err != nil || data.Version != "v1" || data.Soak.Taken < 5 {
		t.Errorf("data %s, %v", j, err)
	}
	b.unlocked()

	// The next release knows what it replaces.
	b.release(b.artifacts[1])
	if diff := cmp.Diff([]string{"1 release one pass", "1 soak one pass", "2 release two pass", "2 soak two pass"}, b.history()); diff != "" {
		t.Errorf("ledger (-want +got):\n%s", diff)
	}
}

// TestPromoteDryRun proves GP-PROM-3: the plan has the rows of the real run, and
// changes nothing.
func TestPromoteDryRun(t *testing.T) {
	b := newBench(t)
	b.release(b.artifacts[0])
	b.stage(b.artifacts[1])
	o := b.production(b.artifacts[1])
	o.DryRun = true
	tip, deployed := b.tip(), len(b.target.Deployed())
	plan := must(Promote(t.Context(), b.Deps, o))(t)
	b.want(plan, report.Pass, "planned")
	if b.tip() != tip || len(b.target.Deployed()) != deployed {
		t.Error("a dry run changed something")
	}
	o.DryRun = false
	real := must(Promote(t.Context(), b.Deps, o))(t)
	if diff := cmp.Diff(plan.Checks, real.Checks[:len(plan.Checks)]); diff != "" || len(plan.Checks) != 6 {
		t.Errorf("rows (-plan +run):\n%s", diff)
	}
	// What is refused is refused in the plan too.
	o = b.production(b.artifacts[2])
	o.DryRun = true
	b.want(must(Promote(t.Context(), b.Deps, o))(t), report.Fail, "not-staged")
}

// TestPromoteResumes proves GP-PROM-9: killed at any point and called again, a
// promotion goes on from what it finds.
func TestPromoteResumes(t *testing.T) {
	recorded := func(b *bench) ledger.Entry {
		b.deploy(b.artifacts[1])
		return b.put(ledger.Entry{Kind: ledger.KindRelease, Digest: b.artifacts[1], Previous: "2026.11.21-1", Verdict: "pass", Data: []byte(`{"version":"v1"}`)})
	}
	for name, test := range map[string]struct {
		killed   func(b *bench)
		verdict  report.Verdict
		reason   string
		history  []string
		deployed []string // by the call that resumes
	}{
		"after the deployment, before the record": {
			func(b *bench) { b.deploy(b.artifacts[1]) },
			report.Pass, "soaked", []string{"2 release two pass", "2 soak two pass"}, []string{"two"},
		},
		"after the record, before the soak": {
			func(b *bench) { recorded(b) },
			report.Pass, "soaked", []string{"2 release two pass", "2 soak two pass"}, []string{"two"},
		},
		"after everything": {
			func(b *bench) { b.released(b.artifacts[1], "2026.11.21-1") },
			report.Pass, "soaked", []string{"2 release two pass", "2 soak two pass"}, []string{"two"},
		},
		"after a failed soak, before the way back": {
			func(b *bench) {
				e := recorded(b)
				b.put(ledger.Entry{Kind: ledger.KindSoak, ID: e.ID, Digest: e.Digest, Verdict: "fail", Reason: "slo-breach", Data: []byte(`{"taken":9,"errors":9,"breach":"errors 100 %","first_bad":"2026-11-21T11:59:00Z"}`)})
			},
			report.Fail, "slo-breach", []string{"2 release two pass", "2 soak two fail", "3 rollback one pass"}, []string{"one"},
		},
		"on the way back, before its record": {
			func(b *bench) {
				e := recorded(b)
				b.put(ledger.Entry{Kind: ledger.KindSoak, ID: e.ID, Digest: e.Digest, Verdict: "fail", Reason: "slo-breach", Data: []byte(`{"taken":9,"errors":9,"breach":"errors 100 %"}`)})
				b.deploy(b.artifacts[0])
			},
			report.Fail, "slo-breach", []string{"2 release two pass", "2 soak two fail", "3 rollback one pass"}, []string{"one"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.released(b.artifacts[0], "")
			test.killed(b)
			before := len(b.deployed())
			r := must(Promote(t.Context(), b.Deps, b.alone(b.artifacts[1])))(t)
			b.want(r, test.verdict, test.reason)
			if diff := cmp.Diff(append([]string{"1 release one pass", "1 soak one pass"}, test.history...), b.history()); diff != "" {
				t.Errorf("ledger (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.deployed, b.deployed()[before:]); diff != "" {
				t.Errorf("deployed (-want +got):\n%s", diff)
			}
			if b.runs() != test.deployed[0] {
				t.Errorf("production runs %s", b.runs())
			}
			b.unlocked()
			for _, c := range r.Checks {
				if c.Name == "rollback" && name == "after a failed soak, before the way back" && !strings.HasPrefix(c.Note, "time to restore 1m") {
					t.Errorf("the time since the first bad sample is lost: %q", c.Note)
				}
			}
		})
	}
}

// A deployment that no Watch follows reports that its rollback is missing.
func TestDeployWhoseSoakFailed(t *testing.T) {
	b := newBench(t)
	b.released(b.artifacts[0], "")
	b.deploy(b.artifacts[1])
	e := b.put(ledger.Entry{Kind: ledger.KindRelease, Digest: b.artifacts[1], Previous: "2026.11.21-1", Verdict: "pass"})
	b.put(ledger.Entry{Kind: ledger.KindSoak, ID: e.ID, Digest: e.Digest, Verdict: "fail", Data: []byte(`{"breach":"errors 100 %"}`)})
	o := b.alone(b.artifacts[1])
	b.want(must(Deploy(t.Context(), b.Deps, o))(t), report.Fail, "soak-failed")
	b.unlocked()
	o.KeepLock = true
	b.want(must(Deploy(t.Context(), b.Deps, o))(t), report.Warn, "soak-failed")
	b.want(must(Watch(t.Context(), b.Deps, o))(t), report.Fail, "slo-breach")
	if b.runs() != "one" {
		t.Errorf("production runs %s", b.runs())
	}
}

// TestPromoteStopped proves GP-PROM-9 for SIGINT: nothing stays locked, and the
// next call goes on.
func TestPromoteStopped(t *testing.T) {
	for name, stop := range map[string]func(b *bench, cancel context.CancelFunc){
		"in the deployment": func(b *bench, cancel context.CancelFunc) {
			b.target.Before = func(ctx context.Context, _ target.Deployment) error { cancel(); return ctx.Err() }
		},
		"in the soak": func(b *bench, cancel context.CancelFunc) {
			b.probed = func(n int) answer { cancel(); return answer{err: context.Canceled} }
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.stage(b.artifacts[0])
			ctx, cancel := context.WithCancel(t.Context())
			stop(b, cancel)
			r, err := Promote(ctx, b.Deps, b.production(b.artifacts[0]))
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("error %v", err)
			}
			if r != nil && (r.Verdict != report.Fail || r.Output("verdict") != "fail" || r.Reason != "incomplete") {
				t.Errorf("incomplete, and the report is %s %s", r.Verdict, r.Reason)
			}
			b.unlocked()
			b.probed, b.target.Before = nil, nil
			b.want(must(Promote(t.Context(), b.Deps, b.production(b.artifacts[0])))(t), report.Pass, "soaked")
			if diff := cmp.Diff([]string{"1 release one pass", "1 soak one pass"}, b.history()); diff != "" {
				t.Errorf("ledger (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDeployFails(t *testing.T) {
	b := newBench(t)
	b.stage(b.artifacts[0])
	b.target.Before = func(context.Context, target.Deployment) error { return errors.New("ImagePullBackOff") }
	_, err := Promote(t.Context(), b.Deps, b.production(b.artifacts[0]))
	if err == nil || report.ExitCode(nil, err) != report.ExitFailure || !strings.Contains(err.Error(), "into production: ImagePullBackOff") {
		t.Errorf("error %v", err)
	}
	if got := b.history(); len(got) > 0 {
		t.Errorf("it was recorded: %v", got)
	}
	b.unlocked()
}

// liar reports that something else runs than what was deployed.
type liar struct {
	Target
	lie func(*target.Running)
}

func (l liar) Status(ctx context.Context, environment string) (target.Running, error) {
	r, err := l.Target.Status(ctx, environment)
	if environment == "production" {
		l.lie(&r)
	}
	return r, err
}

func TestReadBack(t *testing.T) {
	for name, lie := range map[string]func(*target.Running){
		"GP-PROM-1 another index":    func(r *target.Running) { r.Digest = "sha256:1" },
		"GP-PROM-1 another platform": func(r *target.Running) { r.PlatformDigest = "sha256:1" },
		"GP-PROM-1 it has died":      func(r *target.Running) { r.Alive = false },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.stage(b.artifacts[0])
			d := b.Deps
			d.Target = liar{b.target, lie}
			_, err := Promote(t.Context(), d, b.production(b.artifacts[0]))
			if err == nil || !strings.Contains(err.Error(), "the deployment ") || !strings.Contains(err.Error(), "deploy again") {
				t.Errorf("error %v", err)
			}
			if got := b.history(); len(got) > 0 {
				t.Errorf("it was recorded: %v", got)
			}
			b.unlocked()
		})
	}
}
