package gate

import "time"

// library is a go.mod whose package has a vulnerability that was published in 2022.
const library = "module example.com/shop\n\ngo 1.26\n\nrequire golang.org/x/text v0.3.6\n"

// loose is a configuration that examines less.
const loose = "version: 1\ngate: {fail-on: critical, exclude: [src]}\n"

// accepted: a release or a run that passed is the base, for what it accepted and as long as
// it did.
var accepted = []changeCase{
	{"the last run passed", "pass: old known", func(w *world) string {
		passed := w.harmless()
		w.harmless()
		return w.pushed(passed, "--passed", passed)
	}},
	{"a run passed, one was blocked, one is harmless", "fail: bad new!, old known", func(w *world) string {
		passed := w.harmless()
		blocked := w.bad("bad")
		w.harmless()
		return w.pushed(blocked, "--passed", passed)
	}},
	{"the blocked push examined less", "fail: bad new!, key new!, old known", func(w *world) string {
		passed := w.harmless()
		blocked := w.put(".goldenpath.yml", loose, workflowFile("bad"), uses("some/bad@v1"), "src/key.env", "TOKEN="+token+"\n")
		w.harmless()
		return w.pushed(blocked, "--passed", passed)
	}},
	{"a pass of this commit changes nothing", "fail: bad new!, old known", func(w *world) string {
		head := w.bad("bad")
		return w.pushed(w.added, "--passed", head)
	}},
	{"a pass of another branch", "fail: bad new!, old known", func(w *world) string {
		w.on("topic", w.added)
		other := w.bad("bad")
		w.on("main", w.added)
		w.bad("bad")
		return w.pushed(w.added, "--passed", other)
	}},
	{"the second of two passes is contained", "fail: bad new!, more known, old known", func(w *world) string {
		other := w.bad("other")
		w.git("reset", "-q", "--hard", w.added)
		passed := w.put(".goldenpath.yml", loose, workflowFile("more"), uses("some/more@v1"))
		w.put(".goldenpath.yml", "version: 1\n")
		w.bad("bad")
		return w.pushed(passed, "--passed", other+","+passed, "--fail-on", "high")
	}},
	{"a pass that is not a commit", "fail: bad new!, old known", func(w *world) string {
		w.bad("bad")
		return w.pushed(w.added, "--passed", "main")
	}},
	{"an advisory is published after the pass", "pass: go disclosed, old known", func(w *world) string {
		w.dated("2021-01-01")
		passed := w.put("go.mod", library)
		w.dated("2025-01-01")
		w.harmless()
		return w.pushed(passed, "--passed", passed)
	}},
	{"an advisory is published, and no pass is recorded", "fail: go new!, old known", func(w *world) string {
		w.dated("2021-01-01")
		before := w.put("go.mod", library)
		w.dated("2025-01-01")
		w.harmless()
		return w.pushed(before)
	}},
	{"an advisory is published, by schedule", "fail: go new!, old known", func(w *world) string {
		w.dated("2021-01-01")
		passed := w.put("go.mod", library)
		w.dated("2025-01-01")
		w.harmless()
		return w.event("schedule", "--passed", passed)
	}},
	{"a newer release than the pass", "pass: more known, old known", func(w *world) string {
		passed := w.harmless()
		released := w.bad("more")
		w.release(w.t, released)
		w.harmless()
		return w.pushed(released, "--passed", passed)
	}},
	{"a newer pass than the release", "pass: more known, old known", func(w *world) string {
		w.release(w.t, w.added)
		passed := w.bad("more")
		w.harmless()
		return w.pushed(passed, "--passed", passed)
	}},
	{"after a release", "fail: bad new!, more known, old known", func(w *world) string {
		released := w.bad("more")
		w.release(w.t, released)
		blocked := w.bad("bad")
		w.harmless()
		return w.pushed(blocked)
	}},
	{"the release of another branch", "fail: bad new!, old known", func(w *world) string {
		w.on("hotfix", w.added)
		w.release(w.t, w.bad("bad"))
		w.on("main", w.added)
		w.bad("bad")
		return w.pushed(w.added)
	}},
	{"a history that no release contains", "fail: old new!", func(w *world) string {
		w.release(w.t, w.added)
		w.git("checkout", "-q", "--orphan", "fresh")
		w.commit()
		return w.pushed("")
	}},
	{"a release under a waiver", "pass: bad waived, old known", func(w *world) string {
		w.put(workflowFile("bad"), uses("some/bad@v1"), waivers, waiver("bad", 30))
		w.release(w.t, w.head())
		w.harmless()
		return w.pushed(w.git("rev-parse", "HEAD~1"))
	}},
	{"the waiver of a release ends", "fail: bad new!, old known", func(w *world) string {
		w.put(workflowFile("bad"), uses("some/bad@v1"), waivers, waiver("bad", -1))
		released := w.head()
		w.release(w.t, released)
		w.harmless()
		return w.pushed(released)
	}},
	{"the waiver of a release is removed", "fail: bad new!, old known", func(w *world) string {
		w.put(workflowFile("bad"), uses("some/bad@v1"), waivers, waiver("bad", 30))
		w.release(w.t, w.head())
		before := w.put(waivers, "version: 1\n")
		w.harmless()
		return w.pushed(before)
	}},
	{"the waiver was removed by the released push", "fail: bad new!, old known", func(w *world) string {
		before := w.put(workflowFile("bad"), uses("some/bad@v1"), waivers, waiver("bad", 30))
		released := w.put(waivers, "version: 1\n") // judged by the waivers of before
		_ = before
		w.release(w.t, released)
		w.harmless()
		return w.pushed(released)
	}},
	{"the waiver of a release is renewed", "pass: bad waived, old known", func(w *world) string {
		w.put(workflowFile("bad"), uses("some/bad@v1"), waivers, waiver("bad", -1))
		w.release(w.t, w.head())
		before := w.put(waivers, waiver("bad", 30))
		w.harmless()
		return w.pushed(before)
	}},
	{"a waiver of what the baseline has ends", "warn: old known", func(w *world) string {
		before := w.put(waivers, waiver("old", -1))
		w.harmless()
		return w.pushed(before)
	}},
	{"a push waives itself", "fail: bad new!, old known", func(w *world) string {
		w.put(workflowFile("bad"), uses("some/bad@v1"), waivers, waiver("bad", 30))
		return w.pushed(w.added)
	}},
	{"a finding is waived beforehand", "pass: bad waived, old known", func(w *world) string {
		before := w.put(waivers, waiver("bad", 30))
		w.bad("bad")
		return w.pushed(before)
	}},
	{"a blocked finding is waived afterwards", "pass: bad waived, old known", func(w *world) string {
		w.bad("bad")
		before := w.put(waivers, waiver("bad", 30))
		w.harmless()
		return w.pushed(before)
	}},
	{"a waiver ends today", "pass: bad waived, old known", func(w *world) string {
		w.put(waivers, waiver("bad", 0))
		before := w.head()
		w.bad("bad")
		if time.Now().UTC().Hour() == 23 && time.Now().UTC().Minute() > 58 {
			w.t.Skip("the day is about to end")
		}
		return w.pushed(before)
	}},
}
