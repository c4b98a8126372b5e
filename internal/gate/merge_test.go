package gate

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/seed-b235b314/goldenpath/internal/report"
)

const net = "pkg:golang/golang.org/x/net@0.30.0"

// TestMerge proves GP-GATE-2: the same fact from two scanners is one row that
// names who agrees.
func TestMerge(t *testing.T) {
	by := func(tool string, f report.Finding) report.Finding { f.Tools = []string{tool}; return f }
	at := func(path string, line int, f report.Finding) report.Finding {
		f.At = report.Location{Path: path, Line: line}
		return f
	}
	for name, test := range map[string]struct {
		in   []report.Finding
		want []report.Finding
	}{
		"by alias": {
			[]report.Finding{
				by("osv-scanner", vulnerable("GO-2026-1", report.Medium, net, "CVE-2026-1", "GHSA-x")),
				by("trivy", at("go.mod", 14, vulnerable("CVE-2026-1", report.High, net))),
			},
			[]report.Finding{{
				Rule: "GO-2026-1", Aliases: []string{"CVE-2026-1", "GHSA-x"}, Severity: report.High, Message: "GO-2026-1 in " + net,
				At: report.Location{Path: "go.mod", Line: 14}, Package: net, Tools: []string{"osv-scanner", "trivy"},
			}},
		},
		"by an alias of both": {
			[]report.Finding{by("a", vulnerable("GO-1", report.Low, net, "CVE-1")), by("b", vulnerable("GHSA-1", report.Low, net, "CVE-1"))},
			[]report.Finding{{Rule: "GO-1", Aliases: []string{"CVE-1", "GHSA-1"}, Severity: report.Low, Message: "GO-1 in " + net, At: report.Location{Path: "go.mod"}, Package: net, Tools: []string{"a", "b"}}},
		},
		"by a third that knows both names": {
			[]report.Finding{
				by("a", vulnerable("CVE-1", report.Low, net)), by("b", vulnerable("GHSA-1", report.Critical, net)), by("c", vulnerable("GO-1", report.Low, net, "CVE-1", "GHSA-1")),
				by("d", vulnerable("GHSA-1", report.Low, net)),
			},
			[]report.Finding{{
				Rule: "CVE-1", Aliases: []string{"GO-1", "GHSA-1"}, Severity: report.Critical, Message: "CVE-1 in " + net, At: report.Location{Path: "go.mod"}, Package: net,
				Tools: []string{"a", "c", "b", "d"},
			}},
		},
		"another package": {
			[]report.Finding{by("a", vulnerable("CVE-1", report.Low, net)), by("b", vulnerable("CVE-1", report.Low, "pkg:golang/golang.org/x/text@0.1.0"))},
			[]report.Finding{by("a", vulnerable("CVE-1", report.Low, net)), by("b", vulnerable("CVE-1", report.Low, "pkg:golang/golang.org/x/text@0.1.0"))},
		},
		"another lock file": {
			[]report.Finding{by("a", vulnerable("CVE-1", report.Low, net)), by("b", at("tools/go.mod", 0, vulnerable("CVE-1", report.Low, net)))},
			[]report.Finding{by("a", vulnerable("CVE-1", report.Low, net)), by("b", at("tools/go.mod", 0, vulnerable("CVE-1", report.Low, net)))},
		},
		"the same rule at two lines stays two": {
			[]report.Finding{by("a", finding("R1", report.Low, "a.go", 3)), by("a", finding("R1", report.Low, "a.go", 4))},
			[]report.Finding{by("a", finding("R1", report.Low, "a.go", 3)), by("a", finding("R1", report.Low, "a.go", 4))},
		},
		"the same rule at one place is one": {
			[]report.Finding{by("a", finding("R1", report.Low, "a.go", 3)), by("b", finding("R1", report.High, "a.go", 3))},
			[]report.Finding{{Rule: "R1", Severity: report.High, Message: "message of R1", At: report.Location{Path: "a.go", Line: 3}, Tools: []string{"a", "b"}}},
		},
		"what one knows the other learns": {
			[]report.Finding{by("a", vulnerable("CVE-1", report.High, net)), by("b", report.Finding{
				Rule: "CVE-1", Severity: report.Low, Package: net, At: report.Location{Path: "go.mod", Line: 3}, Fixed: "0.33.0", Fix: "go get", Message: "other words",
			})},
			[]report.Finding{{
				Rule: "CVE-1", Severity: report.High, Message: "CVE-1 in " + net, At: report.Location{Path: "go.mod", Line: 3}, Package: net, Fixed: "0.33.0", Fix: "go get", Tools: []string{"a", "b"},
			}},
		},
		"an unknown severity is the worst": {
			[]report.Finding{by("a", finding("R1", report.High, "a.go", 3)), by("b", finding("R1", "dire", "a.go", 3))},
			[]report.Finding{{Rule: "R1", Severity: "dire", Message: "message of R1", At: report.Location{Path: "a.go", Line: 3}, Tools: []string{"a", "b"}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := merge(test.in)
			if diff := cmp.Diff(test.want, got, cmpopts.IgnoreFields(report.Finding{}, "Fingerprint")); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// In whatever order the scanners come, a fact is one row.
func TestMergeInAnyOrder(t *testing.T) {
	all := []report.Finding{
		vulnerable("CVE-1", report.Low, net), vulnerable("GHSA-1", report.High, net), vulnerable("GO-1", report.Low, net, "CVE-1", "GHSA-1"), vulnerable("OSV-1", report.Low, net, "GO-1"),
	}
	for range 24 {
		got := merge(slices.Clone(all))
		if len(got) != 1 || got[0].Severity != report.High || len(got[0].Aliases) != 3 {
			t.Errorf("%+v", got)
		}
		permute(all)
	}
}

// permute makes the next permutation by rule, or the first.
func permute(all []report.Finding) {
	i := len(all) - 2
	for i >= 0 && all[i].Rule >= all[i+1].Rule {
		i--
	}
	if i >= 0 {
		j := len(all) - 1
		for all[j].Rule <= all[i].Rule {
			j--
		}
		all[i], all[j] = all[j], all[i]
	}
	slices.Reverse(all[i+1:])
}

// Findings of one scanner may share their aliases: joining one changes no other.
func TestMergeKeepsOthers(t *testing.T) {
	shared := append(make([]string, 0, 8), "CVE-1")
	one := vulnerable("GO-1", report.Low, net, shared...)
	one.Aliases = shared[:1]
	two := vulnerable("GO-1", report.Low, "pkg:golang/other@1", shared...)
	two.Aliases = shared[:1]
	got := merge([]report.Finding{one, two, vulnerable("GHSA-1", report.Low, net, "CVE-1"), vulnerable("GHSA-2", report.Low, "pkg:golang/other@1", "CVE-1")})
	if diff := cmp.Diff([][]string{{"CVE-1", "GHSA-1"}, {"CVE-1", "GHSA-2"}}, [][]string{got[0].Aliases, got[1].Aliases}); diff != "" {
		t.Errorf("aliases (-want +got):\n%s", diff)
	}
}

// TestFingerprint proves GP-GATE-4: it is stable while code moves, and differs for
// different facts.
func TestFingerprint(t *testing.T) {
	at := func(f report.Finding, path string, line int) report.Finding {
		f.At = report.Location{Path: path, Line: line}
		return f
	}
	pkg := func(purl string) report.Finding { return vulnerable("CVE-1", report.Low, purl) }
	r := finding("R1", report.Low, "a.go", 3)
	other := r
	other.Message = "another message"
	for name, test := range map[string]struct {
		a, b report.Finding
		same bool
	}{
		"another line":               {r, at(r, "a.go", 99), true},
		"another path":               {r, at(r, "b.go", 3), false},
		"another message":            {r, other, false},
		"another version":            {pkg("pkg:npm/a@1"), pkg("pkg:npm/a@2"), true},
		"a version and none":         {pkg("pkg:npm/a@1"), pkg("pkg:npm/a"), true},
		"a scope":                    {pkg("pkg:npm/@scope/a@1"), pkg("pkg:npm/@scope/a@2"), true},
		"packages of a scope":        {pkg("pkg:npm/@scope/a"), pkg("pkg:npm/@scope/b"), false},
		"qualifiers":                 {pkg("pkg:deb/debian/a@1?arch=amd64"), pkg("pkg:deb/debian/a@2?arch=arm64"), true},
		"a part of a module":         {pkg("pkg:golang/a/b@v1#c/d"), pkg("pkg:golang/a/b@v2#c/d"), true},
		"another package":            {pkg("pkg:npm/a@1"), pkg("pkg:npm/b@1"), false},
		"fields do not run together": {finding("R1", report.Low, "a.go", 0), finding("R1a", report.Low, ".go", 0), false},
		"severity is not part of it": {r, finding("R1", report.Critical, "a.go", 3), true},
	} {
		if got := fingerprint(test.a) == fingerprint(test.b); got != test.same {
			t.Errorf("%s: same = %v, want %v", name, got, test.same)
		}
	}
	// Waivers name it: it must not change from release to release.
	if got := fingerprint(r); got != "0d46872e4d008a9869f63a65ff7c74c0" {
		t.Errorf("fingerprint %s", got)
	}
	given := r
	given.Fingerprint = "of the scanner"
	if got := merge([]report.Finding{given})[0].Fingerprint; got != "of the scanner" {
		t.Errorf("fingerprint %s", got)
	}
}

// TestJoinImage proves GP-GATE-2: a vulnerable package that a lock file and the image have
// in the same version is one row that names both tools.
func TestJoinImage(t *testing.T) {
	lock := report.Finding{Rule: "CVE-1", Aliases: []string{"GO-1"}, Severity: report.High, Package: "pkg:golang/golang.org/x/text@0.3.7", At: report.Location{Path: "go.mod", Line: 4}, Tools: []string{"osv-scanner"}}
	same := report.Finding{Rule: "GO-1", Severity: report.Critical, Rated: "CVSS 3.1 score 9.1 of nvd", Package: "pkg:golang/golang.org/x/text@v0.3.7?type=module", At: report.Location{Path: "app/server"}, Tools: []string{"trivy"}}
	newer, system := same, report.Finding{Rule: "CVE-1", Severity: report.Low, Package: "pkg:apk/alpine/text@0.3.7", Tools: []string{"trivy"}}
	newer.Package = "pkg:golang/golang.org/x/text@v0.3.8"
	got := joinImage(merge([]report.Finding{lock}), []report.Finding{same, newer, system})
	if len(got) != 3 {
		t.Fatalf("%+v", got)
	}
	f := got[0]
	if f.At.Line != 4 || f.Severity != report.Critical || f.Rated != same.Rated || len(f.Tools) != 2 || len(f.Also) != 1 || f.Also[0].Path != "image: app/server" {
		t.Errorf("%+v", f)
	}
}
