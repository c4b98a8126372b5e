package stage

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/ledger"
	"github.com/seed-b235b314/goldenpath/internal/report"
	"github.com/seed-b235b314/goldenpath/internal/scorecard"
)

// dimensions grades a commit and returns the rows that depend on the candidate.
func (l *lab) dimensions(c Commit, h *History, files ...string) map[string]string {
	l.t.Helper()
	r, err := Grade(l.t.Context(), c, parse(l.t, app), h, l.repo.Dir(), "", Results{JUnit: files}, noon)
	if err != nil {
		l.t.Fatal(err)
	}
	rows := map[string]string{}
	for _, check := range r.Checks {
		rows[check.Name] = string(check.State) + " " + check.Result
	}
	return rows
}

// released records a commit as the current release in production.
func (l *lab) released(h *History, c Commit, digest string) string {
	l.t.Helper()
	var id string
	err := h.Ledger.Update(l.t.Context(), "release", func(ctx context.Context, tx *ledger.Tx) error {
		e := ledger.Entry{Kind: ledger.KindRelease, App: "shop", Environment: "production", Commit: c.ID, Digest: digest, Verdict: "pass"}
		if last, err := tx.Current(ctx, "production"); err == nil {
			e.Previous = last.ID
		}
		e, err := tx.Record(ctx, e)
		id = e.ID
		return err
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return id
}

func (l *lab) history() *History {
	j := l.job()
	return &History{Ledger: j.Ledger, Image: j.Image}
}

func want(t *testing.T, rows map[string]string, name, prefix string) {
	t.Helper()
	if !strings.HasPrefix(rows[name], prefix) {
		t.Errorf("%s: %q, want %q", name, rows[name], prefix)
	}
}

// TestMigrations: GP-SCORE-7, a migration that the candidate adds is graded whatever
// its file is called.
func TestMigrations(t *testing.T) {
	for _, name := range []string{"002.sql", "002_größe.sql", "V2__drop old votes.sql", "sub/2\"quoted\".sql", "3.SQL", "tab\there.sql", ":(exclude)x.sql"} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			first := l.commit("one", ".goldenpath.yml", app, "db/001.sql", "CREATE TABLE votes(id int);")
			h := l.history()
			l.released(h, first, "sha256:one")
			second := l.commit("two", "db/"+name, "DROP TABLE votes;")
			rows := l.dimensions(second, h)
			want(t, rows, "migrations", "warn irreversible (1 file: "+filepath.Base(name))
		})
	}
}

func TestMigrationsSinceTheRelease(t *testing.T) {
	l := newLab(t)
	first := l.commit("one", ".goldenpath.yml", app, "db/001.sql", "CREATE TABLE votes(id int);")
	h := l.history()
	want(t, l.dimensions(first, h), "migrations", "pass expand (1 file: 001.sql)") // the first release brings them all
	l.released(h, first, "sha256:one")
	want(t, l.dimensions(first, h), "migrations", "pass expand (1 file: 001.sql)") // graded again, it is compared with what it replaced

	want(t, l.dimensions(l.commit("two", "README.md", "x"), h), "migrations", "pass none")
	l.git("mv", "db/001.sql", "db/002.sql")
	want(t, l.dimensions(l.commit("renamed and changed", "db/002.sql", "CREATE TABLE votes(id int);\nDROP TABLE polls;"), h), "migrations", "warn irreversible")
	l.git("rm", "-q", "db/002.sql")
	want(t, l.dimensions(l.commit("removed"), h), "migrations", "pass none")
}

// TestRequirements: GP-SCORE-3, the messages of all commits since the release count.
func TestRequirements(t *testing.T) {
	l := newLab(t)
	first := l.commit("one", ".goldenpath.yml", app, "docs/all.md", "| SHOP-1 | adds |\n| SHOP-2 | pays |\n")
	h := l.history()
	l.released(h, first, "sha256:one")
	l.commit("SHOP-2: pays\n\nwith a body")
	second := l.commit("something else")
	want(t, l.dimensions(second, h), "requirements", "fail named in commits, but without a passing test: SHOP-2")
	l.released(h, second, "sha256:two")
	want(t, l.dimensions(l.commit("a third"), h), "requirements", "warn the commits name none of 2 requirements")
}

// TestShallow: history that is not in the clone is missing, and never none.
func TestShallow(t *testing.T) {
	l := newLab(t)
	first := l.commit("one", ".goldenpath.yml", app, "docs/all.md", "| SHOP-1 | adds |\n", "db/001.sql", "CREATE TABLE votes(id int);")
	l.commit("SHOP-9: hidden", "db/002.sql", "DROP TABLE votes;")
	l.commit("three")
	l.commit("four")
	for depth, rows := range map[int]map[string]string{
		1: {"requirements": "missing ", "migrations": "missing "},
		2: {"requirements": "missing ", "migrations": "missing "},
		3: {"requirements": "missing ", "migrations": "missing "}, // the release itself is not in the clone
		4: {"requirements": "fail named in commits, but not defined: SHOP-9", "migrations": "warn irreversible"},
	} {
		t.Run(fmt.Sprint(depth), func(t *testing.T) {
			c := l.clone(fmt.Sprintf("--depth=%d", depth))
			h := c.history()
			c.released(h, first, "sha256:one")
			got := c.dimensions(c.head(), h)
			for name, prefix := range rows {
				want(t, got, name, prefix)
			}
		})
	}
}

// TestPullRequest: in a repository that releases nothing, the commits of a pull request
// are those that GitHub's merge commit adds to the base.
func TestPullRequest(t *testing.T) {
	l := newLab(t)
	l.commit("SHOP-66: of the base", "docs/all.md", "| SHOP-1 | adds |\n", "db/001.sql", "DROP TABLE old;")
	l.git("switch", "-qc", "f")
	l.commit("SHOP-1: adds", "x", "x")
	tip := l.commit("SHOP-77: pays", "db/002.sql", "CREATE TABLE a(id int);")
	l.git("switch", "-q", "main")
	base := l.head()
	l.git("merge", "-q", "--no-ff", "f", "-m", fmt.Sprintf("Merge %s into %s", tip.ID, base.ID))

	rows := l.dimensions(l.head(), nil)
	want(t, rows, "requirements", "fail named in commits, but not defined: SHOP-77")
	if strings.Contains(rows["requirements"], "SHOP-66") {
		t.Errorf("the base's own commits are counted: %q", rows["requirements"])
	}
	want(t, rows, "migrations", "pass expand (1 file: 002.sql)")
	want(t, rows, "rollback", "not-applicable ")

	c := l.clone("--depth=1")
	rows = c.dimensions(c.head(), nil)
	want(t, rows, "requirements", "missing ")
	want(t, rows, "migrations", "missing ")

	c = l.clone("--depth=2") // the merge and its parents, with one commit cut off behind the tip
	want(t, c.dimensions(c.head(), nil), "requirements", "fail named in commits, but not defined: SHOP-77")
}

func TestFirstCommit(t *testing.T) {
	l := newLab(t)
	want(t, l.dimensions(l.commit("SHOP-2", "docs/all.md", "| SHOP-1 | adds |\n"), nil), "requirements", "fail named in commits, but not defined: SHOP-2")
}

// TestUnreadableLedger: a ledger that cannot be read is not an empty one.
func TestUnreadableLedger(t *testing.T) {
	l := newLab(t)
	c := l.commit("one", ".goldenpath.yml", app, "docs/all.md", "| SHOP-1 | adds |\n")
	h := l.history()
	h.Ledger.Remote = filepath.Join(t.TempDir(), "none")
	rows := l.dimensions(c, h)
	for _, name := range []string{"requirements", "migrations", "rollback"} {
		want(t, rows, name, "missing ")
	}
}

// TestPrevious: a candidate is compared with the release before it, also when it is
// the current release, or the current one is a rollback to it.
func TestPrevious(t *testing.T) {
	l := newLab(t)
	first := l.commit("one", ".goldenpath.yml", app)
	h := l.history()
	if got := NewCandidate(t.Context(), first, parse(t, app), h, ""); !cmp.Equal(previous(t, got), "none") {
		t.Errorf("first release: previous %s", previous(t, got))
	}
	one := l.released(h, first, "sha256:one")
	second := l.commit("two")
	for _, current := range []string{"before", "after"} {
		if got := NewCandidate(t.Context(), second, parse(t, app), h, "sha256:two"); previous(t, got) != one {
			t.Errorf("%s its release: previous %s, want %s", current, previous(t, got), one)
		}
		l.released(h, second, "sha256:two")
	}
}

// previous is the release that the scorecard names.
func previous(t *testing.T, c Candidate) string {
	t.Helper()
	r, err := scorecard.Grade(scorecard.Options{Dir: t.TempDir(), Environment: c.Environment, Previous: c.Previous})
	if err != nil {
		t.Fatal(err)
	}
	for _, check := range r.Checks {
		if check.Name != "rollback" {
			continue
		}
		if check.State == report.NotApplicable {
			return "none"
		}
		for word := range strings.FieldsSeq(check.Result) {
			if strings.HasPrefix(word, "2026.") {
				return strings.TrimSuffix(word, ",")
			}
		}
	}
	return "?"
}

func TestManifest(t *testing.T) {
	l := newLab(t)
	c := l.commit("one", ".goldenpath.yml", app,
		"db/001_first.sql", "x", "db/010_größe.sql", "x", "db/002.sql", "x", "db/notes.txt", "x", "db/sub/999.sql", "x",
		"flags/a.json", "{}", "flags/deep/b.json", "{}", "flags/README.md", "x",
		"prompts/vote-v1.md", "---\nmodel: chat-large\nmodel-version: chat-large-2026-09-15\n---\n", "prompts/plain.md", "Model: tiny\n", "prompts/README.md", "model: none")
	l.write("flags/a.json", `{"changed": "in the working tree"}`)
	m, err := c.Manifest(t.Context(), parse(t, app), "production")
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`{"version":%q,"migration":"010_größe","prompts":{"plain.md":%q,"vote-v1.md":%q},"models":{"plain.md":"tiny","vote-v1.md":"chat-large-2026-09-15"},"flags":{"a.json":%q},"env":["LIMIT","MODE"],"config":%q,"evidence":null,"url":""}`,
		c.ID[:7], sha([]byte("Model: tiny\n")), sha([]byte("---\nmodel: chat-large\nmodel-version: chat-large-2026-09-15\n---\n")), sha([]byte("{}")), sha([]byte(app)))
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}

// TestPromoteOptions: GP-PROM-4, every promotion gets the manifest of the image's
// commit, wherever the checkout is.
func TestPromoteOptions(t *testing.T) {
	l := newLab(t)
	j, digest := l.packed("one")
	l.commit("two", "flags/new.json", "{}")
	o, err := PromoteOptions(t.Context(), l.repo, "", j.Config, j.Image, "production", digest)
	if err != nil {
		t.Fatal(err)
	}
	if o.Manifest.Version != j.Commit.ID[:7] || o.Manifest.Flags["new.json"] != "" || o.Manifest.Config != sha([]byte(app)) || o.Digest != digest {
		t.Errorf("%+v", o)
	}
	names := make([]string, 0, len(o.Require))
	for _, r := range o.Require {
		names = append(names, r.Name)
	}
	if diff := cmp.Diff([]string{"provenance", "tests", "security-gate", "scorecard", "battery on staging"}, names); diff != "" {
		t.Error(diff)
	}
	if o, err := PromoteOptions(t.Context(), l.repo, "", j.Config, j.Image, "staging", "sha256:"+strings.Repeat("0", 64)); err != nil || o.Manifest.Version != "" {
		t.Errorf("an image that does not exist: %+v, %v", o.Manifest, err)
	}
	// A clone without the commit cannot list what the release consists of.
	shallow := l.clone("--depth=1")
	if _, err := PromoteOptions(t.Context(), shallow.repo, "", j.Config, j.Image, "staging", digest); err == nil || !strings.Contains(err.Error(), "fetch-depth: 0") {
		t.Errorf("a shallow clone: %v", err)
	}
	if _, err := PromoteOptions(t.Context(), l.repo, "", j.Config, j.Image, "moon", digest); err == nil || !strings.Contains(err.Error(), "staging, production") {
		t.Errorf("an unknown environment: %v", err)
	}
}

// TestTooManyCommits: what lies beyond the bound is missing, and what is within it
// still counts.
func TestTooManyCommits(t *testing.T) {
	l := newLab(t)
	l.commit("one")
	l.commit("two")
	c := l.commit("three")
	for most, missing := range map[int]bool{2: true, 3: false} {
		rows := map[string]string{}
		l.write("docs/all.md", "| SHOP-1 | adds |")
		r, err := scorecard.Grade(scorecard.Options{Dir: l.repo.Dir(), Requirements: "docs", Messages: c.messages(t.Context(), "", most)})
		if err != nil {
			t.Fatal(err)
		}
		for _, check := range r.Checks {
			rows[check.Name] = string(check.State) + " " + check.Result
		}
		if got := strings.Contains(rows["requirements"], "only 2 of 3 commits were read"); got != missing {
			t.Errorf("bound %d: %q", most, rows["requirements"])
		}
	}
}
