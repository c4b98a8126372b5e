package release

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/artifact"
	"github.com/seed-b235b314/goldenpath/internal/evidence"
	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/target"
)

const (
	index    = "sha256:1111111111111111111111111111111111111111111111111111111111111111"
	platform = "sha256:2222222222222222222222222222222222222222222222222222222222222222"
	other    = "sha256:3333333333333333333333333333333333333333333333333333333333333333"
	commit   = "cccccccccccccccccccccccccccccccccccccccc"
)

// testTarget is where targettest.Target runs environments.
var testTarget = ledger.Target{Kind: "process", Place: "host test folder /test"}

// cluster is a target of another kind.
var cluster = ledger.Target{Kind: "kubernetes", Place: "cluster https://prod-eu.example.com namespace shop-production"}

// provenFacts are those of an artifact that may be promoted, and returned to.
func provenFacts() *facts {
	entry := ledger.Entry{
		ID: "2026.11.21-1", Kind: ledger.KindRelease, App: "shop", Environment: "production", Commit: commit,
		Digest: index, PlatformDigest: platform, Time: noon, Target: testTarget,
	}
	staged := entry
	staged.Environment = "staging"
	return &facts{
		now: noon,
		artifact: &artifact.Artifact{
			Digest: index, PlatformDigest: platform, Platform: "linux/amd64", Manifests: []string{other, platform},
			Labels: map[string]string{"org.opencontainers.image.revision": commit},
		},
		evidence: evidence.Collection{Digest: index, Read: noon, Trusted: []evidence.Statement{
			{Type: evidence.Provenance, Digest: index, Signed: noon.Add(-24 * time.Hour)},
		}},
		at: place{Place: target.Place{Kind: testTarget.Kind, Name: testTarget.Place}}, from: place{Place: target.Place{Kind: testTarget.Kind, Name: testTarget.Place}},
		current: &ledger.Entry{ID: "2026.11.21-2", Kind: ledger.KindRelease, Digest: other, Commit: commit, Target: testTarget},
		staged:  &staged,
		running: &target.Running{Digest: index, PlatformDigest: platform, Alive: true},
		to:      &entry,
	}
}

// TestDecide holds each check to the facts that it refuses. Every refusal of a
// case is found, not only the first.
func TestDecide(t *testing.T) {
	for name, test := range map[string]struct {
		change    func(*facts)
		promotion []report.Reason
		rollback  []report.Reason
	}{
		"proven":           {func(*facts) {}, nil, nil},
		"first release":    {func(f *facts) { f.current = nil }, nil, nil},
		"not staged":       {func(f *facts) { f.staged = nil }, []report.Reason{report.ReasonNotStaged}, nil},
		"a rebuild staged": {func(f *facts) { f.staged.Digest = other }, []report.Reason{report.ReasonNotStaged}, nil},
		"staging is empty": {func(f *facts) { f.running = nil }, []report.Reason{report.ReasonNotRunning}, nil},
		"staging has died": {func(f *facts) { f.running.Alive = false }, []report.Reason{report.ReasonNotRunning}, nil},
		"staging changed":  {func(f *facts) { f.running.PlatformDigest = other }, []report.Reason{report.ReasonDrift}, nil},
		"rolled back before": {func(f *facts) { f.withdrawn = &ledger.Entry{ID: "2026.11.21-1", Digest: index} },
			[]report.Reason{report.ReasonWasRolledBack}, nil},
		"no evidence": {func(f *facts) { f.evidence.Trusted = nil },
			[]report.Reason{report.ReasonEvidenceMissing}, []report.Reason{report.ReasonEvidenceMissing}},
		"evidence without a time": {func(f *facts) { f.evidence.Trusted[0].Signed = time.Time{} },
			[]report.Reason{report.ReasonEvidenceFailed}, []report.Reason{report.ReasonEvidenceFailed}},
		"not in the registry": {func(f *facts) { f.artifact = nil }, []report.Reason{report.ReasonNotFound}, []report.Reason{report.ReasonNotPullable}},
		"nothing to return to": {func(f *facts) { f.to, f.noneTo = nil, "there is no good release" },
			nil, []report.Reason{report.ReasonNoRelease}},
		"an entry of another commit": {func(f *facts) { f.to.Commit = strings.Repeat("d", 40) }, nil, []report.Reason{report.ReasonLedgerMismatch}},
		"an entry of another environment": {func(f *facts) { f.to.Environment = "staging" },
			nil, []report.Reason{report.ReasonLedgerMismatch}},
		"the current release is on another target": {func(f *facts) { f.current.Target = cluster },
			[]report.Reason{report.ReasonOtherTarget}, []report.Reason{report.ReasonOtherTarget}},
		"the current release names no target": {func(f *facts) { f.current.Target = ledger.Target{} },
			[]report.Reason{report.ReasonOtherTarget}, []report.Reason{report.ReasonOtherTarget}},
		"staged on another target":                   {func(f *facts) { f.staged.Target, f.running = cluster, nil }, []report.Reason{report.ReasonOtherTarget}, nil},
		"the release ran on another target":          {func(f *facts) { f.to.Target, f.artifact = cluster, nil }, []report.Reason{report.ReasonNotFound}, []report.Reason{report.ReasonOtherTarget}},
		"an older commit":                            {func(f *facts) { f.order.Older = true }, []report.Reason{report.ReasonOlderCommit}, nil},
		"a commit of another branch":                 {func(f *facts) { f.order.Without = 3 }, nil, nil},
		"a commit that is not in the clone":          {func(f *facts) { f.order.Err = errors.New("bad object") }, nil, nil},
		"a release that was rolled back":             {func(f *facts) { f.bad = "ann rolled it back" }, nil, []report.Reason{report.ReasonWasRolledBack}},
		"an entry without a digest":                  {func(f *facts) { f.to.Digest, f.artifact = "latest", nil }, []report.Reason{report.ReasonNotFound}, []report.Reason{report.ReasonLedgerMismatch}},
		"an entry of another kind":                   {func(f *facts) { f.to.Kind = ledger.KindSoak }, nil, []report.Reason{report.ReasonLedgerMismatch}},
		"an entry of another platform":               {func(f *facts) { f.to.PlatformDigest = index }, nil, []report.Reason{report.ReasonLedgerMismatch}},
		"an entry of a second platform of the image": {func(f *facts) { f.to.PlatformDigest = other }, nil, nil},
		"everything at once": {func(f *facts) {
			f.staged, f.evidence.Trusted, f.withdrawn, f.to.Commit = nil, nil, &ledger.Entry{Digest: index}, ""
		}, []report.Reason{report.ReasonNotStaged, report.ReasonWasRolledBack, report.ReasonEvidenceMissing},
			[]report.Reason{report.ReasonLedgerMismatch, report.ReasonEvidenceMissing}},
	} {
		t.Run(name, func(t *testing.T) {
			f := provenFacts()
			test.change(f)
			o := Options{App: "shop", Environment: "production", From: "staging", Digest: index, Require: []evidence.Requirement{{Name: "provenance", Type: evidence.Provenance}}}
			for list, want := range map[*[]check][]report.Reason{&promotionChecks: test.promotion, &rollbackChecks: test.rollback} {
				d := decide(o, f, *list)
				var got []report.Reason
				for _, r := range d.refusals {
					got = append(got, r.reason)
					if r.why == "" || r.row.State != report.Failed || r.row.Note == "" {
						t.Errorf("the refusal %s has no explanation: %+v", r.reason, r)
					}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("refusals (-want +got):\n%s", diff)
				}
				if r := d.newReport("x", o, f); d.refused() && (r.Verdict != report.Fail || r.Reason != want[0] || r.Title != d.refusals[0].why) {
					t.Errorf("report %s %s %q", r.Verdict, r.Reason, r.Title)
				}
			}
		})
	}
}

// Again accepts a digest that was rolled back, and nothing else.
func TestDecideAgain(t *testing.T) {
	f := provenFacts()
	f.withdrawn = &ledger.Entry{ID: "2026.11.21-1", Digest: index}
	o := Options{App: "shop", Environment: "production", From: "staging", Digest: index, Again: true, Require: []evidence.Requirement{{Name: "tests", Type: evidence.Tests}}}
	d := decide(o, f, promotionChecks)
	if len(d.refusals) != 1 || d.refusals[0].reason != report.ReasonEvidenceMissing {
		t.Errorf("refusals %+v", d.refusals)
	}
}
