package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

func markOf(rule, value string) string {
	sum := sha256.Sum256([]byte(rule + "\x00" + value))
	return hex.EncodeToString(sum[:16])
}

// TestMarks: a redacted report still identifies its secret.
func TestMarks(t *testing.T) {
	inner := base64.StdEncoding.EncodeToString([]byte("password = not-a-real-one-1"))
	for _, test := range []struct {
		name, text string
		leak       leak
	}{
		{"first line", "word: not-a-real-one-1\n", leak{Match: "word: REDACTED", StartLine: 1, EndLine: 1, StartColumn: 1, EndColumn: 22}},
		{"counted from the newline", "a\nword: not-a-real-one-1\n", leak{Match: "word: REDACTED", StartLine: 2, EndLine: 2, StartColumn: 2, EndColumn: 23}},
		{"nothing around it", "word: not-a-real-one-1", leak{Match: "REDACTED", StartLine: 1, EndLine: 1, StartColumn: 7, EndColumn: 22}},
		{"encoded", "a: \"" + inner + "\"\n", leak{Match: "password = REDACTED\"", StartLine: 1, EndLine: 1, StartColumn: 5, EndColumn: 20, Tags: []string{"decoded:base64"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.leak.RuleID = "rule"
			if marks := test.leak.marks([]byte(test.text)); !slices.Contains(marks, markOf("rule", "not-a-real-one-1")) {
				t.Errorf("marks %v miss that of the secret", marks)
			}
		})
	}
}

func TestMarksOfWrongPlaces(t *testing.T) {
	for _, l := range []leak{{}, {Match: "REDACTED"}, {Match: "REDACTED", StartLine: 9, EndLine: 9}, {Match: "a", StartLine: 1, EndLine: 1},
		{Match: "REDACTED", StartLine: 1, EndLine: 1, StartColumn: 90, EndColumn: 99}, {Match: "REDACTED", StartLine: 2, EndLine: 1}} {
		if marks := l.marks([]byte("one\ntwo")); marks != nil {
			t.Errorf("%+v: %v", l, marks)
		}
	}
}

// TestLossIsAnError: what no known difference explains ends with an error.
func TestLossIsAnError(t *testing.T) {
	secret := fact{rule: "rule", path: "old.env", line: 3, times: 2, commits: []string{"c1", "c2"}, marks: []string{markOf("rule", "value")}}
	here := report.Finding{Rule: "rule", Tools: []string{"gitleaks"}, At: report.Location{Path: "new.env", Line: 1}, Fingerprint: "rule:new.env:" + markOf("rule", "value")}
	byOther := func(line int, commit string) report.Finding {
		return report.Finding{Rule: "better", Tools: []string{"gitleaks"}, Secret: report.SecretRemoved, At: report.Location{Path: "old.env"}, Fingerprint: "history:better:old.env:11",
			Message: fmt.Sprintf("a token (only in the history: added at line %d by commit %s00000 of 2026-01-01)", line, commit)}
	}
	for _, test := range []struct {
		name    string
		history map[string]bool
		ours    []report.Finding
		want    string
		lost    bool
	}{
		{"nothing explains it", map[string]bool{"c1": true}, nil, "**lost**", true},
		{"it stands elsewhere", map[string]bool{"c1": true}, []report.Finding{here}, "moved-in-tree", false},
		{"of another branch", map[string]bool{"c3": true}, nil, "other-branch", false},
		{"at the same place by another rule", map[string]bool{"c1": true}, []report.Finding{byOther(3, "c1")}, "other-rule", false},
		{"at another line by another rule", map[string]bool{"c1": true}, []report.Finding{byOther(4, "c1")}, "**lost**", true},
		{"in another commit by another rule", map[string]bool{"c1": true}, []report.Finding{byOther(3, "c9")}, "**lost**", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := &repository{name: "app", commit: "0123456789", history: test.history, ours: test.ours}
			s := scanner{title: "gitleaks git", name: "gitleaks", same: sameSecret, facts: func(context.Context, *repository) ([]fact, error) { return nil, nil }}
			var out bytes.Buffer
			err := print(&out, r, []row{r.row(s, []fact{secret})})
			if errors.Is(err, errMissing) != test.lost || !strings.Contains(out.String(), "`rule old.env:3 in c1` | "+test.want) {
				t.Errorf("error %v\n%s", err, &out)
			}
		})
	}
}

// TestSetAside: what the gate sets aside on purpose is not lost, and only that.
func TestSetAside(t *testing.T) {
	mark := markOf("rule", "value")
	r := &repository{history: map[string]bool{"c1": true}, aside: map[string]bool{"gitleaks " + gate.Aside("rule", "value"): true, "actionlint " + gate.Aside("action", "w.yml", "3:4", "too old"): true, "trivy " + gate.Aside("DS-0011", "Dockerfile", "3", "a folder"): true}}
	for _, test := range []struct {
		tool string
		fact fact
		want string
	}{
		{"gitleaks", fact{rule: "rule", path: "a", commits: []string{"c1"}, marks: []string{mark}}, "set-aside"},
		{"gitleaks", fact{rule: "other", path: "a", commits: []string{"c1"}, marks: []string{markOf("other", "value")}}, ""},
		{"actionlint", fact{rule: "action", path: "w.yml", line: 3, column: 4, message: "too old"}, "dropped"},
		{"actionlint", fact{rule: "action", path: "w.yml", line: 4, column: 4, message: "too old"}, ""},
		{"trivy", fact{rule: "DS-0011", path: "Dockerfile", line: 3, message: "a folder"}, "not-so"},
		{"trivy", fact{rule: "DS-0011", path: "b/Dockerfile", line: 3, message: "a folder"}, ""},
	} {
		if d, _ := r.explain(test.tool, test.fact); d.id != test.want {
			t.Errorf("%v: %q, want %q", test.fact, d.id, test.want)
		}
	}
}

func TestSame(t *testing.T) {
	f := fact{rule: "GO-1", names: []string{"GO-1", "CVE-1"}, path: "go.mod", pkg: "golang.org/x/net@0.55.0"}
	o := report.Finding{Rule: "CVE-1", At: report.Location{Path: "go.mod"}, Package: "pkg:golang/golang.org/x/net@v0.55.0"}
	if !samePackage(f, o) {
		t.Error("the same under another name is not the same")
	}
	for _, change := range []func(*report.Finding){
		func(o *report.Finding) { o.Rule = "CVE-2" }, func(o *report.Finding) { o.At.Path = "a/go.mod" },
		func(o *report.Finding) { o.Package = "pkg:golang/golang.org/x/net@v0.54.0" },
	} {
		other := o
		change(&other)
		if samePackage(f, other) {
			t.Errorf("%+v is taken for the same", other)
		}
	}
}

// TestNewer: what a newer version finds under another name of the same vulnerability is
// no difference, and a fact that only one of the two reports is.
func TestNewer(t *testing.T) {
	old := []fact{
		{rule: "GO-1", names: []string{"GO-1", "CVE-1"}, path: "go.mod", pkg: "m@1"},
		{rule: "KSV-0001", names: []string{"KSV-0001"}, path: "a.yaml", line: 3, message: "m"},
		{rule: "key", path: "a.env", line: 1, marks: []string{"m1"}},
	}
	renamed := []fact{{rule: "CVE-1", names: []string{"CVE-1"}, path: "go.mod", pkg: "m@1"}, {rule: "KSV-0001", names: []string{"KSV-0001"}, path: "a.yaml", line: 4, message: "m"}, old[2]}
	if got := without(renamed, old); len(got) != 1 || got[0].line != 4 {
		t.Errorf("gained %v, want the check at line 4", got)
	}
	if got := without(old, renamed); len(got) != 1 || got[0].line != 3 {
		t.Errorf("lost %v, want the check at line 3", got)
	}
	if got := without([]fact{{rule: "key", path: "a.env", line: 1, marks: []string{"m2"}}}, old); len(got) != 1 {
		t.Errorf("another secret at the same line is the same fact: %v", got)
	}
}
