package gate

import (
	"archive/zip"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-b235b314/goldenpath/internal/gate/osv"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// world is a real repository whose history one case of the change matrix makes. Its first
// commit has the finding "old"; the second, added, adds goldenpath.
type world struct {
	checkout
	t            *testing.T
	first, added string
}

// matrixData is the folder with advisories, which all cases share.
func matrixData(t *testing.T) string {
	dir, dated := t.TempDir(), t.TempDir()
	all, err := filepath.Glob("testdata/advisories/*.json")
	for _, name := range all {
		b, readErr := os.ReadFile(name)
		b = bytes.Replace(b, []byte(`"published": "0001-`), []byte(`"published": "2022-`), 1)
		err = errors.Join(err, readErr, os.WriteFile(filepath.Join(dated, filepath.Base(name)), b, 0o644))
	}
	if _, importErr := osv.ImportGo(t.Context(), dated, dir); errors.Join(err, importErr) != nil {
		err = errors.Join(err, importErr)
		t.Fatal(err)
	}
	addActions(t, dir)
	return dir
}

func newWorld(t *testing.T, databases string) *world {
	w := &world{checkout: checkout{dir: filepath.Join(t.TempDir(), "app"), databases: databases}, t: t}
	w.write(t, map[string]string{"README.md": "shop\n", workflowFile("old"): uses("some/old@v1")})
	w.git("init", "-q", "-b", "main")
	w.first = w.commit()
	w.added = w.put(".goldenpath.yml", "version: 1\ngate: {fail-on: high}\n")
	return w
}

func (w *world) git(args ...string) string { w.t.Helper(); return w.checkout.git(w.t, args...) }
func (w *world) commit() string            { w.t.Helper(); return w.checkout.commit(w.t) }

// put commits files: a name and a text each. An empty text removes the file.
func (w *world) put(pairs ...string) string {
	w.t.Helper()
	for pair := range slices.Chunk(pairs, 2) {
		if pair[1] == "" {
			w.git("rm", "-q", "--", pair[0])
			continue
		}
		w.write(w.t, map[string]string{pair[0]: pair[1]})
	}
	w.git("add", "-A")
	w.git("commit", "-q", "--allow-empty", "-m", "change")
	return w.git("rev-parse", "HEAD")
}

func workflowFile(name string) string { return ".github/workflows/" + name + ".yml" }

// uses is a workflow with a step for each action.
func uses(actions ...string) string {
	text := "on: push\npermissions: {}\njobs:\n  build:\n    runs-on: ubuntu-24.04\n    timeout-minutes: 5\n    steps:\n"
	for _, a := range actions {
		text += "      - uses: " + a + "\n"
	}
	return text
}

// bad commits a workflow with a finding of that name.
func (w *world) bad(name string) string {
	w.t.Helper()
	return w.put(workflowFile(name), uses("some/"+name+"@v1"))
}

// leak commits a file with a secret.
func (w *world) leak(name string) string {
	w.t.Helper()
	return w.put(name+".env", "TOKEN="+token+"\n")
}

// harmless commits a change without a finding.
func (w *world) harmless() string {
	w.t.Helper()
	return w.put("README.md", w.git("rev-parse", "HEAD")+"\n")
}

// waiver is a waiver file for the finding of a workflow. days from today it ends.
func waiver(name string, days int) string {
	return "version: 1\nwaivers:\n  - {rule: unpinned-uses, path: " + workflowFile(name) + ", reason: reviewed by the team, owner: ann, expires: \"" + time.Now().AddDate(0, 0, days).Format(time.DateOnly) + "\"}\n"
}

const waivers = ".goldenpath/waivers.yml"

// on checks out a new branch at a commit.
func (w *world) on(branch, at string) { w.t.Helper(); w.git("checkout", "-q", "-B", branch, at) }

// merge merges a branch into the checked-out one, with a merge commit.
func (w *world) merge(branch string) string {
	w.t.Helper()
	w.git("merge", "-q", "--no-ff", "-m", "merge", branch)
	return w.git("rev-parse", "HEAD")
}

// says is the verdict and each finding: its name, its status, and ! if it blocks.
func (w *world) says(r result) string {
	w.t.Helper()
	if r.report == nil || r.report.Reason == report.ReasonIncomplete {
		return "error: " + r.all["stderr"]
	}
	var all []string
	for _, f := range r.report.Findings {
		name, _, _ := strings.Cut(filepath.Base(f.At.Path), ".")
		name += " " + string(f.Status)
		if f.Secret == report.SecretRemoved {
			name += " in history"
		}
		if f.Blocking {
			name += "!"
		}
		all = append(all, name)
	}
	slices.Sort(all)
	return string(r.report.Verdict) + ": " + strings.Join(all, ", ")
}

func (w *world) head() string { return w.git("rev-parse", "HEAD") }

// pushed runs the gate as GitHub does for a push to main.
func (w *world) pushed(before string, args ...string) string {
	w.t.Helper()
	return w.ref("refs/heads/main", before, args...)
}

func (w *world) ref(ref, before string, args ...string) string {
	w.t.Helper()
	before = cmp.Or(before, strings.Repeat("0", 40))
	return w.says(w.run(w.t, event(w.t, "push", "public", map[string]any{"before": before, "after": w.head(), "ref": ref}), args...))
}

// event runs the gate for an event that names no commit.
func (w *world) event(name string, args ...string) string {
	w.t.Helper()
	return w.says(w.run(w.t, event(w.t, name, "public", map[string]any{}), args...))
}

// pull runs the gate for a pull request into main. base is the commit that the event names.
// Unless merge is "", it is GitHub's merge commit.
func (w *world) pull(base, merge string, args ...string) string {
	w.t.Helper()
	return w.pullInto("pull_request", "main", base, merge, args...)
}

func (w *world) pullInto(name, branch, base, merge string, args ...string) string {
	w.t.Helper()
	head := w.head()
	if merge != "" {
		head = w.git("rev-parse", merge+"^2")
	}
	env := event(w.t, name, "public", map[string]any{"number": 12, "pull_request": map[string]any{
		"base": map[string]any{"sha": base, "ref": branch, "repo": map[string]any{"full_name": "acme/shop"}},
		"head": map[string]any{"sha": head, "ref": "topic", "repo": map[string]any{"full_name": "acme/shop"}},
	}})
	if merge != "" {
		maps.Copy(env, map[string]string{"GITHUB_REF": "refs/pull/12/merge", "GITHUB_SHA": merge})
	}
	return w.says(w.run(w.t, env, args...))
}

// queued runs the gate for a merge group.
func (w *world) queued(base string) string {
	w.t.Helper()
	return w.says(w.run(w.t, event(w.t, "merge_group", "public", map[string]any{"merge_group": map[string]any{"base_sha": base, "base_ref": "refs/heads/main", "head_sha": w.head()}})))
}

// remote makes refs/remotes/origin/main what a full checkout has.
func (w *world) remote() { w.t.Helper(); w.git("update-ref", "refs/remotes/origin/main", "main") }

// dated sets the date of later commits, so that advisories are older or newer.
func (w *world) dated(day string) {
	w.t.Setenv("GIT_COMMITTER_DATE", day+"T12:00:00Z")
}

// clone replaces the checkout by a clone of it, which a server offers.
func (w *world) clone(args ...string) {
	w.t.Helper()
	w.git("config", "uploadpack.allowAnySHA1InWant", "true")
	to := filepath.Join(w.t.TempDir(), "clone")
	if err := os.Mkdir(to, 0o755); err != nil {
		w.t.Fatal(err)
	}
	from := w.dir
	w.dir = to
	w.git("init", "-q", "-b", "checkout")
	w.git("remote", "add", "origin", "file://"+from)
	w.git(append([]string{"fetch", "-q"}, args...)...)
	w.git("checkout", "-q", "--detach", "FETCH_HEAD")
}

// addActions adds advisories about actions to a folder of databases. Without any, a repository
// that has nothing but actions is not clean.
func addActions(t *testing.T, databases string) {
	t.Helper()
	name := filepath.Join(databases, "osv-scalibr", "GitHub Actions", "all.zip")
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.CreateHeader(&zip.FileHeader{Name: "GHSA-1.json", Modified: time.Now()})
	if err == nil {
		_, err = fmt.Fprintf(w, `{"id": "GHSA-1", "modified": %q, "affected": [{"package": {"ecosystem": "GitHub Actions", "name": "some/other"}, "versions": ["v0"]}]}`, time.Now().UTC().Format(time.RFC3339))
	}
	if err = errors.Join(err, z.Close(), os.WriteFile(name, b.Bytes(), 0o644)); err != nil {
		t.Fatal(err)
	}
}
