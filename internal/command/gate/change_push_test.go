package gate

import "testing"

// changeCase is a case of the change matrix: what happens to a repository, and the verdict that
// a person gave beforehand, with each finding and its status. "!" blocks.
type changeCase struct {
	name string
	want string
	do   func(w *world) string
}

// TestChangeMatrix proves GP-GATE-3, 4 and 17: what is new is decided by the commit graph
// and by what the gate accepted before, for every kind of event.
func TestChangeMatrix(t *testing.T) {
	databases := matrixData(t)
	for _, all := range [][]changeCase{firstRuns, pushes, accepted, pulls, forms, counts} {
		for _, c := range all {
			t.Run(c.name, func(t *testing.T) {
				if got := c.do(newWorld(t, databases)); got != c.want {
					t.Errorf("\n got %.600s\nwant %s", got, c.want)
				}
			})
		}
	}
}

// firstRuns: what the repository had when goldenpath was added is the baseline.
var firstRuns = []changeCase{
	{"the first push", "pass: old known", func(w *world) string { return w.pushed(w.first) }},
	{"the first run on a laptop", "pass: old known", func(w *world) string { return w.says(w.run(w.t, nil)) }},
	{"the first run is a schedule", "pass: old known", func(w *world) string { return w.event("schedule") }},
	{"the first push brings a secret", "fail: key new!, old known", func(w *world) string {
		w.on("main", w.first)
		w.leak("key")
		w.put(".goldenpath.yml", "version: 1\n")
		return w.pushed(w.first)
	}},
	{"a secret was removed before", "pass: key known in history, old known", func(w *world) string {
		w.on("main", w.first)
		w.leak("key")
		w.put("key.env", "")
		w.put(".goldenpath.yml", "version: 1\n")
		return w.pushed(w.first)
	}},
	{"a workflow adds goldenpath", "pass: old known", func(w *world) string {
		w.on("main", w.first)
		w.put(workflowFile("gate"), uses("seed-b235b314/goldenpath/actions/security-gate@0123456789abcdef0123456789abcdef01234567"))
		return w.pushed(w.first)
	}},
	{"nothing adds goldenpath", "fail: old new!", func(w *world) string {
		w.on("main", w.first)
		w.harmless()
		return w.pushed(w.first)
	}},
	{"a waiver file alone accepts only what it names", "fail: bad waived, old new!", func(w *world) string {
		w.on("main", w.first)
		w.put(workflowFile("bad"), uses("some/bad@v1"), waivers, waiver("bad", 30))
		return w.says(w.run(w.t, nil))
	}},
	{"the first commit has an expired waiver", "fail: old new!", func(w *world) string {
		w.on("main", w.first)
		w.put(".goldenpath.yml", "version: 1\n", waivers, waiver("old", -1))
		return w.pushed(w.first)
	}},
	{"nothing adds goldenpath, by schedule", "fail: old new!", func(w *world) string {
		w.on("main", w.first)
		return w.event("schedule")
	}},
	{"a baseline file", "pass: bad known, old known", func(w *world) string {
		w.bad("bad")
		r := w.run(w.t, nil)
		for _, f := range r.report.Findings {
			if f.Blocking {
				w.put(".goldenpath/baseline.json", `{"version": 1, "findings": [{"rule": "`+f.Rule+`", "path": "`+f.At.Path+`", "fingerprint": "`+f.Fingerprint+`", "count": 1}]}`)
			}
		}
		before := w.head()
		w.harmless()
		return w.pushed(before)
	}},
	{"a laptop has an edit that is not committed", "fail: bad new!, old known", func(w *world) string {
		w.write(w.t, map[string]string{workflowFile("bad"): uses("some/bad@v1")})
		return w.says(w.run(w.t, nil))
	}},
	{"a step of CI writes a file", "pass: old known", func(w *world) string {
		w.write(w.t, map[string]string{workflowFile("bad"): uses("some/bad@v1")})
		return w.pushed(w.first)
	}},
}

// pushes: a push is never compared with a commit that the gate refused.
var pushes = []changeCase{
	{"a harmless push", "pass: old known", func(w *world) string { w.harmless(); return w.pushed(w.added) }},
	{"an empty commit", "pass: old known", func(w *world) string { w.put(); return w.pushed(w.added) }},
	{"a push with a finding", "fail: bad new!, old known", func(w *world) string { w.bad("bad"); return w.pushed(w.added) }},
	{"a blocked push, then a harmless one", "fail: bad new!, old known", func(w *world) string {
		blocked := w.bad("bad")
		w.harmless()
		return w.pushed(blocked)
	}},
	{"a blocked push with a secret, then a harmless one", "fail: key new!, old known", func(w *world) string {
		blocked := w.leak("key")
		w.harmless()
		return w.pushed(blocked)
	}},
	{"a blocked push, then two harmless ones", "fail: bad new!, old known", func(w *world) string {
		w.bad("bad")
		before := w.harmless()
		w.harmless()
		return w.pushed(before)
	}},
	{"a blocked push, then its revert", "pass: old known", func(w *world) string {
		blocked := w.bad("bad")
		w.git("revert", "--no-edit", blocked)
		return w.pushed(blocked)
	}},
	{"a blocked secret, then its revert", "fail: key new in history!, old known", func(w *world) string {
		blocked := w.leak("key")
		w.git("revert", "--no-edit", blocked)
		return w.pushed(blocked)
	}},
	{"the revert of a revert", "fail: bad new!, old known", func(w *world) string {
		blocked := w.bad("bad")
		w.git("revert", "--no-edit", blocked)
		before := w.head()
		w.git("revert", "--no-edit", before)
		return w.pushed(before)
	}},
	{"a finding and its fix in one push", "pass: old known", func(w *world) string {
		w.bad("bad")
		w.put(workflowFile("bad"), "")
		return w.pushed(w.added)
	}},
	{"the first of two commits has the finding", "fail: bad new!, old known", func(w *world) string {
		w.bad("bad")
		w.harmless()
		return w.pushed(w.added)
	}},
	{"an old finding is fixed", "pass: ", func(w *world) string { w.put(workflowFile("old"), ""); return w.pushed(w.added) }},
	{"an old finding comes back after its fix", "pass: old known", func(w *world) string {
		fix := w.put(workflowFile("old"), "")
		w.put(workflowFile("old"), uses("some/old@v1"))
		return w.pushed(fix)
	}},
	{"a merge commit with a finding", "fail: bad new!, old known", func(w *world) string {
		w.on("topic", w.added)
		w.bad("bad")
		w.on("main", w.added)
		w.harmless()
		w.merge("topic")
		return w.pushed(w.added)
	}},
	{"a merge commit without one", "pass: old known", func(w *world) string {
		w.on("topic", w.first) // from before goldenpath
		w.put("a.txt", "a\n")
		w.on("main", w.added)
		w.merge("topic")
		return w.pushed(w.added)
	}},
	{"a merge of a branch from before goldenpath", "fail: bad new!, old known", func(w *world) string {
		w.on("topic", w.first)
		w.bad("bad")
		w.on("main", w.added)
		w.merge("topic")
		return w.pushed(w.added)
	}},
	{"a finding that only the merge commit has", "fail: bad new!, old known", func(w *world) string {
		w.on("topic", w.added)
		w.put("a.txt", "a\n")
		w.on("main", w.added)
		w.git("merge", "-q", "--no-ff", "--no-commit", "topic")
		w.bad("bad")
		return w.pushed(w.added)
	}},
	{"a force push that drops the finding", "pass: old known", func(w *world) string {
		blocked := w.bad("bad")
		w.git("reset", "-q", "--hard", w.added)
		w.harmless()
		return w.pushed(blocked)
	}},
	{"a force push that brings one", "fail: bad new!, old known", func(w *world) string {
		before := w.harmless()
		w.git("reset", "-q", "--hard", w.added)
		w.bad("bad")
		return w.pushed(before)
	}},
	{"a force push whose old commit is gone", "fail: bad new!, old known", func(w *world) string {
		w.bad("bad")
		return w.pushed("0123456789012345678901234567890123456789")
	}},
	{"a new branch", "pass: old known", func(w *world) string {
		w.on("topic", w.added)
		w.harmless()
		return w.ref("refs/heads/topic", "")
	}},
	{"a new branch with a finding", "fail: bad new!, old known", func(w *world) string {
		w.on("topic", w.added)
		w.bad("bad")
		return w.ref("refs/heads/topic", "")
	}},
	{"a new branch at a blocked commit", "fail: bad new!, old known", func(w *world) string {
		w.bad("bad")
		return w.ref("refs/heads/topic", "")
	}},
	{"an old push is run again", "pass: old known", func(w *world) string {
		head := w.harmless()
		w.bad("bad")
		w.git("checkout", "-q", "--detach", head)
		return w.pushed(w.added)
	}},
	{"a blocked push is run again after its fix", "fail: bad new!, old known", func(w *world) string {
		blocked := w.bad("bad")
		w.put(workflowFile("bad"), "")
		w.git("checkout", "-q", "--detach", blocked)
		return w.pushed(w.added)
	}},
	{"a push from a shallow checkout", "pass: old known", func(w *world) string {
		w.harmless()
		w.clone("--depth=1", "origin", "main")
		return w.pushed(w.added)
	}},
	{"a blocked push before, from a shallow checkout", "fail: bad new!, old known", func(w *world) string {
		blocked := w.bad("bad")
		w.harmless()
		w.clone("--depth=1", "origin", "main")
		return w.pushed(blocked)
	}},
	{"a shallow checkout whose origin is gone", "fail: old new!", func(w *world) string {
		w.harmless()
		w.clone("--depth=1", "origin", "main")
		w.git("remote", "set-url", "origin", w.t.TempDir()+"/gone")
		return w.pushed(w.added)
	}},
}
