package workflow

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/seed-b235b314/goldenpath/internal/gate"
	"github.com/seed-b235b314/goldenpath/internal/gate/gatetest"
	"github.com/seed-b235b314/goldenpath/internal/gate/origin"
	"github.com/seed-b235b314/goldenpath/internal/git"
	"github.com/seed-b235b314/goldenpath/internal/report"
)

// upstream is a server with the repository some/action, and its commits by name:
//
//	one     v3.0.0, codeql-bundle-v2.20.0
//	two     v4.0.0, annotated
//	three   v4.1.0, v4.1.0-rc.1, v4, sub/v7.0.0; branch main is its child
//	main    branch main; its child is the branch v4
//	old     on the branch release, before its tip
//	pull    only in refs/pull/1/head, as a commit of a fork
type upstream struct {
	origin *origin.Repositories
	id     map[string]string
}

func newUpstream(t *testing.T) upstream {
	t.Helper()
	dir := t.TempDir()
	work := filepath.Join(dir, "some", "action")
	if err := os.MkdirAll(work, 0o755); err != nil {
		t.Fatal(err)
	}
	const when = "2025-01-02T03:04:05Z"
	repo := git.Own(work).WithEnv("GIT_CONFIG_GLOBAL="+os.DevNull, "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_AUTHOR_DATE="+when,
		"GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com", "GIT_COMMITTER_DATE="+when)
	do := func(line string) string {
		t.Helper()
		out, err := repo.Run(t.Context(), strings.Fields(line)...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	u := upstream{&origin.Repositories{Server: "file://" + dir}, map[string]string{}}
	commit := func(name string) {
		do("commit -q --allow-empty -m " + name)
		u.id[name] = do("rev-parse HEAD")
	}
	do("init -q -b main")
	do("config uploadpack.allowFilter true")
	commit("one")
	do("tag v3.0.0")
	do("tag codeql-bundle-v2.20.0")
	commit("two")
	do("tag -a -m x v4.0.0")
	u.id["tag"] = do("rev-parse v4.0.0")
	commit("three")
	for _, tag := range []string{"v4.1.0", "v4.1.0-rc.1", "v4", "sub/v7.0.0"} {
		do("tag " + tag)
	}
	commit("main")
	do("checkout -q -b v4")
	commit("tip")
	do("checkout -q -b release")
	commit("old")
	commit("new")
	do("checkout -q --detach main")
	commit("pull")
	do("update-ref refs/pull/1/head HEAD")
	do("checkout -q main")
	return u
}

func (u upstream) scan(t *testing.T, dir string, offline bool) gate.Result {
	t.Helper()
	in := inputOf(t, dir)
	in.Offline = offline
	res, err := Scanner{Origin: u.origin}.Scan(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return res
}

// TestLookUp: GP-GATE-13, what only the repository of an action can tell.
func TestLookUp(t *testing.T) {
	u := newUpstream(t)
	if u.id["three"] != releasedCommit {
		t.Fatalf("v4.1.0 is %s, which the examples in rules.go must have", u.id["three"])
	}
	rules := []string{"impostor-commit", "ref-confusion", "ref-version-mismatch"}
	for _, tt := range []struct{ name, uses, want string }{
		{"tip of a tag", "some/action@{three}", ""},
		{"commit of an annotated tag", "some/action@{two}", ""},
		{"id of an annotated tag", "some/action@{tag} # v4.0.0", ""},
		{"tip of a branch", "some/action@{tip}", ""},
		{"before the tip of main", "some/action@{main}", ""},
		{"before the tip of another branch", "Some/Action/sub@{old}", ""},
		{"capital letters", "some/action@{THREE} # v4.1.0", ""},
		{"pull request", "some/action@{pull}", "impostor-commit high"},
		{"unknown commit", "some/action@" + sha, "impostor-commit high"},
		{"branch and tag", "some/action@v4", "ref-confusion medium"},
		{"tag", "some/action@v4.1.0", ""},
		{"branch", "some/action@main", ""},
		{"another case than the branch", "some/action@V4", ""},
		{"full name", "some/action@refs/tags/v4", ""},

		{"version", "some/action@{three} # v4.1.0", ""},
		{"version without v", "some/action@{three} # 4.1.0", ""},
		{"version of a part", "some/action/sub@{three} # v7.0.0", ""},
		{"named as a tag", "some/action@{three} # tag=v4.1.0", ""},
		{"with a date", "some/action@{two} # v4.0.0 (2024-01-01)", ""},
		{"moving tag", "some/action@{three} # v4", ""},
		{"moving tag that moved on", "some/action@{two} # v4", ""},
		{"moving tag, no release", "some/action@{main} # v4", ""},
		{"moving tag of two numbers", "some/action@{three} # v4.1", ""},
		{"candidate", "some/action@{three} # v4.1.0-rc.1", ""},
		{"version of a bundle", "some/action@{one} # v2.20.0", ""},
		{"unknown version", "some/action@{three} # v9.9.9", ""},
		{"prose", "some/action@{one} # v4.1.0 is broken, stay here", ""},
		{"number in prose", "some/action@{one} # 10 minutes", ""},
		{"no version", "some/action@{one} # the checkout", ""},
		{"other version", "some/action@{two} # v4.1.0", "ref-version-mismatch medium"},
		{"other version, with a note", "some/action@{two} # tag=v4.1.0 (2024-01-01)", "ref-version-mismatch medium"},
		{"version of a commit without one", "some/action@{main} # v4.1.0", "ref-version-mismatch medium"},
		{"other candidate", "some/action@{two} # v4.1.0-rc.1", "ref-version-mismatch medium"},
		{"other moving tag", "some/action@{one} # v4", "ref-version-mismatch medium"},
		{"moving tag beside a bundle", "some/action@{one} # v3", ""},
		{"forged release", "some/action@{pull} # v4.1.0", "impostor-commit high, ref-version-mismatch medium"},
		{"image", "docker://some/action@{pull}", ""},
		{"local", "./some/action", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			uses := tt.uses
			for name, id := range u.id {
				uses = strings.NewReplacer("{"+name+"}", id, "{"+strings.ToUpper(name)+"}", strings.ToUpper(id)).Replace(uses)
			}
			call, comment, _ := strings.Cut(uses, " #")
			for _, text := range []string{steps("push", "      - uses: "+uses+"\n"), "on: push\npermissions: {}\njobs:\n  a:\n    uses: " + call + " #" + comment + "\n"} {
				dir := gatetest.Write(t, map[string]string{".github/workflows/w.yml": text})
				for _, offline := range []bool{true, false} {
					var got []string
					for _, f := range u.scan(t, dir, offline).Findings {
						if slices.Contains(rules, f.Rule) {
							got = append(got, f.Rule+" "+string(f.Severity))
						}
					}
					want := tt.want
					if offline {
						want = ""
					}
					if s := strings.Join(got, ", "); s != want {
						t.Errorf("offline %v: found %q, want %q in\n%s", offline, s, want, text)
					}
				}
			}
		})
	}
}

// One finding has all places of a reference in a file, and replaces what the files alone
// say about it.
func TestLookUpPlaces(t *testing.T) {
	u := newUpstream(t)
	bad, good := "      - uses: some/action@"+u.id["two"]+" # v4.1.0\n", "      - uses: some/action@"+u.id["three"]+" # v4.1.0\n"
	dir := gatetest.Write(t, map[string]string{".github/workflows/w.yml": steps("push", bad+bad+good)})
	var got []report.Finding
	for _, f := range u.scan(t, dir, false).Findings {
		if f.Rule == "ref-version-mismatch" && f.Severity == report.Medium {
			got = append(got, f)
		} else if f.Rule == "ref-version-mismatch" && f.At.Line < 10 {
			t.Errorf("line %d has %s as well", f.At.Line, f.Message)
		}
	}
	if len(got) != 1 || got[0].At.Line != 8 || len(got[0].Also) != 1 || got[0].Also[0].Line != 9 {
		t.Fatalf("%+v", got)
	}
	if want := "the comment says v4.1.0 of some/action, but that tag is commit " + u.id["three"][:12] + ", and this one is v4.0.0"; got[0].Message != want {
		t.Errorf("%s", got[0].Message)
	}
}

// The row states what was looked up and what was not, and that never is a gap.
func TestLookUpRow(t *testing.T) {
	u := newUpstream(t)
	text := steps("push", "      - uses: some/action@v4.1.0\n      - uses: some/private@v1\n      - uses: 'so me/x@v1'\n      - uses: ./local\n")
	dir := gatetest.Write(t, map[string]string{".github/workflows/w.yml": text})
	for offline, want := range map[bool]string{
		true:  "1 workflow; 3 repositories of actions not looked up on GitHub: the scan is offline",
		false: "1 workflow; 1 repository of actions looked up on GitHub; not looked up: some/private (",
	} {
		res := u.scan(t, dir, offline)
		if !strings.HasPrefix(res.Covered, want) || !offline && !strings.HasSuffix(res.Covered, "; not looked up: so me/x (this is not the name of a repository)") || len(res.Missing) > 0 {
			t.Errorf("offline %v: covered %s, missing %v", offline, res.Covered, res.Missing)
		}
	}
	if got := scan(t, dir).Covered; got != "1 workflow" {
		t.Errorf("without Origin: %s", got)
	}
}

// What GitHub says only adds findings: those of the files stay.
func TestLookUpAddsOnly(t *testing.T) {
	u := newUpstream(t)
	dir := gatetest.Write(t, map[string]string{".github/workflows/w.yml": steps("pull_request_target", "      - uses: some/action@v4\n      - uses: some/action@"+sha+"\n      - run: echo ${{ github.head_ref }}\n")})
	before := lines(u.scan(t, dir, true))
	after := slices.DeleteFunc(lines(u.scan(t, dir, false)), func(s string) bool { return !slices.Contains(before, s) })
	if diff := cmp.Diff(before, after); diff != "" {
		t.Error(diff)
	}
}
