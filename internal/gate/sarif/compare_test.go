package sarif

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

func numbered(n int) []string {
	var lines []string
	for i := range n {
		lines = append(lines, fmt.Sprintf("line %d", i+1))
	}
	return lines
}

func text(lines []string) string { return strings.Join(lines, "\n") + "\n" }

// TestNewAgainstBase proves GP-GATE-4 for results, which no scan of the base has.
func TestNewAgainstBase(t *testing.T) {
	r := newRepository(t)
	for _, name := range []string{"same.go", "edited.go", "cut.go", "old.go", "a b/ü\"q.go", "mode.go", "dirty.go", "gone.go", "--trick.go", ":(glob)**", ":(exclude)**", "binary", "hunk.go", "no-end.go"} {
		r.write(name, text(numbered(20)))
	}
	r.write("binary", "a\x00\nb\x00\nc\n")
	r.write("no-end.go", "a\nb")
	r.write(".gitattributes", "*.go -diff\n*.go diff=evil filter=evil\n")
	base := r.commit()

	edited := numbered(20)
	edited[9] = "edited"
	r.write("edited.go", text(append([]string{"on top"}, edited...))) // line 1 is new, old line 10 is 11
	cut := numbered(20)
	r.write("cut.go", text(append(cut[:4], cut[6:]...))) // 5 and 6 are gone: 4 and 5 meet
	r.git("mv", "old.go", "renamed.go")
	quoted := numbered(20)
	quoted[2] = "edited"
	r.write("a b/ü\"q.go", text(quoted))
	r.write("--trick.go", text(quoted))
	r.write(":(glob)**", text(quoted))
	r.write("binary", "a\x00\nB\x00\nc\n")
	r.write("no-end.go", "a\nB")
	hunk := numbered(20)
	hunk[1], hunk[2] = "++ b/same.go", "@@ -0,0 +1,20 @@"
	r.write("hunk.go", text(hunk))
	r.git("rm", "--quiet", "gone.go")
	if err := os.Chmod(filepath.Join(r.dir, "mode.go"), 0o755); err != nil {
		t.Fatal(err)
	}
	r.write("added.go", text(numbered(3)))
	head := r.commit()
	dirty := numbered(20)
	dirty[4] = "not committed"
	r.write("dirty.go", text(dirty)) // the gate looks at the checkout
	r.write("untracked.go", text(numbered(3)))
	r.git("config", "diff.evil.command", "exit 1; #")
	r.git("config", "diff.evil.textconv", "exit 1; #")
	r.git("config", "diff.noprefix", "true")
	ran := filepath.Join(t.TempDir(), "ran")
	r.git("config", "core.fsmonitor", "touch "+ran+" #")

	const at20 = `"startLine":20`
	tests := []struct {
		uri, region string
		want        report.Status
	}{
		{"same.go", `"startLine":1`, report.Known}, {"same.go", ``, report.Known}, {"same.go", `"startLine":21`, report.Known},
		{"same.go", `"startLine":22`, report.New}, // no such line
		{"edited.go", `"startLine":1`, report.New}, {"edited.go", `"startLine":2`, report.Known}, {"edited.go", `"startLine":10`, report.Known},
		{"edited.go", `"startLine":11`, report.New}, {"edited.go", `"startLine":12`, report.Known}, {"edited.go", `"startLine":3,"endLine":15`, report.New},
		{"edited.go", `"startLine":12,"endLine":15`, report.Known}, {"edited.go", ``, report.New},
		{"cut.go", `"startLine":3`, report.Known}, {"cut.go", `"startLine":4`, report.New}, {"cut.go", `"startLine":5`, report.New}, {"cut.go", `"startLine":6`, report.Known},
		{"renamed.go", at20, report.Known}, {"old.go", at20, report.New}, {"gone.go", `"startLine":1`, report.New}, {"added.go", `"startLine":2`, report.New},
		{"untracked.go", `"startLine":1`, report.New}, {"never.go", `"startLine":1`, report.New}, {"never.go", ``, report.New},
		{"a%20b/%C3%BC%22q.go", `"startLine":3`, report.New}, {"a%20b/%C3%BC%22q.go", `"startLine":4`, report.Known},
		{"--trick.go", `"startLine":3`, report.New}, {"--trick.go", `"startLine":4`, report.Known},
		{"./:(glob)**", `"startLine":3`, report.New}, {"./:(glob)**", `"startLine":4`, report.Known},
		{"./:(exclude)**", `"startLine":4`, report.Known},
		{"mode.go", `"startLine":1`, report.Known}, {"dirty.go", `"startLine":5`, report.New}, {"dirty.go", `"startLine":6`, report.Known},
		{"binary", `"startLine":2`, report.New}, {"binary", `"startLine":3`, report.Known}, {"no-end.go", `"startLine":2`, report.New},
		{"hunk.go", `"startLine":2`, report.New}, {"hunk.go", `"startLine":4`, report.Known},
		{"https://example.com/x", `"startLine":1`, report.New}, {".", `"startLine":1`, report.New}, {"../same.go", `"startLine":1`, report.New},
	}
	var results []string
	for i, test := range tests {
		results = append(results, strings.Replace(at(test.uri, test.region), `"R"`, fmt.Sprintf(`"%03d"`, i), 1))
	}
	results = append(results, `{"ruleId":"999","message":{"text":"no place"}}`)
	file := one("", strings.Join(results, ","))
	res, err := scan(t, file, gate.Input{Dir: r.dir, Base: base, Head: head})
	if err != nil {
		t.Fatal(err)
	}
	if !res.Compared || len(res.Findings) != len(tests)+1 {
		t.Fatalf("compared %v, %d findings", res.Compared, len(res.Findings))
	}
	for _, f := range res.Findings {
		var i int
		fmt.Sscanf(f.Rule, "%d", &i)
		if i == 999 && f.Status != report.New || i < len(tests) && f.Status != tests[i].want {
			t.Errorf("GP-GATE-4 %s: %s", f.Rule, f.Status)
			if i < len(tests) {
				t.Errorf("%+v", tests[i])
			}
		}
	}
	if _, err := os.Stat(ran); err == nil {
		t.Error("git ran a program of the configuration")
	}

	// Of so many paths that git is not given them, the answer is the same.
	many := results
	for i := range 1000 {
		many = append(many, at(fmt.Sprintf("%s/%d", strings.Repeat("long/", 20), i), ""))
		r.write(fmt.Sprintf("%s/%d", strings.Repeat("long/", 20), i), "x")
	}
	again := map[string]report.Status{}
	for _, f := range must(t, one("", strings.Join(many, ",")), gate.Input{Dir: r.dir, Base: base, Head: head}) {
		again[f.Rule] = f.Status
	}
	for _, f := range res.Findings {
		if again[f.Rule] != f.Status {
			t.Errorf("%s is %s among many", f.Rule, again[f.Rule])
		}
	}
	for _, f := range must(t, file, gate.Input{Dir: r.dir, Head: head}) {
		if f.Status == report.Known {
			t.Error("known without a base")
		}
	}
}

// TestFlows: a change of the source of a flow makes its sink a fault of the change.
func TestFlows(t *testing.T) {
	r := newRepository(t)
	r.write("sink.go", text(numbered(9)))
	r.write("source.go", text(numbered(9)))
	base := r.commit()
	edited := numbered(9)
	edited[4] = "edited"
	r.write("source.go", text(edited))
	r.commit()
	for extra, want := range map[string]report.Status{
		`"message":{}`: report.Known,
		`"codeFlows":[{"threadFlows":[{"locations":[{"location":{"physicalLocation":{"artifactLocation":{"uri":"source.go"},"region":{"startLine":5}}}}]}]}]`: report.New,
		`"codeFlows":[{"threadFlows":[{"locations":[{"location":{"physicalLocation":{"artifactLocation":{"uri":"source.go"},"region":{"startLine":6}}}}]}]}]`: report.Known,
		`"codeFlows":[{"threadFlows":[{"locations":[{"index":0}]}]}]`:                                                                                         report.New,
		`"relatedLocations":[{"physicalLocation":{"artifactLocation":{"uri":"source.go"},"region":{"startLine":5}}}]`:                                         report.New,
		`"relatedLocations":[{"physicalLocation":{"artifactLocation":{"uri":"file:///usr/lib/x.go"},"region":{"startLine":5}}}]`:                              report.Known,
		`"relatedLocations":[{"physicalLocation":{"artifactLocation":{"uri":"source.go"}}},{"message":{"text":"of the whole file"}}]`:                         report.Known,
	} {
		res := strings.Replace(at("sink.go", `"startLine":1`), `"message":{"text":"m"}`, extra, 1)
		got := must(t, one(`"threadFlowLocations":[{"location":{"physicalLocation":{"artifactLocation":{"uri":"source.go"},"region":{"startLine":5}}}}]`, res), gate.Input{Dir: r.dir, Base: base})
		if got[0].Status != want {
			t.Errorf("%s: %s", extra, got[0].Status)
		}
	}
}

// TestNoComparison: where git fails, the comparison fails.
func TestNoComparison(t *testing.T) {
	r := newRepository(t)
	r.write("a", "x\n")
	base := r.commit()
	plain := t.TempDir()
	if err := os.WriteFile(filepath.Join(plain, "a"), []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	inside := filepath.Join(r.dir, "inside") // a folder inside a repository is not one
	r.write("inside/a", "x\n")
	for _, in := range []gate.Input{{Dir: r.dir, Base: strings.Repeat("0", 40)}, {Dir: r.dir, Base: "--output=x"}, {Dir: r.dir, Base: "HEAD"}, {Dir: plain, Base: base}, {Dir: inside, Base: base}} {
		if res, err := scan(t, one("", at("a", `"startLine":1`)), in); err == nil || !strings.Contains(err.Error(), "cannot compare with the base") {
			t.Errorf("%+v: %v", res, err)
		}
	}
}

// TestFingerprints are stable while code moves, and differ for different findings.
func TestFingerprints(t *testing.T) {
	r := newRepository(t)
	prints := func(results ...string) []string {
		var out []string
		for _, f := range must(t, one("", strings.Join(results, ",")), gate.Input{Dir: r.dir}) {
			out = append(out, f.Fingerprint)
		}
		return out
	}
	partial := func(line int, prints string) string {
		return strings.Replace(at("a.go", fmt.Sprintf(`"startLine":%d`, line)), `"ruleId"`, `"partialFingerprints":`+prints+`,"ruleId"`, 1)
	}
	r.write("a.go", "x\ny\nx\n")
	before := prints(at("a.go", `"startLine":1`), at("a.go", `"startLine":2`), at("a.go", `"startLine":3`), at("none.go", `"startLine":7`), `{"ruleId":"R","message":{"text":"m"}}`)
	hashed := prints(partial(1, `{"primaryLocationLineHash":"h:1","primaryLocationStartColumnFingerprint":"4"}`), partial(2, `{"other/v1":"o"}`))
	r.write("a.go", "new\n\n\tx\n  y  \n\t\tx\n")
	after := prints(at("a.go", `"startLine":3`), at("a.go", `"startLine":4`), at("a.go", `"startLine":5`), at("none.go", `"startLine":70`), `{"ruleId":"R","message":{"text":"m"}}`)
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
	r.write("a.go", "all\nis\nother\n")
	if diff := cmp.Diff(hashed, prints(partial(2, `{"primaryLocationLineHash":"h:1","primaryLocationStartColumnFingerprint":"9"}`), partial(3, `{"other/v1":"o"}`))); diff != "" {
		t.Error(diff)
	}
	all := append(before, hashed...)
	all = append(all, prints(strings.Replace(at("a.go", `"startLine":1`), `"R"`, `"S"`, 1), at("b.go", `"startLine":1`), partial(1, `{"primaryLocationLineHash":"same"}`), partial(2, `{"primaryLocationLineHash":"same"}`))...)
	seen := map[string]bool{}
	for _, f := range all {
		if seen[f] || len(f) != 32 {
			t.Errorf("fingerprint %s twice in %v", f, all)
		}
		seen[f] = true
	}
}

// TestSpanOf: lines that were only removed touch the two lines that now follow each
// other.
func TestSpanOf(t *testing.T) {
	for _, test := range []struct {
		hunk git.Hunk
		want span
	}{
		{git.Hunk{Path: "x", Line: 4, Removed: 1, Added: 2}, span{"x", 4, 5}},
		{git.Hunk{Path: "x", Line: 4, Removed: 2}, span{"x", 4, 5}},
		{git.Hunk{Path: "x", Line: 0, Removed: 2}, span{"x", 1, 1}},
	} {
		if got := spanOf(test.hunk); got != test.want {
			t.Errorf("%+v: %+v, want %+v", test.hunk, got, test.want)
		}
	}
}
