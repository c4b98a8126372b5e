package stage

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/scorecard"
)

// row grades what was read, and returns one row of the scorecard.
func row(t *testing.T, name string, o scorecard.Options) string {
	t.Helper()
	o.Dir = t.TempDir()
	r, err := scorecard.Grade(o)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(r.Checks, func(c report.Check) bool { return c.Name == name })
	return string(r.Checks[i].State) + " " + r.Checks[i].Result
}

// TestMigrationFolders: GP-SCORE-7, a folder whose files git does not list is not an
// empty one.
func TestMigrationFolders(t *testing.T) {
	other := newLab(t)
	other.commit("sub", "001.sql", "DROP TABLE votes;")
	add := func(l *lab, at string) {
		l.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", other.repo.Dir(), at)
	}
	for name, tt := range map[string]struct {
		folder string
		make   func(l *lab)
		want   string
	}{
		"a folder":                {"db", func(l *lab) { l.write("db/001.sql", "x") }, "db/001.sql"},
		"written with a slash":    {"./db/", func(l *lab) { l.write("db/001.sql", "x") }, "db/001.sql"},
		"the top":                 {".", func(l *lab) { l.write("001.sql", "x") }, "001.sql"},
		"a name with magic":       {":(top)db", func(l *lab) { l.write(":(top)db/001.sql", "x") }, ":(top)db/001.sql"},
		"a name with a pattern":   {"d[b]*", func(l *lab) { l.write("d[b]*/1.sql", "x"); l.write("db/2.sql", "x") }, "d[b]*/1.sql"},
		"a folder that starts so": {"db", func(l *lab) { l.write("db2/001.sql", "x") }, ""},
		"no folder":               {"db", func(*lab) {}, ""},
		"a submodule":             {"db", func(l *lab) { add(l, "db") }, "unknown"},
		"a submodule below":       {"db", func(l *lab) { add(l, "db/v2") }, "unknown"},
		"a link to a folder":      {"db", func(l *lab) { l.write("real/001.sql", "x"); l.link("db", "real") }, "unknown"},
		"a file":                  {"db", func(l *lab) { l.write("db", "x") }, "unknown"},
	} {
		for _, since := range []bool{false, true} {
			t.Run(fmt.Sprint(name, since), func(t *testing.T) {
				l := newLab(t)
				base := ""
				if since {
					base = l.commit("base", "README.md", "x").ID
				}
				tt.make(l)
				c := l.commit("one")
				got := row(t, "migrations", scorecard.Options{Migrations: tt.folder, NewMigrations: c.newMigrations(t.Context(), base, tt.folder)})
				switch {
				case tt.want == "unknown":
					if !strings.HasPrefix(got, "missing ") {
						t.Errorf("%q", got)
					}
				case tt.want == "":
					if !strings.Contains(got, "none") {
						t.Errorf("%q", got)
					}
				case !strings.Contains(got, filepath.Base(tt.want)):
					t.Errorf("%q", got)
				}
				cfg := parse(t, app)
				cfg.Scorecard.Migrations = tt.folder
				m, err := c.Manifest(t.Context(), cfg, "production")
				if want := strings.TrimSuffix(filepath.Base("/"+tt.want), ".sql"); tt.want == "unknown" {
					if err == nil {
						t.Errorf("the manifest says %q", m.Migration)
					}
				} else if err != nil || tt.want != "" && m.Migration != want {
					t.Errorf("the manifest says %q, want %q: %v", m.Migration, want, err)
				}
			})
		}
	}
}

// TestMessages: GP-SCORE-3, every commit between the release and the candidate counts,
// whatever its message contains.
func TestMessages(t *testing.T) {
	for name, tt := range map[string]struct {
		history func(l *lab) (base, tip Commit)
		want    []string // ids that the messages name
	}{
		"a branch that was merged": {func(l *lab) (Commit, Commit) {
			base := l.commit("base")
			l.git("switch", "-qc", "f")
			l.commit("SHOP-1", "x", "x")
			l.git("switch", "-q", "main")
			l.commit("SHOP-2", "y", "y")
			l.git("merge", "-q", "--no-ff", "f", "-m", "merge SHOP-3")
			return base, l.head()
		}, []string{"SHOP-1", "SHOP-2", "SHOP-3"}},
		"octopus": {func(l *lab) (Commit, Commit) {
			base := l.commit("base")
			for i := range 3 {
				l.git("switch", "-qc", fmt.Sprint("f", i), base.ID)
				l.commit(fmt.Sprint("SHOP-", i+1), fmt.Sprint("f", i), "x")
			}
			l.git("switch", "-q", "main")
			l.git("merge", "-q", "f0", "f1", "f2", "-m", "all", "--no-ff")
			return base, l.head()
		}, []string{"SHOP-1", "SHOP-2", "SHOP-3"}},
		"unrelated history": {func(l *lab) (Commit, Commit) {
			base := l.commit("base")
			l.git("checkout", "-q", "--orphan", "other")
			l.commit("SHOP-1")
			l.git("switch", "-q", "main")
			l.git("merge", "-q", "--allow-unrelated-histories", "other", "-m", "join")
			return base, l.head()
		}, []string{"SHOP-1"}},
		"an older commit than the release": {func(l *lab) (Commit, Commit) {
			old := l.commit("SHOP-1")
			return l.commit("SHOP-2"), old
		}, nil},
		"the release itself": {func(l *lab) (Commit, Commit) { c := l.commit("SHOP-1"); return c, c }, nil},
		"a side branch of the release": {func(l *lab) (Commit, Commit) {
			l.commit("SHOP-1")
			l.git("switch", "-qc", "f")
			tip := l.commit("SHOP-2")
			l.git("switch", "-q", "main")
			return l.commit("SHOP-3"), tip
		}, []string{"SHOP-2"}},
		"no message": {func(l *lab) (Commit, Commit) {
			base := l.commit("base")
			l.git("commit", "-q", "--allow-empty", "--allow-empty-message", "-m", "")
			return base, l.commit("SHOP-2")
		}, []string{"SHOP-2"}},
		"a reverted commit": {func(l *lab) (Commit, Commit) {
			base := l.commit("base")
			l.commit("SHOP-1", "x", "x")
			l.git("revert", "--no-edit", "HEAD")
			return base, l.head()
		}, []string{"SHOP-1"}},
		"an id in the body": {func(l *lab) (Commit, Commit) {
			return l.commit("base"), l.commit("title\n\nbody\n\nRefs: SHOP-4\nSigned-off-by: ann <a@b>")
		}, []string{"SHOP-4"}},
		"a message like a commit": {func(l *lab) (Commit, Commit) {
			base := l.commit("base")
			return base, l.commit("commit " + base.ID + "\n\n\n" + base.ID + "\nSHOP-5")
		}, []string{"SHOP-5"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			base, tip := tt.history(l)
			l.write("docs/all.md", "| SHOP-99 | x |")
			dir := l.repo.Dir()
			r, err := scorecard.Grade(scorecard.Options{Dir: dir, Requirements: "docs", Messages: tip.messages(t.Context(), base.ID, maxCommits)})
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(r.Checks, func(c report.Check) bool { return c.Name == "requirements" })
			got := r.Checks[i].Result
			for n := range 9 {
				id := fmt.Sprint("SHOP-", n+1)
				if want := slices.Contains(tt.want, id); strings.Contains(got, id) != want {
					t.Errorf("%s: named %v, want %v: %q", id, !want, want, got)
				}
			}
		})
	}
}

// TestParent: the base of a commit is its first parent.
func TestParent(t *testing.T) {
	l := newLab(t)
	first := l.commit("one")
	second := l.commit("two")
	l.git("switch", "-qc", "f", first.ID)
	l.commit("three", "x", "x")
	l.git("switch", "-q", "main")
	l.git("merge", "-q", "--no-ff", "f", "-m", "merge")
	got := []string{}
	for _, c := range []Commit{first, second, l.head()} {
		parent, err := c.parent(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, parent)
	}
	if diff := cmp.Diff([]string{"", first.ID, second.ID}, got); diff != "" {
		t.Error(diff)
	}
	if _, err := l.clone("--depth=1").head().parent(t.Context()); err == nil {
		t.Error("a shallow clone has no parents")
	}
	// A replaced object is not what others would see.
	l.git("replace", second.ID, first.ID)
	if parent, err := second.parent(t.Context()); err != nil || parent != first.ID {
		t.Errorf("%s, %v", parent, err)
	}
}
