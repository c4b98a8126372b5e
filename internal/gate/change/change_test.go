package change

import (
	"cmp"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

type repo struct {
	t   *testing.T
	dir string
}

func newRepo(t *testing.T) repo {
	r := repo{t, t.TempDir()}
	r.git("init", "-q", "-b", "main")
	return r
}

func (r repo) git(args ...string) string {
	r.t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "protocol.file.allow=always"}, args...)...)
	cmd.Dir = r.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("git %v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit writes files, of which an empty one is removed.
func (r repo) commit(files map[string]string) string {
	r.t.Helper()
	for name, text := range files {
		file := filepath.Join(r.dir, name)
		if text == "" {
			r.git("rm", "-q", "--", name)
			continue
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o644)); err != nil {
			r.t.Fatal(err)
		}
	}
	r.git("add", "-A")
	r.git("commit", "-q", "--allow-empty", "-m", "change")
	return r.git("rev-parse", "HEAD")
}

func (r repo) find(q Request, exclude ...string) (*Change, *Listing, error) {
	r.t.Helper()
	q.Dir, q.Scratch = r.dir, r.t.TempDir()
	q.App = cmp.Or(q.App, "shop")
	c, err := Resolve(r.t.Context(), q)
	if err != nil {
		return nil, nil, err
	}
	l, err := c.List(r.t.Context(), exclude, false)
	return c, l, err
}

func paths(files []gate.File) []string {
	out := []string{}
	for _, f := range files {
		out = append(out, f.Path)
	}
	return out
}

func changedPaths(c gate.Changes) []string {
	out := []string{}
	for name := range c {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// TestCompare proves GP-GATE-4: the changed files, with any name.
func TestCompare(t *testing.T) {
	r := newRepo(t)
	base := r.commit(map[string]string{"a": "1\n", "gone": "x\n", "moved": "m\n", "sub/ü \n\"x": "1\n", "fixtures/k": "1\n"})
	if err := os.Symlink("/etc/passwd", filepath.Join(r.dir, "link")); err != nil {
		t.Fatal(err)
	}
	head := r.commit(map[string]string{"a": "22\n", "gone": "", "moved": "", "to/moved": "m\n", "sub/ü \n\"x": "2\n", "new": "1\n", "fixtures/k": "2\n"})
	if err := os.WriteFile(filepath.Join(r.dir, "a"), []byte("333\n"), 0o644); err != nil { // not committed
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(r.dir, "unknown to git"), []byte("1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	c, l, err := r.find(Request{Base: base}, "fixtures")
	if err != nil {
		t.Fatal(err)
	}
	if c.Head != head || c.Policy != base || l.Against.Commit != base {
		t.Errorf("%+v %+v", c, l.Against)
	}
	if diff := gocmp.Diff([]string{"a", "fixtures/k", "gone", "link", "moved", "new", "sub/ü \n\"x", "to/moved"}, changedPaths(l.Against.Changed)); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
	if diff := gocmp.Diff([]string{"a", "link", "new", "sub/ü \n\"x", "to/moved"}, paths(l.Files)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if l.Files[0].Size != 4 {
		t.Errorf("size %d: not that of the checkout", l.Files[0].Size)
	}
	before, when, err := l.Against.Files(t.Context())
	if err != nil || when.IsZero() {
		t.Errorf("of %v: %v", when, err)
	}
	if diff := gocmp.Diff([]string{"a", "gone", "moved", "sub/ü \n\"x"}, paths(before)); diff != "" {
		t.Errorf("files of the base (-want +got):\n%s", diff)
	}
	dir, err := l.Against.CheckOut(t.Context(), before[:2])
	if err != nil {
		t.Fatal(err)
	}
	files, err := gate.Walk(t.Context(), dir, nil)
	if err != nil || !slices.Equal(paths(files), []string{"a", "gone"}) || files[0].Size != 2 {
		t.Errorf("checked out %v, %v", files, err)
	}
	if !strings.HasPrefix(l.Scope, "7 files of 5 changed since ") {
		t.Errorf("scope %q", l.Scope)
	}
}

// TestEvents proves GP-GATE-3 and 4: the base of each event. Without one, every file is
// examined and the report states why.
func TestEvents(t *testing.T) {
	r := newRepo(t)
	root := r.commit(map[string]string{"a": "1\n"})
	tip := r.commit(map[string]string{"b": "1\n"})
	r.git("checkout", "-q", "-b", "topic", root)
	topic := r.commit(map[string]string{"c": "1\n"})
	r.git("checkout", "-q", "main")
	r.git("merge", "-q", "--no-ff", "-m", "merge", "topic")
	merge := r.git("rev-parse", "HEAD")
	r.git("checkout", "-q", "--orphan", "other")
	other := r.commit(map[string]string{"d": "1\n"})
	nowhere := strings.Repeat("0123", 10)
	for name, test := range map[string]struct {
		at    string
		asked Request
		base  string // "": everything
		says  string // of the scope or the error
		exit  int
	}{
		"no base":                         {tip, Request{}, "", "everything at", 0},
		"a person":                        {tip, Request{Base: root}, root, "1 file of 2 changed", 0},
		"a branch's name":                 {tip, Request{Base: "topic"}, root, "1 file of 2 changed", 0},
		"a pull request's merge":          {merge, Request{Event: Event{Name: "pull_request", Base: root, Merge: merge}}, tip, "1 file of 3 changed", 0},
		"a pull request's head":           {topic, Request{Event: Event{Name: "pull_request", Base: tip, Merge: merge}}, root, "1 file of 2 changed", 0},
		"a merge that GitHub did not do":  {merge, Request{Event: Event{Name: "pull_request", Base: root}}, root, "2 files of 3 changed", 0},
		"a merge group":                   {merge, Request{Event: Event{Name: "merge_group", Base: tip}}, tip, "1 file of 3 changed", 0},
		"a push without a ledger":         {tip, Request{Event: Event{Name: "push", Base: root}}, "", "no base: this repository has no branch goldenpath-ledger", 0},
		"a schedule":                      {tip, Request{Event: Event{Name: "schedule"}}, "", "no base: the schedule event counts everything; this repository has no branch goldenpath-ledger", 0},
		"a pull request's base is gone":   {tip, Request{Event: Event{Name: "pull_request", Base: nowhere}}, "", "cannot find the base 0123012 that the pull_request event names", report.ExitFailure},
		"a pull request of other history": {other, Request{Event: Event{Name: "pull_request", Base: tip}}, "", "no commit in common", report.ExitFailure},
		"a person is wrong":               {tip, Request{Base: "nope"}, "", "--base nope is not a commit of this checkout", report.ExitUsage},
		"a person names the commit":       {tip, Request{Base: "HEAD"}, "", "is the checked-out commit", report.ExitUsage},
		"a person names what is newer":    {root, Request{Base: tip}, "", "already contains the checked-out commit", report.ExitUsage},
		"a person gives an option":        {tip, Request{Base: "--output=x"}, "", "is not a commit", report.ExitUsage},
		"a person names other history":    {other, Request{Base: tip}, "", "has no commit in common", report.ExitUsage},
	} {
		t.Run(name, func(t *testing.T) {
			r := repo{t, r.dir}
			r.git("checkout", "-q", "-f", test.at)
			c, l, err := r.find(test.asked)
			if err != nil {
				if test.exit != report.ExitCode(nil, err) || !strings.Contains(err.Error(), test.says) {
					t.Errorf("exit %d: %v", report.ExitCode(nil, err), err)
				}
				return
			}
			if test.exit != 0 || !strings.Contains(l.Scope, test.says) {
				t.Errorf("scope %q", l.Scope)
			}
			got := ""
			if l.Against != nil {
				got = l.Against.Commit
			}
			if got != test.base || test.base != "" && c.Policy == "" {
				t.Errorf("compared with %q, policy of %q", got, c.Policy)
			}
		})
	}
}

// TestShallow proves GP-GATE-4 for a shallow clone: missing history is fetched.
func TestShallow(t *testing.T) {
	origin := newRepo(t)
	base := origin.commit(map[string]string{"a": "1\n"})
	origin.commit(map[string]string{"b": "1\n"})
	origin.commit(map[string]string{"c": "1\n"})
	clone := repo{t, t.TempDir()}
	clone.git("clone", "-q", "--depth=1", "file://"+origin.dir, ".")
	_, l, err := clone.find(Request{Event: Event{Name: "pull_request", Base: base}})
	if err != nil || l.Against == nil || l.Against.Commit != base || len(l.Against.Changed) != 2 {
		t.Errorf("%+v, %v", l, err)
	}
	cut := repo{t, t.TempDir()}
	cut.git("clone", "-q", "--depth=1", "file://"+origin.dir, ".")
	cut.git("remote", "set-url", "origin", filepath.Join(t.TempDir(), "gone"))
	if _, _, err := cut.find(Request{Event: Event{Name: "pull_request", Base: base}}); err == nil || !strings.Contains(err.Error(), "fetch-depth: 0") || report.ExitCode(nil, err) != report.ExitFailure {
		t.Errorf("without an origin: %v", err)
	}
}

// TestNoRepository: all files of a folder, and of a repository without a commit, are
// examined.
func TestNoRepository(t *testing.T) {
	plain := repo{t, t.TempDir()}
	if err := os.WriteFile(filepath.Join(plain.dir, "a"), []byte("1"), 0o644); err != nil {
		t.Fatal(err)
	}
	empty := newRepo(t)
	for _, r := range []repo{plain, empty} {
		c, l, err := r.find(Request{})
		if err != nil || c.Head != "" || l.Against != nil {
			t.Errorf("%+v %+v, %v", c, l, err)
		}
		if _, _, err := r.find(Request{Base: "main"}); report.ExitCode(nil, err) != report.ExitUsage {
			t.Errorf("a base: %v", err)
		}
	}
}

// TestSubmodule proves GP-GATE-1: a submodule that was not checked out is reported.
func TestSubmodule(t *testing.T) {
	library := newRepo(t)
	library.commit(map[string]string{"l": "1\n"})
	r := newRepo(t)
	base := r.commit(map[string]string{"a": "1\n"})
	r.git("submodule", "--quiet", "add", library.dir, "vendor/lib")
	r.commit(map[string]string{"b": "1\n"})
	clone := repo{t, t.TempDir()}
	clone.git("clone", "-q", r.dir, ".")
	for _, a := range []Request{{}, {Base: base}} {
		if _, l, err := r.find(a); err != nil || len(l.Missing) != 0 {
			t.Errorf("checked out: %+v, %v", l, err)
		}
		_, l, err := clone.find(a)
		if err != nil || len(l.Missing) != 1 || l.Missing[0].What != "submodule vendor/lib" {
			t.Errorf("not checked out: %+v, %v", l, err)
		}
		if _, l, err := clone.find(a, "vendor/lib"); err != nil || len(l.Missing) != 0 {
			t.Errorf("excluded: %+v, %v", l, err)
		}
	}
	clone.commit(map[string]string{"c": "1\n"})
	if _, l, err := clone.find(Request{Base: "HEAD~1"}); err != nil || len(l.Missing) != 0 {
		t.Errorf("not of this change: %+v, %v", l, err)
	}
}

// TestLinks proves GP-GATE-1: a link is a file under its own name, and changes with
// its target.
func TestLinks(t *testing.T) {
	r := newRepo(t)
	for link, to := range map[string]string{"go.mod": "mod.txt", "out": "/etc/passwd", "nowhere": "gone", "dir": "sub", "up/x": "../mod.txt"} {
		if err := errors.Join(os.MkdirAll(filepath.Join(r.dir, "up"), 0o755), os.Symlink(to, filepath.Join(r.dir, link))); err != nil {
			t.Fatal(err)
		}
	}
	base := r.commit(map[string]string{"mod.txt": "one\n", "sub/a": "1\n"})
	r.commit(map[string]string{"mod.txt": "two\n"})
	for _, a := range []Request{{}, {Base: base}} {
		_, l, err := r.find(a)
		if err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff([]string{"go.mod", "mod.txt", "nowhere", "out", "sub/a", "up/x"}, paths(l.Files)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if l.Against != nil && (!l.Against.Changed["go.mod"] || !l.Against.Changed["up/x"] || l.Against.Changed["out"]) {
			t.Errorf("changed %v", l.Against.Changed)
		}
	}
}

// TestSparse proves GP-GATE-1: files of the commit that the checkout lacks are reported.
func TestSparse(t *testing.T) {
	origin := newRepo(t)
	base := origin.commit(map[string]string{"src/a": "1\n"})
	origin.commit(map[string]string{"deploy/go.mod": "module x\n", "deploy/b": "1\n"})
	r := repo{t, t.TempDir()}
	r.git("clone", "-q", "file://"+origin.dir, ".")
	r.git("sparse-checkout", "set", "src")
	for _, a := range []Request{{}, {Base: base}, {Base: base, Committed: true}} {
		if _, l, err := r.find(a); err != nil || len(l.Missing) != 1 || !strings.Contains(l.Missing[0].What, "and 1 more") {
			t.Errorf("%+v: %+v, %v", a, l, err)
		}
	}
	if err := os.Remove(filepath.Join(r.dir, "src/a")); err != nil {
		t.Fatal(err)
	}
	r.git("sparse-checkout", "disable")
	if _, l, err := r.find(Request{}); err != nil || len(l.Missing) != 0 {
		t.Errorf("removed and not committed: %+v, %v", l, err)
	}
}

// TestMoved proves GP-GATE-4: a file is renamed if most of it is the same.
func TestMoved(t *testing.T) {
	r := newRepo(t)
	text := strings.Repeat("a line of the file\nanother one of it\n", 20)
	base := r.commit(map[string]string{"old/a": text, "old/b": "quite short\n"})
	r.commit(map[string]string{"old/a": "", "new/a": text + "and one more\n", "old/b": "", "new/b": "something else\n"})
	_, l, err := r.find(Request{Base: base})
	if err != nil {
		t.Fatal(err)
	}
	got, err := l.Against.Moved(t.Context())
	if diff := gocmp.Diff(map[string]string{"new/a": "old/a"}, got); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
}

// TestMissingObject: a clone lacks the object of one file. The file of the checkout is
// examined; one that is not there either is a gap.
func TestMissingObject(t *testing.T) {
	r := newRepo(t)
	base := r.commit(map[string]string{"a.txt": "a", "b.txt": "b", "c.txt": "c"})
	r.commit(map[string]string{"a.txt": "changed"})
	for _, name := range []string{"b.txt", "c.txt"} {
		id := r.git("rev-parse", "HEAD:"+name)
		if err := os.Remove(filepath.Join(r.dir, ".git/objects", id[:2], id[2:])); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(r.dir, "c.txt")); err != nil {
		t.Fatal(err)
	}
	_, l, err := r.find(Request{Base: base, Committed: true})
	if err != nil {
		t.Fatal(err)
	}
	if got := paths(l.Files); !slices.Equal(got, []string{"a.txt", "b.txt"}) {
		t.Errorf("files %q", got)
	}
	if len(l.Missing) != 1 || l.Missing[0].What != "c.txt" {
		t.Errorf("missing %+v", l.Missing)
	}
}
