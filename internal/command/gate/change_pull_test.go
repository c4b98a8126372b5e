package gate

import "strings"

const pinned = "some/old@0123456789abcdef0123456789abcdef01234567"

// pulls: a pull request is compared with what it merges into, whatever its event names. If
// it changes a workflow, all workflows are examined.
var pulls = []changeCase{
	{"a pull request is opened", "pass: ", func(w *world) string {
		w.on("topic", w.added)
		w.put("a.txt", "a\n")
		w.put("a.txt", "")
		return w.pull(w.added, "")
	}},
	{"a harmless pull request", "pass: ", func(w *world) string {
		w.on("topic", w.added)
		w.harmless()
		return w.pull(w.added, "")
	}},
	{"a pull request with a finding", "fail: bad new!, old known", func(w *world) string {
		w.on("topic", w.added)
		w.bad("bad")
		return w.pull(w.added, "")
	}},
	{"a pull request edits a file with an old finding", "fail: old known, old new!", func(w *world) string {
		w.on("topic", w.added)
		w.put(workflowFile("old"), uses("some/old@v1", "some/more@v1"))
		return w.pull(w.added, "")
	}},
	{"main got a finding, and the merge is checked out", "pass: ", func(w *world) string {
		w.on("topic", w.added)
		w.harmless()
		w.on("main", w.added)
		w.bad("bad")
		return w.pull(w.added, w.merge("topic"))
	}},
	{"main got a finding, and the head is checked out", "pass: ", func(w *world) string {
		w.on("topic", w.added)
		w.harmless()
		w.on("main", w.added)
		main := w.bad("bad")
		w.git("checkout", "-q", "topic")
		return w.pull(main, "")
	}},
	{"the branch merged main, and the event names an older base", "pass: ", func(w *world) string {
		w.bad("bad")
		w.remote()
		w.on("topic", w.added)
		w.harmless()
		w.merge("main")
		return w.pull(w.added, "")
	}},
	{"the same with a finding of its own", "fail: bad known, old known, own new!", func(w *world) string {
		w.bad("bad")
		w.remote()
		w.on("topic", w.added)
		w.bad("own")
		w.merge("main")
		return w.pull(w.added, "")
	}},
	{"the same with pull_request_target", "fail: bad known, old known, own new!", func(w *world) string {
		w.bad("bad")
		w.remote()
		w.on("topic", w.added)
		w.bad("own")
		w.merge("main")
		return w.pullInto("pull_request_target", "main", w.added, "")
	}},
	{"the branch was rebased onto a newer main", "pass: ", func(w *world) string {
		w.on("topic", w.added)
		w.put("a.txt", "a\n")
		w.on("main", w.added)
		w.bad("bad")
		w.remote()
		w.git("checkout", "-q", "topic")
		w.git("rebase", "-q", "main")
		return w.pull(w.added, "")
	}},
	{"an older base, a shallow checkout of the head", "pass: ", func(w *world) string {
		w.bad("bad")
		w.on("topic", w.added)
		w.harmless()
		w.merge("main")
		w.clone("--depth=1", "origin", "topic")
		return w.pull(w.added, "")
	}},
	{"an older base, and main cannot be asked", "fail: bad new!, old known", func(w *world) string {
		w.bad("bad")
		w.on("topic", w.added)
		w.harmless()
		w.merge("main")
		w.git("branch", "-q", "-m", "main", "elsewhere")
		return w.pull(w.added, "")
	}},
	{"main was rewound, and the event names the newer base", "pass: ", func(w *world) string {
		w.remote()
		base := w.bad("bad")
		w.on("topic", base)
		w.harmless()
		return w.pull(base, "")
	}},
	{"the merge is checked out, two commits deep", "pass: ", func(w *world) string {
		w.on("topic", w.added)
		w.harmless()
		w.on("main", w.added)
		w.bad("bad")
		merge := w.merge("topic")
		w.git("update-ref", "refs/pull/12/merge", merge)
		w.git("reset", "-q", "--hard", "HEAD~1")
		w.clone("--depth=2", "origin", "refs/pull/12/merge")
		return w.pull(w.added, merge)
	}},
	{"it is merged already, and run again", "fail: bad new!, old known", func(w *world) string {
		w.on("topic", w.added)
		w.bad("bad")
		w.on("main", w.added)
		w.merge("topic")
		w.remote()
		w.git("checkout", "-q", "topic")
		return w.pull(w.added, "")
	}},
	{"it merges into another branch", "fail: bad new!, old known", func(w *world) string {
		w.on("release", w.added)
		release := w.harmless()
		w.git("update-ref", "refs/remotes/origin/release", release)
		w.on("main", w.added)
		w.bad("bad")
		w.remote()
		w.on("topic", release)
		w.merge("main")
		return w.pullInto("pull_request", "release", release, "")
	}},
	{"it fixes its own finding", "pass: old known", func(w *world) string {
		w.on("topic", w.added)
		w.bad("bad")
		w.put(workflowFile("bad"), uses(pinned))
		return w.pull(w.added, "")
	}},
	{"it fixes an old finding", "pass: ", func(w *world) string {
		w.on("topic", w.added)
		w.put(workflowFile("old"), uses(pinned))
		return w.pull(w.added, "")
	}},
	{"it removes its own secret", "fail: key new in history!", func(w *world) string {
		w.on("topic", w.added)
		w.leak("key")
		w.put("key.env", "")
		return w.pull(w.added, "")
	}},
	{"it brings back what main fixed", "fail: old new!", func(w *world) string {
		fix := w.put(workflowFile("old"), uses(pinned))
		w.on("topic", fix)
		w.put(workflowFile("old"), uses("some/old@v1"))
		return w.pull(fix, "")
	}},
	{"main fixed what the branch still has", "pass: ", func(w *world) string {
		w.on("topic", w.added)
		w.put("a.txt", "a\n")
		w.put("a.txt", "")
		w.on("main", w.added)
		fix := w.put(workflowFile("old"), "")
		w.git("checkout", "-q", "topic")
		return w.pull(fix, "")
	}},
	{"it waives itself", "fail: bad new!, old known", func(w *world) string {
		w.on("topic", w.added)
		w.put(workflowFile("bad"), uses("some/bad@v1"), waivers, waiver("bad", 30))
		return w.pull(w.added, "")
	}},
	{"main waives it", "pass: bad waived, old known", func(w *world) string {
		base := w.put(waivers, waiver("bad", 30))
		w.on("topic", base)
		w.bad("bad")
		return w.pull(base, "")
	}},
	{"main waives it after the event", "pass: bad waived, old known", func(w *world) string {
		w.on("topic", w.added)
		w.bad("bad")
		w.on("main", w.added)
		w.put(waivers, waiver("bad", 30))
		w.remote()
		w.git("checkout", "-q", "topic")
		w.merge("main")
		return w.pull(w.added, "")
	}},
	{"it loosens the configuration", "fail: bad new!, key new!, old known", func(w *world) string {
		w.on("topic", w.added)
		w.put(".goldenpath.yml", loose, workflowFile("bad"), uses("some/bad@v1"), "src/key.env", "TOKEN="+token+"\n")
		return w.pull(w.added, "")
	}},
	{"a harmless merge group", "pass: ", func(w *world) string {
		base := w.bad("bad")
		w.on("queue", base)
		w.harmless()
		return w.queued(base)
	}},
	{"a merge group with a finding", "fail: bad new!, old known", func(w *world) string {
		w.on("queue", w.added)
		w.bad("bad")
		return w.queued(w.added)
	}},
	{"a merge group behind another one", "fail: first known, old known, second new!", func(w *world) string {
		w.on("queue", w.added)
		first := w.bad("first")
		w.bad("second")
		return w.queued(first)
	}},
}

// forms: a rename, a move or an update changes the form of a finding, and does not bring it.
var forms = []changeCase{
	{"a file is renamed", "pass: new-name known", func(w *world) string {
		w.on("topic", w.added)
		w.git("mv", workflowFile("old"), workflowFile("new-name"))
		w.commit()
		return w.pull(w.added, "")
	}},
	{"a file is renamed and edited", "pass: new-name known", func(w *world) string {
		w.on("topic", w.added)
		w.put(workflowFile("old"), "", workflowFile("new-name"), "# build the shop\n"+uses("some/old@v1"))
		return w.pull(w.added, "")
	}},
	{"a file is copied", "fail: copy new!, old known", func(w *world) string {
		w.on("topic", w.added)
		w.put(workflowFile("copy"), uses("some/old@v1"))
		return w.pull(w.added, "")
	}},
	{"a secret is moved", "pass: config known", func(w *world) string {
		base := w.leak("key")
		w.on("topic", base)
		w.put("key.env", "", "config.env", "TOKEN="+token+"\n")
		return w.pull(base, "")
	}},
	{"lines are added above", "pass: old known", func(w *world) string {
		w.on("topic", w.added)
		w.put(workflowFile("old"), strings.Repeat("# a comment\n", 20)+uses("some/old@v1"))
		return w.pull(w.added, "")
	}},
	{"an action that is reported once is used a second time", "pass: old known", func(w *world) string {
		w.on("topic", w.added)
		w.put(workflowFile("old"), uses("some/old@v1", "some/old@v1"))
		return w.pull(w.added, "")
	}},
	{"an action that was not pinned is updated", "pass: old known", func(w *world) string {
		w.on("topic", w.added)
		w.put(workflowFile("old"), uses("some/old@v2"))
		return w.pull(w.added, "")
	}},
	{"an action replaces another one", "fail: old new!", func(w *world) string {
		w.on("topic", w.added)
		w.put(workflowFile("old"), uses("other/thing@v1"))
		return w.pull(w.added, "")
	}},
	{"an action is no longer pinned", "fail: old known, pinned new!", func(w *world) string {
		base := w.put(workflowFile("pinned"), uses(pinned))
		w.on("topic", base)
		w.put(workflowFile("pinned"), uses("some/old@v1"))
		return w.pull(base, "")
	}},
	{"a vulnerable package is updated to a vulnerable version", "pass: go known", func(w *world) string {
		base := w.put("go.mod", library)
		w.on("topic", base)
		w.put("go.mod", strings.Replace(library, "v0.3.6", "v0.3.7", 1))
		return w.pull(base, "")
	}},
	{"a module moves, and is rewritten", "pass: go known", func(w *world) string {
		base := w.put("go.mod", library)
		w.on("topic", base)
		w.put("go.mod", "", "app/go.mod", "module example.com/app/v2\n\ngo 1.26.1\n\nrequire (\n\texample.com/a v1.0.0\n\texample.com/b v1.0.0\n\tgolang.org/x/text v0.3.6\n)\n")
		return w.pull(base, "")
	}},
	{"a module is copied", "fail: go new!", func(w *world) string {
		base := w.put("go.mod", library)
		w.on("topic", base)
		w.put("app/go.mod", library)
		return w.pull(base, "")
	}},
}

// counts: a tag, a release, a schedule and a manual run count everything that is neither
// waived nor in the baseline.
var counts = []changeCase{
	{"a tag", "pass: old known", func(w *world) string { w.harmless(); return w.ref("refs/tags/v1", "") }},
	{"a tag at a blocked commit", "fail: bad new!, old known", func(w *world) string {
		w.bad("bad")
		w.harmless()
		return w.ref("refs/tags/v1", "")
	}},
	{"a tag of what a blocked push loosened", "fail: bad new!, key new!, old known", func(w *world) string {
		passed := w.harmless()
		w.put(".goldenpath.yml", loose, workflowFile("bad"), uses("some/bad@v1"), "src/key.env", "TOKEN="+token+"\n")
		return w.ref("refs/tags/v1", "", "--passed", passed)
	}},
	{"a release", "pass: old known", func(w *world) string { w.harmless(); return w.event("release") }},
	{"a release of a blocked commit", "fail: bad new!, old known", func(w *world) string { w.bad("bad"); return w.event("release") }},
	{"a release counts what an earlier one accepted", "fail: more new!, old known", func(w *world) string {
		w.release(w.t, w.bad("more"))
		w.harmless()
		return w.event("release")
	}},
	{"a release with a waiver", "pass: bad waived, old known", func(w *world) string {
		w.put(workflowFile("bad"), uses("some/bad@v1"), waivers, waiver("bad", 30))
		return w.event("release")
	}},
	{"a release whose waiver has ended", "fail: bad new!, old known", func(w *world) string {
		w.put(workflowFile("bad"), uses("some/bad@v1"), waivers, waiver("bad", -1))
		return w.event("release")
	}},
	{"a schedule after a harmless push", "pass: old known", func(w *world) string { w.harmless(); return w.event("schedule") }},
	{"a schedule after a blocked push", "fail: bad new!, old known", func(w *world) string { w.bad("bad"); return w.event("schedule") }},
	{"a schedule in a shallow checkout", "pass: old known", func(w *world) string {
		w.harmless()
		w.clone("--depth=1", "origin", "main")
		return w.event("schedule")
	}},
	{"a manual run", "fail: bad new!, old known", func(w *world) string { w.bad("bad"); return w.event("workflow_dispatch") }},
	{"a manual run with a base", "pass: ", func(w *world) string {
		base := w.bad("bad")
		w.harmless()
		return w.event("workflow_dispatch", "--base", base)
	}},
	{"another program starts a run", "pass: old known", func(w *world) string { w.harmless(); return w.event("repository_dispatch") }},
}
