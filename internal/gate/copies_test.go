package gate

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

// TestCopies: a secret in several files is one finding, and one waiver accepts it.
func TestCopies(t *testing.T) {
	in := func(path, mark string, change func(*report.Finding)) report.Finding {
		f := report.Finding{Rule: "github-pat", Severity: report.Critical, Status: report.New, Blocking: true, Secret: report.SecretPresent, Message: "a token",
			Fix: "rotate it", Fingerprint: "github-pat:" + path + ":" + mark, At: report.Location{Path: path, Line: 2}, Tools: []string{"gitleaks"}}
		if change != nil {
			change(&f)
		}
		return f
	}
	none := sha256.Sum256([]byte("github-pat\x00"))
	whole := hex.EncodeToString(none[:16])
	all := []report.Finding{
		in("a:b.py", "11", nil), in("b.py", "11", nil), in("c.py", "22", nil), in("d.py", "11", nil),
		in("e.py", "11", func(f *report.Finding) { f.Status, f.Blocking = report.Known, false }), // of the base
		in("f.p12", whole, nil), in("g.p12", whole, nil), // files that are secrets as a whole
		in("h.py", "11", func(f *report.Finding) {
			f.Fingerprint, f.Secret = OnlyHistory+f.Fingerprint, report.SecretRemoved
		}),
	}
	got := joinCopies(all)
	var places []string
	for _, f := range got {
		line := f.At.Path
		for _, a := range f.Also {
			line += " " + a.Path
		}
		places = append(places, line)
	}
	if diff := cmp.Diff([]string{"a:b.py b.py d.py", "c.py", "e.py", "f.p12", "g.p12", "h.py"}, places); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if f := got[0]; f.Message != "a token (the same secret in 3 files)" || f.Fix != "rotate it; it is in a:b.py:2, b.py:2, d.py:2" || got[1].Fix != "rotate it" {
		t.Errorf("%q %q", f.Message, f.Fix)
	}
	// The waiver that the report suggests covers the secret in each file, one of a single file does not.
	wide, narrow := WaiverOf(got[0]), WaiverOf(all[1])
	wide.until, narrow.until = time.Now().Add(time.Hour), time.Now().Add(time.Hour)
	var covered, alone []string
	for _, f := range all {
		if wide.Holds(f, time.Now()) {
			covered = append(covered, f.At.Path)
		}
		if narrow.Holds(f, time.Now()) {
			alone = append(alone, f.At.Path)
		}
	}
	if diff := cmp.Diff([]string{"a:b.py", "b.py", "d.py", "e.py", "h.py"}, covered); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"b.py"}, alone); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// So does a baseline.
	again := slices.Clone(all)
	for i := range again {
		again[i].Secret = report.SecretPossible
	}
	entry := Accepted{Fingerprint: ID(got[0]), Count: 1}
	if n := (Baseline{Accepted: []Accepted{entry}}).apply(again, nil); n.known != 4 || again[2].Status != report.New {
		t.Errorf("%+v", n)
	}
	// The other surfaces get a finding for each place back.
	var back []string
	for _, f := range Copies(got) {
		back = append(back, f.Fingerprint)
	}
	slices.Sort(back)
	var want []string
	for _, f := range all {
		want = append(want, f.Fingerprint)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, back); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	many := joinCopies(func() (out []report.Finding) {
		for i := range 30 {
			out = append(out, in(strings.Repeat("x", i+1)+".py", "33", nil))
		}
		return out
	}())
	if len(many) != 1 || !strings.HasSuffix(many[0].Fix, "and 10 more") && !strings.HasSuffix(many[0].Fix, ", 10 more") {
		t.Errorf("%d %s", len(many), many[0].Fix)
	}
}
